"""One request, one check, by Locust's fastest client."""

from locust import FastHttpUser, task


class Asker(FastHttpUser):
    @task
    def ask(self):
        if self.client.get("/").status_code != 200:
            raise RuntimeError("status is not 200")
