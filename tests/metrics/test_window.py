"""The laws of Window: addition is commutative, associative, has an identity, and is what WindowSum does in place."""

from functools import reduce
from operator import add

from hypothesis import given
from hypothesis import strategies as st

from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window, WindowSum, series_of

NAMES = st.sampled_from([Series.of("a"), Series.of("a", name="x"), Series.of("b")])
number = st.floats(-1e9, 1e9)


@st.composite
def gauges(draw):
    low, last, high = sorted(draw(st.tuples(number, number, number)))
    return Gauge(draw(st.integers(0, 5)), last, low, high)


@st.composite
def histograms(draw):
    histogram = Histogram()
    for value in draw(st.lists(st.integers(-(10**6), 10**12), min_size=1, max_size=5)):
        histogram.record(value, draw(st.integers(1, 1000)))
    return histogram


@st.composite
def windows(draw):
    return Window(
        draw(st.integers(-1, 100)),
        draw(st.integers(1, 60)),
        draw(st.dictionaries(NAMES, st.integers(0, 2**70), max_size=3)),
        draw(st.dictionaries(NAMES, gauges(), max_size=3)),
        draw(st.dictionaries(NAMES, histograms(), max_size=3)),
    )


@given(windows(), windows())
def test_addition_is_commutative(a, b):
    assert a + b == b + a


@given(windows(), windows(), windows())
def test_addition_is_associative(a, b, c):
    assert (a + b) + c == a + (b + c)


@given(windows())
def test_the_empty_window_is_the_identity(a):
    assert a + Window() == a
    assert Window() + a == a


@given(windows(), windows())
def test_addition_changes_neither_part(a, b):
    before = [(h.count, h.sum) for part in (a, b) for h in part.histograms.values()]
    _ = a + b
    assert [(h.count, h.sum) for part in (a, b) for h in part.histograms.values()] == before


@given(st.lists(windows(), max_size=6))
def test_a_window_sum_is_the_sum(many):
    total = WindowSum()
    for window in many:
        total.add(window)
    assert total.view() == reduce(add, many, Window())


@given(st.lists(windows(), min_size=1, max_size=4))
def test_taking_a_sum_starts_it_anew_and_leaves_the_windows_as_they_were(many):
    before = [(h.count, h.sum) for part in many for h in part.histograms.values()]
    total = WindowSum()
    for window in many:
        total.add(window)
    taken = total.take()
    assert taken == reduce(add, many, Window())
    assert total.view() == Window()
    total.add(many[0])
    assert taken == reduce(add, many, Window())
    assert [(h.count, h.sum) for part in many for h in part.histograms.values()] == before


@given(windows(), windows())
def test_the_sum_spans_both(a, b):
    both = a + b
    assert (both.start, both.end) == (min(a.start, b.start), max(a.end, b.end))


@given(gauges(), gauges())
def test_the_later_gauge_wins_and_the_larger_of_two_at_once(a, b):
    both = a + b
    assert (both.at, both.last) == max((a.at, a.last), (b.at, b.last))
    assert (both.minimum, both.maximum) == (min(a.minimum, b.minimum), max(a.maximum, b.maximum))


def test_a_remembered_series_is_the_one_of_its_key():
    key = Series.of("http_reqs", name="x").key
    assert series_of(key) is series_of(key)
    assert series_of(key) == Series.parse(key)
