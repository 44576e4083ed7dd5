"""Laws of sliding windows."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.scaling.window import AverageWindow, MaxWindow

values = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 100)), min_size=1, max_size=60)


def timed(steps):
    return list(zip(accumulate(pause for pause, _ in steps), [value for _, value in steps], strict=True))


@given(values)
def test_the_maximum_is_that_of_all_values_within_the_length(steps):
    window, seen = MaxWindow(30), timed(steps)
    for i, (at, value) in enumerate(seen):
        window = window.record(at, value)
        assert window.maximum == max(v for t, v in seen[: i + 1] if t > at - 30)


@given(values)
def test_an_average_lies_between_the_extremes_of_its_buckets(steps):
    window, seen = AverageWindow(20, 1), timed(steps)
    for at, value in seen:
        window = window.record(at, value)
    at = seen[-1][0]
    assert 0 <= window.average(at) <= sum(value for _, value in seen)
    assert len(window.sums) <= window.size


def test_a_constant_load_has_its_own_average():
    window = AverageWindow(60, 1)
    for second in range(200):
        window = window.record(second, 7.0)
        assert window.average(second) == 7.0


def test_a_silent_window_averages_nothing():
    window = AverageWindow(5, 1).record(10, 4)
    assert [window.average(10), window.average(14), window.average(15)] == [4, 4, 0]
    assert AverageWindow(5, 1).average(3) == 0


def test_recording_changes_no_window_that_there_is():
    before = AverageWindow(5, 1).record(10, 4)
    before.record(11, 9)
    assert before.average(10) == pytest.approx(4)
