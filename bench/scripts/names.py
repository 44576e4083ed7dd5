"""Requests under NAMES names, each as often as any other."""


async def default(vu):
    name = f"item {vu.rng.randrange(int(vu.env['NAMES']))}"
    response = await vu.http.get("/", name=name)
    vu.check(response, {"status is 200": lambda r: r.status == 200})
