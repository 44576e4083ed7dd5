"""The verdict: pass, fail or invalid, its exit code, and which of several comes first."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load.executor import ConstantVus
from tonnage.load.plan import CustomMetric, Plan, Scenario, Threshold
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Window
from tonnage.runs.run import Ending, Event
from tonnage.runs.verdict import PRECEDENCE, delivered, judge, judge_thresholds, known_metrics

ENDING = Ending("completed", 10.0, 10.2, vus=10)
MS = 1_000_000
EVENTS = {
    "signal": 105,
    "script_aborted": 108,
    "engine_crashed": 109,
    "data_lost": 112,
    "script_marked_failed": 110,
    "threshold_abort": 99,
}


def plan(*expressions, metric="http_req_duration", **selector):
    thresholds = tuple(Threshold(metric, expression, selector) for expression in expressions)
    return Plan((Scenario("default", ConstantVus(1, 10.0)),), thresholds=thresholds)


def total(answered=100, ms=20, hung=0):
    histograms = {}
    for n, value, tags in ((answered, ms, {}), (hung, 5000, {"censored": "true"})):
        if n:
            histograms[Series.of("http_req_duration", **tags)] = Histogram()
            histograms[Series.of("http_req_duration", **tags)].record(value * MS, n)
    return Window(0, 10, {Series.of("iterations_started"): 100, Series.of("iterations"): 100}, {}, histograms)


def test_a_run_whose_thresholds_hold_passes_without_a_reason():
    verdict = judge(plan("p(95)<500"), total(), ENDING, ())
    assert (verdict.value, verdict.exit_code, verdict.outcome, verdict.reasons) == ("pass", 0, "completed", ())
    assert verdict.thresholds[0].margin == pytest.approx(0.96, abs=1e-3)


def test_a_threshold_that_fails_is_99_and_says_what_was_measured():
    event = Event(3.0, "threshold_failed", "http_req_duration p(95)<10")
    verdict = judge(plan("p(95)<10", "p(95)<500"), total(), ENDING, (event,))
    assert (verdict.value, verdict.exit_code) == ("fail", 99)
    assert [result.ok for result in verdict.thresholds] == [False, True]
    assert verdict.thresholds[0].first_failed == 3.0
    assert verdict.reasons[0].startswith("http_req_duration p(95)<10: 20")
    assert verdict.reasons[0].endswith("first at 3 s")


def test_case_34_a_threshold_without_samples_makes_the_run_invalid():
    verdict = judge(plan("p(95)<500", name="typo"), total(), ENDING, ())
    assert (verdict.value, verdict.exit_code) == ("invalid", 111)
    assert verdict.thresholds[0].state == "no data"


def test_requests_that_never_ended_leave_a_threshold_undecided():
    # The bound of the hung ones is inside the limit, and nobody knows how long they would have taken.
    verdict = judge(plan("p(95)<6000"), total(answered=90, hung=10), ENDING, ())
    assert (verdict.value, verdict.thresholds[0].state) == ("invalid", "undecided")
    verdict = judge(plan("p(95)<500"), total(answered=90, hung=10), ENDING, ())
    assert (verdict.value, verdict.thresholds[0].lower) == ("fail", pytest.approx(5000, rel=1e-3))


def test_case_36_a_percentile_of_too_few_samples_says_so():
    note = judge(plan("p(99.9)<500"), total(200), ENDING, ()).thresholds[0].note
    assert note == "p(99.9) needs 2995 samples, there are 200"


def test_an_invalid_run_with_a_failed_threshold_is_invalid():
    window = total() + Window(0, 1, {Series.of("arrivals_due"): 100, Series.of("arrivals_started"): 1})
    verdict = judge(plan("p(95)<10"), window, ENDING, ())
    assert (verdict.value, verdict.exit_code) == ("invalid", 111)
    assert verdict.reasons[0].startswith("load delivered: 1 of 100")


def test_a_run_without_an_ending_was_interrupted():
    verdict = judge(plan(), total(), None, ())
    assert (verdict.value, verdict.outcome, verdict.exit_code) == ("invalid", "interrupted", 105)
    crashed = judge(plan(), total(), None, (Event(1.0, "engine_crashed", "panic"),))
    assert (crashed.outcome, crashed.exit_code) == ("crashed", 109)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("setup raised", 107),
        ("teardown raised", 107),
        ("setup timed out", 100),
        ("teardown timed out", 101),
        ("completed", 0),
        ("stopped", 0),
    ],
)
def test_the_way_in_which_the_load_ended_has_its_code(reason, code):
    assert judge(plan(), total(), Ending(reason, 10.0, 10.0), ()).exit_code == code


@pytest.mark.parametrize(("kind", "code"), list(EVENTS.items()))
def test_an_event_has_its_code(kind, code):
    verdict = judge(plan(), total(), ENDING, (Event(1.0, kind, "why"),))
    assert verdict.exit_code == code
    assert "why" in verdict.reasons


@pytest.mark.parametrize(("one", "other"), list(combinations(EVENTS, 2)))
def test_of_two_codes_the_one_that_comes_first_is_given(one, other):
    for kinds in ((one, other), (other, one)):
        events = tuple(Event(float(i), kind, kind) for i, kind in enumerate(kinds))
        first = min((EVENTS[one], EVENTS[other]), key=PRECEDENCE.index)
        assert judge(plan(), total(), ENDING, events).exit_code == first


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=4), st.integers(0, 100), st.integers(0, 100), st.booleans())
def test_only_a_pass_is_0_and_only_what_is_not_a_pass_has_reasons(kinds, answered, hung, ended):
    events = tuple(Event(1.0, kind, kind) for kind in kinds)
    verdict = judge(plan("p(95)<500"), total(answered, hung=hung), ENDING if ended else None, events)
    assert (verdict.value == "pass") == (verdict.exit_code == 0) == (not verdict.reasons)
    assert verdict.exit_code in PRECEDENCE


def test_the_rate_of_a_counter_is_over_the_time_of_the_load():
    window = Window(0, 12, {Series.of("http_reqs"): 100})
    (result,) = judge_thresholds(plan("rate>9", metric="http_reqs"), window, 10.0)
    assert (result.ok, result.lower, result.samples) == (True, 10.0, 100)


def test_custom_metrics_are_known_by_the_plan():
    declared = Plan((), metrics=(CustomMetric("items", "trend"),))
    assert known_metrics(declared)["items"].kind == "trend"
    assert "http_reqs" in known_metrics(declared)


def test_delivered_counts_what_was_planned_started_and_cut_off():
    hung = Histogram()
    hung.record(MS, 3)
    counters = {
        "arrivals_due": 10, "arrivals_started": 8, "iterations_started": 9, "iterations": 7, "dropped_iterations": 2,
    }  # fmt: skip
    window = Window(
        0,
        5,
        {Series.of(name): n for name, n in counters.items()},
        {},
        {Series.of("http_req_response_time", censored="true"): hung},
    )
    done = delivered(window, None)
    assert (done.due, done.arrivals, done.started, done.completed, done.dropped, done.censored) == (10, 8, 9, 7, 2, 3)
    assert (done.duration, done.rate) == (5.0, 1.6)
    assert delivered(Window(), None).rate == 0.0
