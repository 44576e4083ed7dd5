"""A coroutine that waits; with STATE=worked it has done before what an iteration does."""


async def default(vu):
    if vu.env["STATE"] == "worked":
        response = await vu.http.get("/")
        vu.check(response, {"status is 200": lambda r: r.status == 200})
        vu.rng.random()
    await vu.sleep(3600)
