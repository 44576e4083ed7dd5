"""A constant load, half of it by a coroutine and half by a plain function."""

import os

from tonnage import constant_arrival_rate, scenario

RATE, DURATION = float(os.environ["BENCH_RATE"]), os.environ["BENCH_DURATION"]


@scenario(constant_arrival_rate(RATE / 2, DURATION, pre_allocated_vus=50))
async def coroutine(vu):
    response = await vu.http.get("/", name="coroutine")
    vu.check(response, {"status is 200": lambda r: r.status == 200})


@scenario(constant_arrival_rate(RATE / 2, DURATION, pre_allocated_vus=50))
def plain(vu):
    response = vu.http.get("/", name="plain")
    vu.check(response, {"status is 200": lambda r: r.status == 200})
