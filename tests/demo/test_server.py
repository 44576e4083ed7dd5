"""The demo service over real sockets: its routes, its connections, and the truth that it keeps."""

import gzip
import http.client
import json
import random
import socket
import threading
import time
import zlib
from contextlib import closing, contextmanager, suppress

import pytest

from tonnage.demo import DemoConfig, DemoServer


@pytest.fixture(scope="module")
def server():
    with DemoServer() as running:
        yield running


@contextmanager
def client(server):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    with closing(connection):
        yield connection


@contextmanager
def raw(server):
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        yield connection


def fetch(server, path, method="GET", body=None, headers=None):
    with client(server) as connection:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", ["/", "/nowhere", "/no/where?a=b"])
def test_any_path_greets_in_twenty_bytes(server, path):
    response, body = fetch(server, path)
    assert (response.status, len(body)) == (200, 20)


def test_the_items_are_a_list(server):
    response, body = fetch(server, "/items")
    assert response.headers["content-type"] == "application/json"
    assert [item["sku"] for item in json.loads(body)["items"]] == ["a-1", "b-2", "c-3"]


def test_an_order_gives_back_its_sku(server):
    response, body = fetch(server, "/orders", "POST", json.dumps({"sku": "a-1"}))
    assert (response.status, json.loads(body)["sku"]) == (201, "a-1")


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_a_body_is_echoed(server, size):
    assert fetch(server, "/echo", "POST", b"e" * size)[1] == b"e" * size


def test_a_chunked_body_is_echoed(server):
    assert fetch(server, "/echo", "POST", iter([b"one", b"two" * 50_000]))[1] == b"one" + b"two" * 50_000


def test_a_body_held_back_is_asked_for(server):
    with raw(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert connection.recv(500).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize("status", [200, 204, 304, 404, 429, 503])
def test_the_status_is_the_one_asked_for(server, status):
    assert fetch(server, f"/status/{status}")[0].status == status


def test_a_delay_is_at_least_what_was_asked(server):
    begin = time.perf_counter()
    fetch(server, "/delay/50")
    assert time.perf_counter() - begin >= 0.05


@pytest.mark.parametrize("path", ["/bytes", "/chunked"])
@pytest.mark.parametrize("size", [0, 1, 1024, 10_000_000])
def test_as_many_bytes_come_as_were_asked_for(server, path, size):
    assert len(fetch(server, f"{path}/{size}")[1]) == size


@pytest.mark.parametrize(("path", "unpack"), [("/gzip", gzip.decompress), ("/deflate", zlib.decompress)])
def test_compressed_pages_unpack_to_json(server, path, unpack):
    response, body = fetch(server, path)
    assert response.headers["content-encoding"] == path[1:]
    assert json.loads(unpack(body))["compressed"] is True


def test_redirects_count_down_to_the_root(server):
    places = [fetch(server, f"/redirect/{left}")[0].headers["location"] for left in (3, 2, 1)]
    assert places == ["/redirect/2", "/redirect/1", "/"]


def test_cookies_are_set_and_shown(server):
    assert fetch(server, "/cookies/set?a=1")[0].headers["set-cookie"] == "a=1; Path=/"
    assert json.loads(fetch(server, "/cookies", headers={"Cookie": "a=1; b=2"})[1]) == {"cookies": {"a": "1", "b": "2"}}


def test_headers_are_shown(server):
    assert json.loads(fetch(server, "/headers", headers={"X-Tonnage": "yes"})[1])["headers"]["X-Tonnage"] == "yes"


def test_the_answer_to_head_has_no_body(server):
    response, body = fetch(server, "/", "HEAD")
    assert (response.headers["content-length"], body) == ("20", b"")


def test_a_connection_is_kept(server):
    before = server.stats().connections
    with client(server) as connection:
        for _ in range(5):
            connection.request("GET", "/")
            assert connection.getresponse().read()
    assert server.stats().connections == before + 1


def test_pipelined_answers_keep_their_order(server):
    with raw(server) as connection:
        connection.sendall(b"GET /delay/20 HTTP/1.1\r\n\r\nGET /status/404 HTTP/1.1\r\n\r\nGET /close HTTP/1.1\r\n\r\n")
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"404", b"200"]


def test_a_request_may_come_byte_by_byte(server):
    with raw(server) as connection:
        for byte in b"GET / HTTP/1.0\r\nA: b\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert read_all(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_close_is_announced(server):
    response, _ = fetch(server, "/close")
    assert response.headers["connection"] == "close"


def test_a_dropped_request_has_no_answer(server):
    with raw(server) as connection:
        connection.sendall(b"GET /drop HTTP/1.1\r\n\r\n")
        assert read_all(connection) == b""


def test_a_reset_is_a_reset(server):
    with raw(server) as connection:
        connection.sendall(b"GET /reset HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_hanging_request_is_never_answered(server):
    with raw(server) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\n\r\n")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_waiting_for_a_departure_costs_nothing(server):
    with raw(server) as connection:
        connection.sendall(b"GET /delay/300 HTTP/1.1\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        begin = time.process_time()
        assert read_all(connection).startswith(b"HTTP/1.1 200 OK\r\n")
        assert time.process_time() - begin < 0.15


def test_a_body_that_is_too_long_is_refused(server):
    with raw(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 99999999\r\n\r\nbegin")
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


def test_whatever_bytes_come_it_goes_on_serving(server):
    dice = random.Random(1)
    words = [b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"Content-Length:", b"Transfer-Encoding: chunked", b"\x00", b"5"]
    for _ in range(100):
        with raw(server) as connection:
            connection.sendall(b"".join(dice.choices(words, k=40)))
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                read_all(connection)
    assert fetch(server, "/health")[0].status == 200


def test_nonsense_is_a_bad_request(server):
    with raw(server) as connection:
        connection.sendall(b"\x00\x01\x02\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_one_worker_serves_one_after_the_other():
    with DemoServer(DemoConfig(workers=1, service_time=0.02)) as server:
        begin = time.perf_counter()
        threads = [threading.Thread(target=fetch, args=(server, "/")) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begin
    assert took >= 0.2
    stats = server.stats()
    assert stats.requests == {200: 10}
    assert stats.service_time_count == 10
    assert stats.service_time_sum == pytest.approx(0.2)


def test_a_stall_holds_whoever_arrives_in_it_until_its_end():
    with DemoServer(DemoConfig(stalls=((0.1, 0.6),))) as server:
        begin = time.perf_counter()
        fetch(server, "/")
        before = time.perf_counter()
        time.sleep(max(0.0, 0.2 - (time.perf_counter() - begin)))
        fetch(server, "/")
        after = time.perf_counter()
        stalls = server.stats().stalls
    # The stall counts from the first arrival, which lies between `begin` and `before`.
    assert after - begin >= 0.6
    assert after - before < 0.6 + 0.3
    assert stalls == 1


def test_observers_pass_by_a_stall_and_are_not_counted():
    with DemoServer(DemoConfig(stalls=((0, 60),), stall_from="start")) as server, raw(server) as waiting:
        waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while server.stats().in_flight == 0:
            time.sleep(0.001)
        assert fetch(server, "/health")[0].status == 200
        assert server.stats().requests == {}


def test_a_full_queue_is_answered_by_503():
    with DemoServer(DemoConfig(workers=1, service_time=0.2, queue_limit=1)) as server, raw(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
        while server.stats().in_flight < 3:
            time.sleep(0.001)
        assert (server.stats().busy_workers, server.stats().queue_length) <= (1, 1)
        connection.shutdown(socket.SHUT_WR)
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"503"]


def test_all_may_fail():
    with DemoServer(DemoConfig(errors=1)) as server:
        assert fetch(server, "/items")[0].status == 500


def test_the_metrics_are_prometheus_text_and_agree_with_the_counters(server):
    response, body = fetch(server, "/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4"
    samples = {}
    for line in body.decode().splitlines():
        if not line.startswith(("# HELP demo_", "# TYPE demo_")):
            name, value = line.split(" ")
            samples[name] = float(value)
    stats = server.stats()
    assert samples['demo_requests_total{status="404"}'] == stats.requests[404]
    assert samples["demo_service_time_seconds_count"] == stats.service_time_count
    assert samples["demo_queue_length"] == samples["demo_busy_workers"] == 0


def test_stopping_frees_the_port_and_keeps_the_counters():
    with DemoServer() as server:
        fetch(server, "/")
    with closing(socket.create_server((server.host, server.port))):
        assert server.stats().requests == {200: 1}
    server.stop()


def test_a_server_never_started_frees_its_port_too():
    server = DemoServer()
    server.stop()
    with closing(socket.create_server((server.host, server.port))):
        pass


def test_a_server_starts_once():
    with DemoServer() as server, pytest.raises(RuntimeError, match="starts once"):
        server.start()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_version_6_stands_in_brackets():
    with DemoServer(DemoConfig(host="::1")) as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert fetch(server, "/")[0].status == 200


def test_equal_seeds_fail_the_same_requests():
    def fates(seed):
        with DemoServer(DemoConfig(errors=0.5, seed=seed)) as server:
            return [fetch(server, "/")[0].status for _ in range(30)]

    assert fates(1) == fates(1) != fates(2)


def test_an_open_load_sees_the_stall_from_its_intended_instants():
    # 100 arrivals/s for 1 s, nothing departs from 0.195 to 0.495 s: the k-th of those 30 waits 0.295 − k/100 s, and
    # with n = 100 the 95th in order (rank ceil(q·n)) is the sixth longest: 0.245 s. The stall counts from the first
    # arrival as the server sees it: a late one lets some escape and holds the others longer, 0.24 s at least.
    with DemoServer(DemoConfig(stalls=((0.195, 0.495),))) as server, raw(server) as connection:
        departures = []

        def read():
            buffer = b""
            while len(departures) < 100:
                buffer += connection.recv(65536)
                now = time.perf_counter()
                departures.extend([now] * (buffer.count(b"HTTP/1.1 200") - len(departures)))

        reader = threading.Thread(target=read)
        reader.start()
        begin = time.perf_counter()
        for n in range(100):
            time.sleep(max(0.0, begin + n / 100 - time.perf_counter()))
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        reader.join()
    responses = sorted(departure - begin - n / 100 for n, departure in enumerate(departures))
    assert 0.24 <= responses[94] < 0.45


def test_a_port_in_use_is_named():
    with DemoServer() as server, pytest.raises(OSError, match=str(server.port)) as caught:
        DemoServer(DemoConfig(port=server.port))
    assert caught.value.errno is not None
