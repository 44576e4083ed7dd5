"""Targets that are down, die, fail, hang or stall, by the numbers of the reliability bar (A). Each is provoked really."""

import jsonschema
import pytest
from tests import sut
from tests.e2e.command import PATIENT, SCHEMA

from tonnage.demo import DemoConfig, DemoServer
from tonnage.metrics import reading


def test_case_01_a_target_that_is_down_from_the_start_is_refused_before_anything_is_sent(tonnage):
    with sut.Refuser() as nobody:
        done = tonnage("run", nobody.url, "-d", "1s", "--store", "runs")
    assert done.code == 113
    assert "connection refused" in done.err
    assert "--no-preflight" in done.err
    assert not list(tonnage.folder.rglob("*.db"))


@pytest.mark.parametrize("more", [(), ("--threshold", "http_req_duration=p(95)<500ms"), ("--no-thresholds",)])
def test_case_01_a_run_against_a_refused_server_never_passes_and_has_no_latency(tonnage, more):
    with sut.Refuser() as nobody:
        done = tonnage.run(nobody.url, "--rate", "20", "-d", "1s", "--no-preflight", *more)
    assert done.code != 0
    assert done.document["verdict"] in {"fail", "invalid"}
    (error,) = done.document["errors"]
    assert error["code"] == "1212"
    assert error["count"] == 20
    assert "http_req_duration" not in done.document["metrics"]
    assert done.value("http_req_error_duration", "count") == 20
    jsonschema.validate(done.document, SCHEMA)


def test_case_02_a_target_that_dies_and_returns_leaves_a_gap_and_the_schedule_goes_on(make):
    with sut.Returning([(0.0, 1.0), (2.0, 60.0)]) as server:
        made = make.url(server.url, rate=40, duration=3)
    assert made.count("arrivals_started") == 120
    good = made.per_second(lambda window: reading.count(window, "http_reqs", {"status": "200"}))
    bad = made.per_second(lambda window: reading.count(window, "http_req_errors"))
    assert bad[1] >= 30
    assert good[0] >= 30
    assert good[2] >= 30
    assert made.verdict.exit_code == 99


def test_case_03_a_target_that_always_fails_fails_the_run_by_default(tonnage, demo):
    url = demo.url + "/status/500"
    done = tonnage.run(url, "-i", "20")
    assert (done.code, done.document["verdict"]) == (99, "fail")
    assert done.document["thresholds"]["http_req_failed"]["rate<0.01"]["ok"] is False
    text = tonnage("run", url, *PATIENT, "-i", "20", "--store", ":memory:")
    assert "implicit" in text.out
    assert tonnage.run(url, "-i", "20", "--no-thresholds").code == 0, "who opts out has said so"


def test_case_04_a_target_that_never_answers_is_given_up_and_its_requests_are_samples(tonnage):
    with sut.black_hole() as silent:
        done = tonnage.run(silent.url, "--rate", "20", "-d", "1s", "--timeout", "300ms", "--max-vus", "50")
    assert done.code == 99
    (error,) = done.document["errors"]
    assert (error["code"], error["count"]) == ("1050", 20)
    assert done.value("http_req_response_time", "count") == 20
    assert done.value("http_req_response_time", "med") >= 300
    assert "med" in done.document["censored"]["http_req_response_time"]
    assert done.value("vus_max", "max") <= 50


def test_case_04_the_time_out_is_finite_by_default(tonnage):
    explained = tonnage("inspect", "http://127.0.0.1:1/", "-i", "1")
    assert explained.document["http"]["timeout"] == 30


@pytest.mark.parametrize("more", [("--threshold", "http_req_duration=p(95)<500ms"), ("--no-thresholds",)])
def test_hung_users_never_pass(tonnage, more):
    script = tonnage.script(
        "from tonnage import constant_vus, scenario\n"
        "@scenario(constant_vus(10, 1), graceful_stop=0)\n"
        "async def work(vu):\n"
        "    await vu.http.get('/hang' if vu.id % 2 else '/delay/50')\n"
    )
    with DemoServer(DemoConfig()) as server:
        done = tonnage.run(script, "--base-url", server.url, *more)
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert "5 of 10 VUs ended inside a request older than the slowest answer" in done.reasons


@pytest.mark.parametrize(("late", "more"), [("queue", ()), ("drop", ("--no-thresholds",))])
def test_arrivals_that_were_not_sent_never_pass(tonnage, late, more):
    with DemoServer(DemoConfig(service_time=0.5)) as slow:
        done = tonnage.run(slow.url, "--rate", "50", "-d", "1s", "--max-vus", "2", "--late", late, *more)
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert "arrivals started" in done.reasons


def test_a_threshold_without_samples_never_passes(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--threshold", "http_req_duration{name:nobody}=p(95)<1s")
    assert (done.code, done.document["verdict"]) == (111, "invalid")


def test_case_05_a_stall_for_everybody_is_in_the_response_time_and_its_queue_is_apart(make):
    with DemoServer(DemoConfig(stalls=((1.0, 3.0),))) as server:
        made = make.url(server.url, rate=50, duration=4, max_vus=5, vus=5)
    assert made.trend("http_req_response_time").quantile(0.99).lower >= 1.9
    assert made.trend("arrival_vu_wait").maximum().lower >= 1.8
    # Five requests saw the stall themselves; the others only waited for a VU.
    assert made.trend("http_req_duration").quantile(0.95).lower < 0.5
