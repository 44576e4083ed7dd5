"""Metrics of your own: one of each kind, with tags and thresholds.

    tonnage demo serve --port 8080
    tonnage run examples/custom_metrics.py --base-url http://127.0.0.1:8080

`add` works where a VU runs; the tags of an added value, such as `sku`, can be named by a threshold.
"""

from tonnage import Counter, Gauge, Rate, Trend, scenario

orders = Counter("orders")  # a sum
stock = Gauge("stock")  # the last value, the least and the greatest
cheap = Rate("cheap_items")  # how often it was true
price = Trend("price")  # a distribution of plain numbers
render = Trend("render_time", is_time=True)  # a distribution of times, added in milliseconds

thresholds = {"orders": ["count>0"], "cheap_items": ["rate>=0.3"], "price": ["p(95)<20"], "render_time": ["avg<1s"]}


@scenario(vus=2, duration="10s")
async def shop(vu):
    page = await vu.http.get("/items", name="list items")
    items = page.json()["items"]
    stock.add(len(items))
    for item in items:
        price.add(item["price"], {"sku": item["sku"]})
        cheap.add(item["price"] < 5)
    render.add(page.timings["waiting"] + 2.5)
    order = await vu.http.post("/orders", json={"sku": items[0]["sku"]}, name="place order")
    if order.status == 201:
        orders.add(1)
    await vu.sleep(0.2)
