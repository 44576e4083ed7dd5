"""A first load test: two scenarios against the demo service, about 30 seconds.

    tonnage demo serve --port 8080 --service-time 20ms --distribution exponential
    tonnage run examples/quickstart.py --base-url http://127.0.0.1:8080

`browse` is open: iterations start at a rate, whether or not earlier ones have ended, as visitors do.
`checkout` is closed: a fixed number of VUs, each of which starts over when it is done.
"""

from tonnage import Trend, ramping_arrival_rate, scenario

items_seen = Trend("items_seen")

thresholds = {
    "http_req_response_time": ["p(95)<300ms"],
    "http_req_response_time{name:place order}": ["p(95)<500ms"],
    "http_req_failed": ["rate<1%"],
    "checks": ["rate>99%"],
}


@scenario(ramping_arrival_rate([("10s", 40), ("15s", 40), ("5s", 0)], pre_allocated_vus=10, max_vus=200))
async def browse(vu):
    page = await vu.http.get("/items", name="list items")
    vu.check(
        page, {"status is 200": lambda r: r.status == 200, "there are items": lambda r: len(r.json()["items"]) > 0}
    )
    items_seen.add(len(page.json()["items"]))
    await vu.sleep(vu.rng.uniform(0.1, 0.5))
    await vu.http.get(f"/items/{vu.rng.randrange(1000)}", name="show item")


@scenario(vus=5, duration="30s")
def checkout(vu):
    order = vu.http.post("/orders", json={"sku": f"sku-{vu.id}"}, name="place order")
    vu.check(order, {"order is created": lambda r: r.status == 201})
    vu.sleep(1)
