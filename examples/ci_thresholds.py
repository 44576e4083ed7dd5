"""Thresholds for CI: the run stops as soon as it is clear that it fails, and the exit code says what happened.

    tonnage demo serve --port 8080 --errors 0.2
    tonnage run examples/ci_thresholds.py --base-url http://127.0.0.1:8080 --json > summary.json

Exit code 0: every threshold held. 99: one failed. 111: the run cannot support a conclusion.
"""

from tonnage import constant_arrival_rate, scenario

thresholds = {
    "http_req_response_time": ["p(95)<300ms", "p(99)<1s"],
    "http_req_failed": [{"threshold": "rate<1%", "abort_on_fail": True, "delay_abort_eval": "5s"}],
    "checks{check:status is 200}": ["rate>99%"],
    "iterations": ["count>100"],
}


@scenario(constant_arrival_rate(50, "30s", pre_allocated_vus=10, max_vus=100))
async def browse(vu):
    page = await vu.http.get("/items", name="list items")
    vu.check(page, {"status is 200": lambda r: r.status == 200})
