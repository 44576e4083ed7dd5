"""Closed load: a fixed number of users, each of which starts over when it is done.

    tonnage demo serve --port 8080 --workers 4 --service-time 20ms
    tonnage run examples/closed.py --base-url http://127.0.0.1:8080

A slow service slows these users down too: the rate of requests falls with it, and nobody queues.
"""

from tonnage import scenario

thresholds = {"http_req_duration": ["p(95)<250ms"]}


@scenario(vus=10, duration="20s")
async def browse(vu):
    page = await vu.http.get("/items", name="list items")
    vu.check(page, {"status is 200": lambda r: r.status == 200})
    await vu.sleep(vu.rng.uniform(0.2, 0.8))
