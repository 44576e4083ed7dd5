"""Statistics of a window: bounds over censored samples, and each method of each kind of metric."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN, custom
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.reading import Trend
from tonnage.metrics.series import Series
from tonnage.metrics.threshold import parse
from tonnage.metrics.window import Gauge, Window

DURATION = BUILT_IN["http_req_duration"]
MS = 1_000_000
times = st.lists(st.integers(0, 10**11), max_size=40)


def histogram(values):
    found = Histogram()
    for value in values:
        found.record(value)
    return found


def exact_quantile(values, q):
    """The value at rank ceil(q·n) of a sorted list."""
    ordered = sorted(values)
    return next(v for i, v in enumerate(ordered, start=1) if i >= q * len(ordered) or i == len(ordered))


@given(times, times, st.floats(0, 1))
def test_a_quantile_lies_between_the_bounds_and_infinity(complete, censored, q):
    found = Trend(histogram(complete), histogram(censored), 1.0).quantile(q)
    if not complete and not censored:
        assert found is None
        return
    lower = exact_quantile(complete + censored, q)
    upper = exact_quantile(complete + [inf] * len(censored), q)
    # A histogram keeps three digits: a value may be read up to a thousandth too high.
    assert lower <= found.lower <= lower * 1.001
    assert upper <= found.upper <= max(upper * 1.001, found.lower)
    assert found.lower <= found.upper


@given(times.filter(bool), st.floats(0, 1))
def test_without_censored_samples_every_statistic_is_exact(values, q):
    found = Trend(histogram(values), Histogram(), 1.0)
    assert found.quantile(q).is_exact
    assert found.mean().is_exact
    assert found.mean().lower == pytest.approx(sum(values) / len(values), rel=1e-12)
    assert (found.minimum().lower, found.maximum().upper) == (min(values), max(values))


@given(times, times.filter(bool))
def test_one_censored_sample_leaves_mean_and_maximum_open_above(complete, censored):
    found = Trend(histogram(complete), histogram(censored), 1.0)
    assert found.mean().upper == found.maximum().upper == inf
    assert found.maximum().lower == max(complete + censored)
    assert found.minimum().lower == min(complete + censored)
    assert found.minimum().upper == (min(complete) if complete else inf)


@given(times, times, times, st.floats(0, 1))
def test_one_more_censored_sample_never_lowers_the_upper_bound(complete, censored, more, q):
    few = Trend(histogram(complete), histogram(censored), 1.0).quantile(q)
    many = Trend(histogram(complete), histogram(censored + more), 1.0).quantile(q)
    if few is not None:
        # Both are read to three digits.
        assert many.upper >= few.upper / 1.001


def window() -> Window:
    """Ten answers of 10 ms, one time-out at 5 s; 3 of 4 checks held; two generators."""
    answered = Series.of("http_req_duration", name="a", scenario="x")
    hung = Series.of("http_req_duration", name="a", scenario="x", censored="true")
    other = Series.of("http_req_duration", name="b", scenario="x")
    return Window(
        0,
        10,
        {
            Series.of("http_reqs", name="a"): 11,
            Series.of("http_reqs", name="b"): 9,
            Series.of("checks/hits", check="c"): 3,
            Series.of("checks/total", check="c"): 4,
            Series.of("orders"): 2_500_000_000,
        },
        {
            Series.of("vus", generator="0"): Gauge(1.0, 3.0, 1.0, 5.0),
            Series.of("vus", generator="1"): Gauge(2.0, 4.0, 0.0, 6.0),
        },
        {answered: histogram([10 * MS] * 10), hung: histogram([5000 * MS]), other: histogram([MS] * 9)},
    )


@pytest.mark.parametrize(
    ("expression", "selector", "lower", "upper"),
    [
        ("p(50)<1", {"name": "a"}, 10, 10),
        ("med<1", {"name": "a"}, 10, 10),
        ("p(95)<1", {"name": "a"}, 5000, inf),
        ("max<1", {"name": "a"}, 5000, inf),
        ("min<1", {"name": "a"}, 10, 10),
        ("avg<1", {"name": "a"}, 5100 / 11, inf),
        ("avg<1", {"name": "b"}, 1, 1),
        ("p(50)<1", {"name": "a", "scenario": "x"}, 10, 10),
        ("max<1", {}, 5000, inf),
    ],
)
def test_a_trend_is_read_in_milliseconds(expression, selector, lower, upper):
    found = reading.statistic(window(), DURATION, parse(expression), selector, 10.0)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), rel=1e-3)


@pytest.mark.parametrize(
    ("metric", "expression", "value"),
    [
        (BUILT_IN["http_reqs"], "count>1", 20),
        (BUILT_IN["http_reqs"], "rate>1", 2),
        (BUILT_IN["checks"], "rate>0.9", 0.75),
        (BUILT_IN["vus"], "value>1", 7),
        (custom("orders", "counter"), "count>1", 2.5),
        (BUILT_IN["dropped_iterations"], "count<1", 0),
    ],
)
def test_counters_rates_and_gauges_are_exact(metric, expression, value):
    found = reading.statistic(window(), metric, parse(expression), None, 10.0)
    assert found.is_exact
    assert found.lower == pytest.approx(value)


@pytest.mark.parametrize(
    ("metric", "expression"),
    [(DURATION, "p(95)<1"), (BUILT_IN["checks"], "rate>0.9"), (BUILT_IN["vus"], "value>1")],
)
def test_without_samples_there_is_no_statistic(metric, expression):
    assert reading.statistic(Window(), metric, parse(expression), None, 10.0) is None


def test_a_rate_over_no_time_is_none():
    assert reading.statistic(window(), BUILT_IN["http_reqs"], parse("rate>1"), None, 0.0) is None


def test_samples_are_what_a_verdict_rests_on():
    assert reading.samples(window(), DURATION, {"name": "a"}) == 11
    assert reading.samples(window(), BUILT_IN["checks"]) == 4
    assert reading.samples(window(), BUILT_IN["vus"]) == 2
    assert reading.samples(window(), BUILT_IN["http_reqs"]) == 20


def test_a_gauge_is_summed_over_generators():
    assert reading.gauge(window(), "vus") == Gauge(2.0, 7.0, 1.0, 11.0)
    assert reading.gauge(window(), "vus_max") is None
