"""Executors as data: what they are, and every mistake in them at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load.executor import (
    EXECUTORS,
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)

RAMP = (Stage(10, 20), Stage(5, 0))
GOOD = [
    ConstantVus(10, 60),
    RampingVus(1, RAMP),
    SharedIterations(5, 10),
    PerVuIterations(5, 1, 30),
    ConstantArrivalRate(50, 1, 60, 10, 20),
    RampingArrivalRate(0, 60, RAMP, 10, 20),
]


def paths(executor):
    return [mistake.path for mistake in executor.validate()]


@pytest.mark.parametrize("executor", GOOD, ids=lambda executor: executor.kind)
def test_an_executor_without_mistakes_has_none(executor):
    assert executor.validate() == []
    assert EXECUTORS[executor.kind] is type(executor)
    assert executor.curve.length == pytest.approx(executor.duration)
    assert executor.is_open == (executor.planned_arrivals() is not None)


def test_the_names_are_those_of_k6():
    assert sorted(EXECUTORS) == [
        "constant-arrival-rate", "constant-vus", "per-vu-iterations",
        "ramping-arrival-rate", "ramping-vus", "shared-iterations",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("executor", "duration", "concurrency", "arrivals"),
    [
        (GOOD[0], 60, 10, None),
        (GOOD[1], 15, 20, None),
        (GOOD[2], 600, 5, None),
        (GOOD[3], 30, 5, None),
        (GOOD[4], 60, 20, 3000),
        (GOOD[5], 15, 20, 2),
    ],
)
def test_an_executor_knows_its_extent(executor, duration, concurrency, arrivals):
    assert executor.duration == duration
    assert executor.max_concurrency == concurrency
    assert executor.planned_arrivals() == arrivals


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        (ConstantVus(0, 0.5), ["vus", "duration"]),
        (ConstantVus(2.5, math.nan), ["vus", "duration"]),
        (ConstantVus(True, math.inf), ["vus", "duration"]),
        (ConstantVus(1, 1e308), ["duration"]),
        (RampingVus(-1, ()), ["start_vus", "stages"]),
        (RampingVus(0, (Stage(-1, -1), Stage(1, 1.5))), ["stages[0].duration", "stages[0].target", "stages[1].target"]),
        (RampingVus(0, (Stage(1, 0),)), ["stages"]),
        (RampingVus(0, (Stage(1, 100_000_001),), -1), ["stages[0].target", "graceful_ramp_down"]),
        (RampingVus(0, (Stage(1, math.nan),)), ["stages[0].target"]),
        (SharedIterations(10, 5), ["iterations"]),
        (SharedIterations(0, 0, 0), ["vus", "iterations", "max_duration"]),
        (PerVuIterations(0, 0, -1), ["vus", "iterations", "max_duration"]),
        (ConstantArrivalRate(0, 1, 0.1, -1, 5), ["duration", "pre_allocated_vus", "rate"]),
        (ConstantArrivalRate(1, 0, 1, 5, 4), ["time_unit", "max_vus"]),
        (ConstantArrivalRate(1e10, 1, 1, 5, 5), ["rate"]),
        (RampingArrivalRate(0, 1, (Stage(1, 0),), 1, 1), ["stages"]),
        (RampingArrivalRate(-1, -1, (), 0, 0), ["start_rate", "time_unit", "stages", "max_vus"]),
    ],
)
def test_every_mistake_is_named_at_once(executor, expected):
    assert paths(executor) == expected


def test_a_mistake_says_what_to_do():
    (mistake,) = SharedIterations(10, 5).validate()
    assert mistake.message == "5 iterations cannot be shared by 10 VUs: use at most 5 VUs"
    assert str(ConstantVus(1, 0.5).validate()[0]) == "duration: 0.5 s is too short: it must be at least 1 s"


@given(
    st.floats(),
    st.floats(),
    st.lists(st.builds(Stage, st.floats(), st.floats()), max_size=3).map(tuple),
    st.integers(),
    st.integers(),
)
def test_validation_never_raises_and_protects_the_arithmetic(rate, unit, stages, some, most):
    executor = RampingArrivalRate(rate, unit, stages, some, most)
    if not executor.validate():
        assert executor.planned_arrivals() == pytest.approx(executor.curve.total, abs=1.001, rel=1e-6)
