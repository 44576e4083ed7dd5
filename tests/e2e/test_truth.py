"""What is measured is what happened: servers whose truth is known.

These tests wait for real time: the truth of a queue shows in seconds. What can run side by side does.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.e2e.command import Command

from tonnage.demo import DemoConfig, DemoServer
from tonnage.metrics import reading
from tonnage.metrics.window import WindowSum


def stalled(folder, max_vus, late):
    """100 arrivals/s for 15 s; the server is frozen from second 5 to 8 (engine.md 1)."""
    folder.mkdir()
    with DemoServer(DemoConfig(service_time=0.0005, stalls=((5.0, 8.0),))) as server:
        limits = ("--rate", "100", "-d", "15s", "--max-vus", str(max_vus), "--late", late)
        return Command(folder).run(server.url, *limits, "--summary-trend-stats", "med,p(95),max,count")


def test_a_stall_shows_in_the_response_time_whatever_the_number_of_vus(tmp_path):
    cases = [(10, "queue"), (50, "queue"), (400, "queue"), (10, "drop")]
    with ThreadPoolExecutor(len(cases)) as pool:
        runs = [pool.submit(stalled, tmp_path / f"{vus}-{late}", vus, late) for vus, late in cases]
    few, some, many, dropping = (run.result() for run in runs)
    for run in (few, some, many):
        # Arrivals of the stall wait 3 s to 0 s: 300 of 1500, of which 75 are above the p95.
        assert run.value("http_req_response_time", "p(95)") == pytest.approx(2250, rel=0.03)
        assert run.value("http_req_response_time", "count") == 1500
        assert run.document["delivered"]["started"] == run.document["planned"]["arrivals"] == 1500
        assert run.value("http_req_response_time", "max") == pytest.approx(3000, rel=0.03)
    # With few VUs few requests see the stall themselves: the queue before them is in the response time alone.
    assert few.value("http_req_duration", "p(95)") < 500
    assert many.value("http_req_duration", "p(95)") == pytest.approx(2250, rel=0.03)
    assert few.value("arrival_vu_wait", "max") > 2000
    assert (dropping.document["verdict"], dropping.code) == ("invalid", 111)
    assert dropping.document["delivered"]["dropped"] > 250
    assert "arrivals started" in dropping.reasons


def test_throughput_and_mean_response_of_a_single_exponential_server(make):
    with DemoServer(DemoConfig(workers=1, service_time=0.01, distribution="exponential", seed=7)) as server:
        made = make.url(server.url, vus=4, duration=4)
        stats = server.stats()
    service = stats.service_time_sum / stats.service_time_count
    assert service == pytest.approx(0.01, rel=0.15)
    throughput = made.count("iterations") / made.run.ending.ended
    # The one worker never rests, so X = 1/S, and four VUs without think time see R = N/X; waking up costs it a little.
    assert 0.8 < throughput * service <= 1.01
    assert made.trend("http_req_response_time").mean().lower == pytest.approx(4 / throughput, rel=0.03)


def test_a_closed_loop_obeys_littles_law(make):
    with DemoServer(DemoConfig(workers=2, service_time=0.02)) as server:
        made = make.url(server.url, vus=8, duration=2)
    # Two workers of 20 ms answer 100/s; eight VUs without think time see R = N / X = 80 ms.
    assert made.count("iterations") / 2 == pytest.approx(100, rel=0.06)
    assert made.trend("http_req_response_time").mean().lower == pytest.approx(0.08, rel=0.06)


def test_no_duration_is_below_the_service_time_and_nothing_is_lost_or_invented(make):
    with DemoServer(DemoConfig(service_time=0.05)) as server:
        made = make.url(server.url, rate=100, duration=2)
        stats = server.stats()
    durations = made.trend("http_req_duration")
    assert durations.minimum().lower >= 0.05 * (1 - 1e-3)
    assert 0.05 * (1 - 1e-3) <= durations.quantile(0.5).lower <= 0.08
    due, begun = made.count("arrivals_due"), made.count("arrivals_started")
    not_started = made.trend("http_req_response_time", name="(not started)").count
    assert due == begun + not_started == 200
    assert stats.requests == {200: begun}
    assert made.count("http_reqs") == made.count("iterations") == begun
    assert made.trend("http_req_response_time").count == due
    total = WindowSum()
    for window in made.run.windows:
        total.add(window)
    assert total.take() == made.run.total


def test_every_second_shows_what_completed_in_it(make):
    with DemoServer(DemoConfig(service_time=0.001, stalls=((1.0, 2.0),), stall_from="first_request")) as server:
        made = make.url(server.url, rate=50, duration=3)
    per_second = made.per_second(lambda window: reading.count(window, "http_reqs"))
    assert per_second[0] == pytest.approx(50, abs=3)
    assert per_second[1] <= 3
    assert per_second[2] == pytest.approx(100, abs=5)


def test_shares_of_errors_are_counted_as_the_server_made_them(make):
    with DemoServer(DemoConfig(errors=0.2, seed=3)) as server:
        made = make.url(server.url, vus=2, iterations=1000)
        stats = server.stats()
    assert made.rate("http_req_failed").hits == stats.requests[500]
    assert made.count("http_reqs", status="500") == stats.requests[500]
    assert made.count("http_reqs", status="200") == stats.requests[200]
    assert made.verdict.exit_code == 99
