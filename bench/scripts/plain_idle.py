"""A plain function that waits; with STATE=worked it has done before what an iteration does."""


def default(vu):
    if vu.env["STATE"] == "worked":
        response = vu.http.get("/")
        vu.check(response, {"status is 200": lambda r: r.status == 200})
        vu.rng.random()
    vu.sleep(3600)
