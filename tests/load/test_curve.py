"""Laws of Curve, and k6's own start times."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load.curve import Curve, Piece

SHARED = Path(os.environ.get("TONNAGE_SHARED", "../shared"))
amount = st.floats(0, 1e4).filter(lambda x: x == 0 or x > 1e-3)
stages = st.lists(st.tuples(st.floats(1e-2, 1e4), amount), min_size=1, max_size=6)


@given(amount, stages, st.floats(0, 1))
def test_the_instant_of_an_area_has_that_area(start, shape, share):
    curve = Curve.through(start, shape)
    area = share * curve.total
    assert curve.area(curve.when(area)) == pytest.approx(area, rel=1e-9, abs=1e-9)


@given(amount, stages, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_area_never_comes_earlier(start, shape, a, b):
    curve = Curve.through(start, shape)
    lesser, greater = sorted((a * curve.total, b * curve.total))
    assert curve.when(lesser) <= curve.when(greater)


@given(amount, stages, st.floats(-10, 1e5))
def test_it_is_never_negative(start, shape, t):
    assert Curve.through(start, shape).value(t) >= 0


def test_an_arrival_beyond_the_total_is_refused():
    with pytest.raises(ValueError, match="no such arrival"):
        Curve.through(0, [(4, 4)]).when(9)


def test_a_negative_rate_is_refused():
    with pytest.raises(ValueError, match="piece 0"):
        Curve.through(1, [(1, -1)])


def test_stairs_jump_and_stay():
    curve = Curve.stairs([(10, 5), (10, 20), (5, 0)])
    assert [curve.value(t) for t in (0, 9.9, 10, 19.9, 20, 24.9)] == [5, 5, 20, 20, 0, 0]
    assert curve.total == 250


@given(amount, stages, st.floats(0, 1), st.floats(0, 1), st.lists(st.floats(0, 1), max_size=5))
def test_every_value_lies_between_the_extremes(start, shape, a, b, shares):
    curve = Curve.through(start, shape)
    begin, end = sorted((a * curve.length, b * curve.length))
    low, high = curve.extremes(begin, end)
    for share in shares:
        t = begin + share * (end - begin)
        if begin <= t < end:
            assert low - 1e-9 <= curve.value(t) <= high + 1e-9


def test_extremes_of_stairs_leave_out_what_begins_at_the_end():
    curve = Curve.stairs([(10, 5), (10, 20), (5, 1)])
    assert curve.extremes(0, 10) == (5, 5)
    assert curve.extremes(5, 15) == (5, 20)
    assert curve.extremes(10, 25) == (1, 20)
    assert curve.extremes(20, 30) == (0, 1)


@given(amount, stages)
def test_four_numbers_a_piece_are_the_whole_curve(start, shape):
    curve = Curve.through(start, shape)
    assert Curve(tuple(Piece(length, begin, end) for _, length, begin, end in curve.pieces4())) == curve
    assert [at for at, *_ in curve.pieces4()] == pytest.approx(
        [sum(s for s, _ in shape[:i]) for i in range(len(shape))]
    )


def k6_schedules():
    vectors = SHARED / "k6" / "executor_vectors.json"
    if not vectors.exists():
        return
    for case in json.loads(vectors.read_text())["ramping_arrival_rate"]:
        if not case["segment"]:
            yield pytest.param(case, id=case["name"])


@pytest.mark.parametrize("case", list(k6_schedules()))
def test_arrivals_fall_where_k6_lets_them_fall(case):
    per = {"1s": 1, "1m": 60}[case["timeUnit"]]
    curve = Curve.through(case["startRate"] / per, [(s["duration_s"], s["target"] / per) for s in case["stages"]])
    ours = [curve.when(n) for n in range(1, len(case["t"]) + 1)]
    assert ours == pytest.approx(case["t"], abs=1e-6)
