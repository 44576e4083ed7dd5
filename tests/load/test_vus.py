"""Steps of VUs: where k6 has them, and the stripes always add up to the whole."""

import json
import os
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load import segment
from tonnage.load.executor import ConstantVus, RampingVus, SharedIterations, Stage
from tonnage.load.segment import Stripe
from tonnage.load.vus import Step, graceful_vu_steps, vu_steps
from tonnage.units import parse_duration

VECTORS = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "k6" / "executor_vectors.json"

stages = st.lists(st.builds(Stage, st.sampled_from([0, 0.3, 1, 2.5, 7]), st.integers(0, 40)), min_size=1, max_size=6)
ramping = st.builds(RampingVus, st.integers(0, 40), stages.map(tuple), st.sampled_from([0, 0.1, 3, 30]))
sequences = st.sampled_from(["0,1", "0,1/2,1", "0,1/3,2/3,1", "0,1/4,1", "0,0.1,0.3,0.35,1", "0,1/7,3/5,1"])


def at(steps, t):
    """The VUs at t, after every step of that instant."""
    return [step.vus for step in steps if step.at <= t][-1]


def cases():
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is absent")
    for case in json.loads(VECTORS.read_text())["ramping_vus"]:
        shape = tuple(Stage(s["duration_s"], s["target"]) for s in case["stages"])
        executor = RampingVus(case["startVUs"], shape, parse_duration(case["gracefulRampDown"]))
        yield case, executor, segment.parse(case["segment"], case["sequence"])


def same(steps, expected):
    assert [step.vus for step in steps] == [step["vus"] for step in expected]
    assert [step.at for step in steps] == pytest.approx([step["t"] for step in expected], abs=1e-6)


def test_vus_step_where_k6_steps():
    for case, executor, stripe in cases():
        same(vu_steps(executor, stripe), case["raw"])


def test_vus_are_reserved_as_long_as_k6_reserves_them():
    for case, executor, stripe in cases():
        same(graceful_vu_steps(executor, stripe, parse_duration(case["gracefulStop"])), case["graceful"])


def test_a_flat_executor_has_two_steps():
    assert vu_steps(ConstantVus(10, 60), Stripe.of(0, 3)) == [Step(0, 4), Step(60, 0)]
    assert graceful_vu_steps(ConstantVus(10, 60), graceful_stop=5) == [Step(0, 10), Step(65, 0)]
    assert vu_steps(SharedIterations(2, 10, 30)) == [Step(0, 2), Step(30, 0)]


def test_a_share_of_nothing_is_one_step():
    assert vu_steps(ConstantVus(1, 60), Stripe.of(1, 2)) == [Step(0, 0)]


@given(ramping, sequences)
def test_the_stripes_add_up_to_the_whole_at_every_instant(executor, sequence):
    whole = vu_steps(executor)
    parts = [vu_steps(executor, stripe) for stripe in segment.parse_sequence(sequence)]
    for t in {step.at for step in whole}:
        assert sum(at(part, t) for part in parts) == at(whole, t)


@given(ramping, st.floats(0, 45))
def test_vus_never_leave_the_line_by_one(executor, t):
    if t < executor.duration:
        assert at(vu_steps(executor), t) == pytest.approx(executor.curve.value(t), abs=1 + 1e-6)


@given(ramping, st.sampled_from([0, 1, 30]))
def test_reserved_vus_cover_the_running_ones_and_end_in_time(executor, graceful_stop):
    raw, reserved = vu_steps(executor), graceful_vu_steps(executor, graceful_stop=graceful_stop)
    for t in {step.at for step in raw}:
        assert at(reserved, t) >= at(raw, t) or t >= executor.duration
    assert reserved[-1].vus == 0
    assert reserved[-1].at <= executor.duration + graceful_stop + 1e-9


@given(ramping, sequences)
def test_every_step_is_a_change(executor, sequence):
    for stripe in segment.parse_sequence(sequence):
        assert all(a.vus != b.vus and a.at <= b.at for a, b in pairwise(vu_steps(executor, stripe)))
        assert all(a.vus != b.vus and a.at <= b.at for a, b in pairwise(graceful_vu_steps(executor, stripe)))


@given(ramping)
def test_reserved_vus_are_the_highest_of_the_time_before(executor):
    raw, reserved = vu_steps(executor), graceful_vu_steps(executor, graceful_stop=0)
    hold = executor.graceful_ramp_down
    for t in {step.at for step in reserved if step.at < executor.duration}:
        # Between two nanoseconds, where no step falls.
        u = t + 5e-10
        recent = [a.vus for a, b in pairwise([*raw, Step(inf, 0)]) if b.at + hold > u >= a.at]
        assert at(reserved, u) == max(recent)
