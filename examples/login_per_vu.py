"""Each VU logs in once, before its first iteration, and keeps its cookies and its token.

    tonnage demo serve --port 8080
    tonnage run examples/login_per_vu.py --base-url http://127.0.0.1:8080

Every VU has a cookie jar of its own, which lives as long as the VU. Attributes that a script sets stay as well.
"""

from tonnage import scenario, start, stop

thresholds = {"checks": ["rate>0.99"]}


@start
async def log_in(vu):
    await vu.http.get(f"/cookies/set?session=user-{vu.id}", name="log in")
    vu.token = f"token-{vu.id}"


@scenario(vus=5, duration="10s")
async def browse(vu):
    seen = await vu.http.get("/cookies", name="who am I")
    vu.check(seen, {"the session is mine": lambda r: r.json()["cookies"].get("session") == f"user-{vu.id}"})
    await vu.http.get("/items", headers={"Authorization": f"Bearer {vu.token}"}, name="list items")
    await vu.sleep(0.2)


@stop
async def log_out(vu):
    await vu.http.get("/cookies/set?session=none", name="log out")
