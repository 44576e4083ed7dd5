"""A plain function that waits; with ASK=1 it makes one request before, so that it holds a connection."""


def default(vu):
    if "ASK" in vu.env:
        vu.http.get("/")
    vu.sleep(3600)
