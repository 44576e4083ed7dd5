"""Stages: a rate of arrivals that rises, holds and falls, beside a number of VUs that does the same.

    tonnage demo serve --port 8080 --workers 8 --service-time 20ms --distribution exponential
    tonnage run examples/stages.py --base-url http://127.0.0.1:8080
    tonnage inspect examples/stages.py --base-url http://127.0.0.1:8080 --explain

The last one sends nothing: it shows the load over time.
"""

from tonnage import ramping_arrival_rate, ramping_vus, scenario

thresholds = {
    "http_req_response_time{scenario:visitors}": ["p(95)<300ms"],
    "http_req_duration{scenario:clerks}": ["p(95)<300ms"],
}


@scenario(ramping_arrival_rate([("10s", 50), ("20s", 50), ("10s", 0)], pre_allocated_vus=10, max_vus=200))
async def visitors(vu):
    await vu.http.get("/items", name="list items")


@scenario(ramping_vus([("10s", 5), ("20s", 5), ("10s", 0)], start_vus=1), start_time="2s")
async def clerks(vu):
    await vu.http.post("/orders", json={"sku": f"sku-{vu.id}"}, name="place order")
    await vu.sleep(0.5)
