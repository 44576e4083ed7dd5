"""Whether a run can support a conclusion: each condition at its limit."""

import pytest

from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Limits, Plan, Scenario
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window
from tonnage.runs.run import Ending, Event
from tonnage.runs.validity import validity

PLAN = Plan((Scenario("default", ConstantVus(1, 10.0)),))
ENDING = Ending("completed", 10.0, 10.0, vus=100)
MS = 1_000_000


def total(counters=None, gauges=None, **trends):
    histograms = {}
    for name, value in trends.items():
        histograms[Series.of(name)] = Histogram()
        histograms[Series.of(name)].record(value, 1000)
    numbers = {"iterations_started": 1000, **(counters or {})}
    return Window(0, 10, {Series.of(k): n for k, n in numbers.items()}, gauges or {}, histograms)


def check(name, window, plan=PLAN, ending=ENDING, events=()):
    found = [check for check in validity(plan, window, ending, events) if check.name == name]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(("started", "ok"), [(1000, True), (990, True), (989, False), (0, False)])
def test_99_percent_of_the_arrivals_due_must_have_started(started, ok):
    found = check("load delivered", total({"arrivals_due": 1000, "arrivals_started": started}))
    assert found.ok is ok
    assert f"{started} of 1000" in found.measured


def test_a_closed_load_has_no_arrivals_to_miss():
    assert check("load delivered", total()) is None


def test_a_run_in_which_nothing_started_is_no_run():
    assert not check("samples", total({"iterations_started": 0})).ok
    assert check("samples", total()).ok


@pytest.mark.parametrize(
    ("lag", "response", "ok"), [(9 * MS, 20 * MS, True), (11 * MS, 20 * MS, False), (11 * MS, 200 * MS, True)]
)
def test_starts_may_be_late_by_ten_milliseconds_or_a_tenth_of_the_response_time(lag, response, ok):
    assert check("start lateness p99", total(arrival_lag=lag, http_req_response_time=response)).ok is ok


def test_the_script_must_be_called_in_time():
    assert check("script lag p99", total(generator_script_lag=9 * MS)).ok
    assert not check("script lag p99", total(generator_script_lag=11 * MS)).ok


@pytest.mark.parametrize(("watched", "busy", "ok"), [(10, 1, True), (10, 2, False), (100, 5, True), (100, 6, False)])
def test_the_generator_may_be_busy_in_one_second_of_twenty(watched, busy, ok):
    window = total({"generator_seconds": watched, "generator_saturated_seconds": busy})
    assert check("generator CPU", window).ok is ok


@pytest.mark.parametrize(("lag", "ok"), [(99 * MS, True), (101 * MS, False)])
def test_the_event_loop_may_not_lag(lag, ok):
    assert check("loop lag p99", total(generator_loop_lag=lag)).ok is ok


@pytest.mark.parametrize(("used", "ok"), [(950.0, True), (951.0, False)])
def test_case_07_open_files_must_not_run_out(used, ok):
    gauges = {
        Series.of("generator_open_files"): Gauge(1.0, 3.0, 3.0, used),
        Series.of("generator_open_files_limit"): Gauge(1.0, 1000.0, 1000.0, 1000.0),
    }
    assert check("open files", total(gauges=gauges)).ok is ok


@pytest.mark.parametrize(("raised", "ok"), [(10, True), (11, False)])
def test_case_29_one_iteration_in_a_hundred_may_raise(raised, ok):
    assert check("script errors", total({"iterations": 1000, "iteration_errors": raised})).ok is ok


@pytest.mark.parametrize(("vus", "hung", "ok"), [(10, 0, True), (10, 1, False), (200, 1, True), (200, 2, False)])
def test_hung_vus_are_one_percent_and_at_least_one(vus, hung, ok):
    ending = Ending("completed", 10.0, 10.0, hung=hung, vus=vus)
    assert check("hung VUs", total(), ending=ending).ok is ok


def test_a_fault_of_generator_or_clock_is_its_own_check():
    for kind, name in (("generator_fault", "generator"), ("clock_step", "clock"), ("suspended", "clock")):
        found = check(name, total(), events=(Event(1.0, kind, "what happened"),))
        assert (found.ok, found.measured) == (False, "what happened")
    assert check("script", total(), events=(Event(1.0, "script_blocked", "shop.py:3"),)) is None


def test_limits_are_the_plans():
    plan = Plan(PLAN.scenarios, limits=Limits(started=0.5, iteration_errors=1.0))
    assert check("load delivered", total({"arrivals_due": 10, "arrivals_started": 5}), plan).ok
    assert check("script errors", total({"iterations": 10, "iteration_errors": 10}), plan).ok


def test_what_was_not_measured_is_left_out():
    assert {found.name for found in validity(PLAN, total(), None, ())} == {"samples"}
