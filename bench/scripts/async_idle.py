"""A coroutine that waits; with ASK=1 it makes one request before, so that it holds a connection."""


async def default(vu):
    if "ASK" in vu.env:
        await vu.http.get("/")
    await vu.sleep(3600)
