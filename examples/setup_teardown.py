"""Setup and teardown: data that is made once, given to every VU as `vu.data`, and taken away at the end.

    tonnage demo serve --port 8080
    tonnage run examples/setup_teardown.py --base-url http://127.0.0.1:8080

What setup returns must be JSON data; each VU gets a copy of its own.
"""

from tonnage import scenario, setup, teardown

thresholds = {"checks": ["rate>0.99"]}


@setup
async def find_items(vu):
    answer = await vu.http.get("/items", name="load catalogue")
    return {"skus": [item["sku"] for item in answer.json()["items"]]}


@scenario(vus=5, duration="10s")
async def order(vu):
    sku = vu.rng.choice(vu.data["skus"])
    created = await vu.http.post("/orders", json={"sku": sku}, name="place order")
    vu.check(created, {"the sku comes back": lambda r: r.json()["sku"] == sku})
    await vu.sleep(0.2)


@teardown
async def leave(vu):
    await vu.http.delete("/orders", name="clear orders")
