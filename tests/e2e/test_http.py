"""Requests of scripts: what is sent, what comes back, and what is measured of it."""

import time

import pytest
from tests import sut

ONE = "@scenario(vus=1, iterations=1)"


def script(*lines, kind="async def", head=ONE):
    """A script of one iteration; its lines may keep what they see in `seen`."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"seen = []\n\n{head}\n{kind} work(vu):\n{body}"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_every_method_gives_an_answer(make, demo, method):
    made = make(script(f"seen.append((await vu.http.{method}('/')).status)"), demo.url)
    assert made["seen"] == [200]
    assert made.count("http_reqs", method=method.upper(), name="/") == 1


def test_a_method_may_be_given_by_name(make, demo):
    made = make(script("seen.append((await vu.http.request('GET', '/items')).json()['items'][0]['sku'])"), demo.url)
    assert made["seen"] == ["a-1"]


def test_a_head_request_has_headers_and_no_body(make, demo):
    lines = (
        "r = await vu.http.head('/bytes/1000')",
        "seen.append((r.status, r.headers['content-length'], r.body))",
        "seen.append((await vu.http.get('/items')).status)",
    )
    made = make(script(*lines), demo.url)
    assert made["seen"] == [(200, "1000", b""), 200]


@pytest.mark.parametrize(("path", "expected"), [("/gzip", True), ("/deflate", True)])
def test_compressed_bodies_are_decoded(make, demo, path, expected):
    made = make(script(f"seen.append((await vu.http.get({path!r})).json()['compressed'])"), demo.url)
    assert made["seen"] == [expected]


@pytest.mark.parametrize("path", ["/bytes/300000", "/chunked/300000", "/chunked/0", "/chunked/1"])
def test_bodies_of_any_length_and_framing_arrive_whole(make, demo, path):
    made = make(script(f"seen.append(len((await vu.http.get({path!r})).body))"), demo.url)
    assert made["seen"] == [int(path.rpartition("/")[2])]


def test_json_forms_texts_and_bytes_are_sent_as_such(make, demo):
    lines = [
        "for options in ({'json': {'a': [1, None, 'é']}}, {'data': {'a': '1 2', 'b': '&'}}, {'data': 'text'}, {'data': bytes([0, 255])}):",
        "    sent = await vu.http.post('/headers', **options)",
        "    echo = await vu.http.post('/echo', **options)",
        "    headers = {k.lower(): v for k, v in sent.json()['headers'].items()}",
        "    seen.append((headers.get('content-type'), echo.body))",
    ]
    made = make(script(*lines), demo.url)
    assert made["seen"] == [
        ("application/json", b'{"a": [1, null, "\\u00e9"]}'),
        ("application/x-www-form-urlencoded", b"a=1+2&b=%26"),
        (None, b"text"),
        (None, b"\x00\xff"),
    ]


def test_headers_params_auth_and_cookies_are_sent(make, demo):
    lines = [
        "r = await vu.http.get('/headers', params={'q': 'a b', 'n': 1}, headers={'X-One': '1'}, auth=('me', 'pw'), cookies={'c': '1'})",
        "seen.append(({k.lower(): v for k, v in r.json()['headers'].items()}, r.url))",
    ]
    made = make(script(*lines), demo.url, headers={"X-All": ["2"]})
    headers, url = made["seen"][0]
    assert (headers["x-one"], headers["x-all"], headers["cookie"]) == ("1", "2", "c=1")
    assert headers["authorization"] == "Basic bWU6cHc="
    assert url.endswith("/headers?q=a+b&n=1")


def test_an_unknown_option_of_a_request_is_an_error_that_lists_the_known_ones(make, demo):
    made = make(script("await vu.http.get('/', paramz={})"), demo.url)
    assert "a request has no option paramz; it has name, params" in made.events("script_error")[0]


def test_redirects_are_followed_and_each_hop_is_a_request(make, demo):
    lines = [
        "r = await vu.http.get('/redirect/3')",
        "seen.append((r.status, r.redirects, r.url))",
        "r = await vu.http.get('/redirect/3', redirects=0)",
        "seen.append((r.status, r.redirects, r.headers['location']))",
    ]
    made = make(script(*lines), demo.url)
    assert made["seen"] == [(200, 3, f"{demo.url}/"), (302, 0, "/redirect/2")]
    assert made.count("http_reqs") == 5
    assert made.count("http_reqs", status="302") == 4


def test_a_redirect_loop_ends(make):
    with sut.redirect_loop() as server:
        made = make(script("r = await vu.http.get('/')", "seen.append((r.status, r.error))"), server.url)
    status, error = made["seen"][0]
    assert status == 0
    assert "redirect" in error
    assert made.count("http_reqs") <= 12


def test_a_redirect_to_the_metadata_of_a_cloud_is_not_followed(make):
    with sut.redirect_to_metadata() as server:
        made = make(script("r = await vu.http.get('/')", "seen.append((r.status, r.error))"), server.url)
    assert made["seen"][0][0] == 0
    assert made.count("http_req_errors") == 1


@pytest.mark.parametrize(("kind", "wait"), [("async def", "await "), ("def", "")])
def test_cookies_stay_with_their_vu(make, demo, kind, wait):
    lines = [
        "if vu.iteration == 0:",
        f"    {wait}vu.http.get(f'/cookies/set?who=vu{{vu.id}}')",
        f"seen.append((vu.id, ({wait}vu.http.get('/cookies')).json()['cookies']))",
    ]
    made = make(script(*lines, kind=kind, head="@scenario(per_vu_iterations(2, 2))"), demo.url)
    assert sorted(made["seen"], key=str) == [(1, {"who": "vu1"})] * 2 + [(2, {"who": "vu2"})] * 2


def test_the_statuses_that_are_expected_decide_what_failed(make, demo):
    lines = [
        "await vu.http.get('/status/404', name='a')",
        "await vu.http.get('/status/404', name='b', expect=404)",
        "await vu.http.get('/status/204', name='c', expect=[200, (300, 399)])",
        "await vu.http.get('/status/301', name='d', expect=[200, (300, 399)])",
    ]
    made = make(script(*lines), demo.url)
    assert [made.rate("http_req_failed", name=name).hits for name in "abcd"] == [1, 0, 1, 0]
    assert made.count("http_reqs", name="a", status="404", expected_response="false", error_code="1404") == 1
    assert made.count("http_reqs", name="b", status="404", expected_response="true") == 1
    # An answer is an answer: its latency counts whatever its status is.
    assert made.trend("http_req_duration").count == 4


def test_names_and_tags_label_the_series_and_the_url_does_not(make, demo):
    lines = ["for n in range(5):", "    await vu.http.get(f'/items/{n}', name='item', tags={'page': n % 2})"]
    made = make(script(*lines), demo.url, tags={"run": "x"})
    assert made.count("http_reqs", name="item", page="0", run="x", scenario="work") == 3
    assert {series.tag.get("url") for series in made.run.total.counters} == {None}


def test_answers_say_how_their_time_was_spent(make, demo):
    lines = [
        "for _ in range(2):",
        "    r = await vu.http.get('/delay/50')",
        "    seen.append((r.timings, r.elapsed))",
    ]
    made = make(script(*lines), demo.url)
    (first, elapsed), (second, _) = made["seen"]
    assert first["waiting"] >= 50
    assert first["duration"] == pytest.approx(first["sending"] + first["waiting"] + first["receiving"], abs=0.01)
    assert first["connecting"] > 0
    assert second["connecting"] == second["blocked"] == 0
    assert elapsed == pytest.approx(first["duration"] / 1000)
    for phase in ("blocked", "connecting", "sending", "waiting", "receiving"):
        assert made.trend(f"http_req_{phase}", name="/delay/50").count == 2
    assert made.trend("http_req_waiting").minimum().lower >= 0.050


def test_a_request_that_is_given_up_is_an_error_and_a_censored_sample_of_both_latencies(make, demo):
    lines = ["r = await vu.http.get('/hang', timeout=0.2)", "seen.append((r.status, r.error_code, r.error, r.body))"]
    began = time.monotonic()
    made = make(script(*lines), demo.url)
    assert time.monotonic() - began < 10
    assert made["seen"][0][:2] == (0, 1050)
    assert "time" in made["seen"][0][2]
    assert made.count("http_req_errors", error_code="1050") == 1
    assert made.rate("http_req_failed").hits == 1
    for metric in ("http_req_duration", "http_req_response_time"):
        trend = made.trend(metric)
        assert (trend.complete.count, trend.censored.count) == (0, 1)
        assert trend.quantile(0.5).lower == pytest.approx(0.2, abs=0.1)
        assert trend.quantile(0.5).upper == float("inf")


@pytest.mark.parametrize(("path", "code"), [("/drop", None), ("/reset", "1220")])
def test_broken_connections_are_errors_of_their_kind_and_no_latencies(make, demo, path, code):
    made = make(script(f"r = await vu.http.get({path!r})", "seen.append((r.status, r.error_code))"), demo.url)
    status, given = made["seen"][0]
    assert status == 0
    assert given in ({int(code)} if code else {1000, 1201, 1220})
    assert made.trend("http_req_duration").count == made.trend("http_req_response_time").count == 0
    assert made.trend("http_req_error_duration").count == 1


def test_a_refused_connection_has_its_code(make):
    with sut.Refuser() as nobody:
        made = make(script("seen.append((await vu.http.get('/')).error_code)"), nobody.url)
    assert made["seen"] == [1212]


def test_a_name_that_is_not_known_has_its_code(make):
    made = make(script("r = await vu.http.get('http://nobody.invalid/')", "seen.append((r.error_code, r.error))"))
    code, error = made["seen"][0]
    # A machine without any resolver says so in general words.
    assert code in {1101, 1100}
    assert "nobody.invalid" in error


def test_a_kept_connection_that_the_server_has_closed_is_retried_once_and_counted(make):
    def answer_once_then_leave(peer):
        peer.request()
        peer.send(sut.base.ANSWER)
        peer.request()  # the second request is read, and the connection closed without a byte

    lines = ["for _ in range(3):", "    seen.append((await vu.http.get('/')).status)"]
    with sut.Server(answer_once_then_leave) as server:
        made = make(script(*lines), server.url)
        assert server.accepted == 3
    assert made["seen"] == [200, 200, 200]
    assert made.count("http_reconnects") == 2
    assert made.count("http_reqs") == 3


def test_a_request_that_changes_something_is_not_sent_twice(make):
    def answer_once_then_leave(peer):
        peer.request()
        peer.send(sut.base.ANSWER)
        peer.request()

    lines = ["for _ in range(2):", "    seen.append((await vu.http.post('/')).status)"]
    with sut.Server(answer_once_then_leave) as server:
        made = make(script(*lines), server.url)
    assert made["seen"] == [200, 0]
    assert made.count("http_reconnects") == 0


def test_connections_are_kept_unless_reuse_is_turned_off(make, demo):
    lines = ["for _ in range(4):", "    await vu.http.get('/')"]
    before = demo.stats().connections
    make(script(*lines), demo.url)
    between = demo.stats().connections
    make(script(*lines), demo.url, no_connection_reuse=True)
    assert (between - before, demo.stats().connections - between) == (1, 4)


def test_bodies_may_be_discarded(make, demo):
    made = make(script("seen.append((await vu.http.get('/bytes/5000')).body)"), demo.url, discard_bodies=True)
    assert made["seen"] == [b""]
    assert made.count("data_received") > 5000


def test_hosts_outside_of_the_targets_are_refused_before_anything_is_sent(make, demo):
    lines = ["r = await vu.http.get('http://127.0.0.2:1/')", "seen.append((r.status, r.error_code))"]
    made = make(script(*lines), demo.url, targets=[f"127.0.0.1:{demo.port}"])
    assert made["seen"] == [(0, 1111)]


@pytest.mark.parametrize(
    "server",
    [sut.endless_headers, sut.informational_flood, sut.bad_chunk_length, sut.odd_header, sut.half_close, sut.resetter],
)
def test_hostile_answers_are_errors_and_the_run_goes_on(make, server):
    lines = ["r = await vu.http.get('/', timeout=5)", "seen.append((r.status, r.error))"]
    with server() as hostile:
        made = make(script(*lines, head="@scenario(vus=1, iterations=2)"), hostile.url)
    assert [status for status, _ in made["seen"]] == [0, 0]
    assert all(error for _, error in made["seen"])
    assert made.count("http_req_errors") == 2
    assert made.verdict.outcome == "completed"


def test_a_body_that_unpacks_to_a_thousand_times_its_size_is_refused(make):
    lines = [
        "r = await vu.http.get('/')",
        "try:",
        "    r.body",
        "except ValueError as error:",
        "    seen.append(str(error))",
    ]
    with sut.gzip_bomb(64 << 20) as bomb:
        made = make(script(*lines), bomb.url)
    assert len(made["seen"]) == 1


def test_an_answer_that_comes_byte_by_byte_is_one_answer(make):
    with sut.dripper(pause=0.001) as slow:
        made = make(script("seen.append((await vu.http.get('/')).text)"), slow.url)
    assert made["seen"] == ["ok"]
    assert made.trend("http_req_receiving").minimum().lower >= 0.01
