"""Starts of open executors: where k6 has them, each exactly once, as many as the area."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load import segment
from tonnage.load.arrivals import arrival, arrivals
from tonnage.load.executor import ConstantArrivalRate, RampingArrivalRate, Stage

VECTORS = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "k6" / "executor_vectors.json"

rates = st.integers(0, 50)
stages = st.lists(st.builds(Stage, st.sampled_from([0, 0.3, 1, 2.5, 4]), rates), min_size=1, max_size=5)
ramping = st.builds(
    RampingArrivalRate, rates, st.sampled_from([1, 0.5, 60]), stages.map(tuple), st.just(1), st.just(10)
)
constant = st.builds(
    ConstantArrivalRate, st.floats(0.1, 50), st.sampled_from([1, 0.5, 60]), st.floats(1, 20), st.just(1), st.just(10)
)
sequences = st.sampled_from(["0,1", "0,1/2,1", "0,1/3,2/3,1", "0,1/4,1", "0,0.1,0.3,0.35,1", "0,1/7,3/5,1"])


def test_arrivals_fall_where_k6_lets_them_fall():
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is absent")
    for case in json.loads(VECTORS.read_text())["ramping_arrival_rate"]:
        per = {"1s": 1, "1m": 60}[case["timeUnit"]]
        shape = tuple(Stage(s["duration_s"], s["target"]) for s in case["stages"])
        executor = RampingArrivalRate(case["startRate"], per, shape, 1, 10)
        ours = list(arrivals(executor, segment.parse(case["segment"], case["sequence"])))
        assert ours == pytest.approx(case["t"], abs=1e-6), case["name"]


def test_a_constant_rate_starts_at_zero_and_not_at_its_end():
    executor = ConstantArrivalRate(rate=4, time_unit=1, duration=2, pre_allocated_vus=1, max_vus=1)
    assert list(arrivals(executor)) == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]


def test_a_ramp_starts_with_its_first_whole_area():
    executor = RampingArrivalRate(0, 1, (Stage(4, 4),), 1, 1)
    assert arrival(executor, 1) == pytest.approx(2**0.5)
    assert arrival(executor, 8) == pytest.approx(4)


@pytest.mark.parametrize("n", [-1, 8])
def test_a_start_that_is_not_planned_is_refused(n):
    with pytest.raises(ValueError, match="outside 0 to 7: constant-arrival-rate plans 8 starts"):
        arrival(ConstantArrivalRate(4, 1, 2, 1, 1), n)


def test_an_hour_of_thirds_ends_where_it_should():
    executor = ConstantArrivalRate(rate=1, time_unit=3, duration=3600, pre_allocated_vus=1, max_vus=1)
    assert arrival(executor, 1199) == 3597
    assert executor.planned_arrivals() == 1200


@given(st.one_of(ramping, constant))
def test_the_area_is_the_number_of_arrivals_within_one(executor):
    assert executor.planned_arrivals() == pytest.approx(executor.curve.total, abs=1 + 1e-6)
    assert len(list(arrivals(executor))) == executor.planned_arrivals()


@given(st.one_of(ramping, constant))
def test_arrivals_ascend_within_the_duration(executor):
    instants = list(arrivals(executor))
    assert instants == sorted(instants)
    assert all(0 <= t <= executor.duration + 1e-9 for t in instants)


@given(st.one_of(ramping, constant), sequences)
def test_the_stripes_of_a_sequence_partition_the_arrivals(executor, sequence):
    parts = [list(arrivals(executor, stripe)) for stripe in segment.parse_sequence(sequence)]
    assert sorted(t for part in parts for t in part) == list(arrivals(executor))
