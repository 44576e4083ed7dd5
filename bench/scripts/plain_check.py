"""A plain function: one request, one check."""


def default(vu):
    response = vu.http.get("/")
    vu.check(response, {"status is 200": lambda r: r.status == 200})
