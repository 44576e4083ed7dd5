"""A coroutine: one request, one check."""


async def default(vu):
    response = await vu.http.get("/")
    vu.check(response, {"status is 200": lambda r: r.status == 200})
