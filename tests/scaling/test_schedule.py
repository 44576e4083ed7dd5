"""A schedule around the other policies."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaling.hpa.sights import SESSIONS, serving

from tonnage.errors import PlanError
from tonnage.load.curve import Curve
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import Behavior, HpaSpec
from tonnage.scaling.policy import Absent, Metrics, Observation, Worker
from tonnage.scaling.schedule import DAY, Schedule, Span
from tonnage.scaling.sessions import Memory, SessionPolicy, SessionSpec
from tonnage.scaling.window import MaxWindow

HOUR = 3600.0
HPA = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 1, Behavior()))
MORNING = Schedule(HPA, (Span(8 * HOUR, 10 * HOUR, floor=20), Span(22 * HOUR, 6 * HOUR, ceiling=5)))


@pytest.mark.parametrize(
    ("hour", "bounds"), [(7, (0, None)), (8, (20, None)), (10, (0, None)), (23, (0, 5)), (3, (0, 5)), (6, (0, None))]
)
def test_spans_bound_the_size_by_the_time_of_day(hour, bounds):
    assert MORNING.bounds(hour * HOUR) == bounds
    assert MORNING.bounds(hour * HOUR + 5 * DAY) == bounds


@given(st.floats(0, 10 * DAY), st.integers(1, 60), st.integers(0, 300_000))
def test_the_size_stays_within_the_schedules_bounds(now, replicas, total):
    decision, _ = MORNING.decide(serving(now, replicas, total), None)
    floor, ceiling = MORNING.bounds(now)
    assert decision.replicas >= floor
    assert ceiling is None or decision.replicas <= ceiling


@given(st.floats(0, DAY), st.integers(1, 40), st.integers(0, 300_000))
def test_without_bounds_it_is_the_policy_inside(now, replicas, total):
    seen = serving(now, replicas, total)
    assert Schedule(HPA).decide(seen, None) == HPA.decide(seen, None)


def test_a_floor_holds_although_the_policy_sees_nothing():
    blind = replace(serving(9 * HOUR, 4, 0), metrics=Metrics())
    decision, _ = MORNING.decide(blind, None)
    assert (decision.replicas, decision.valid) == (20, True)
    assert decision.reason.startswith("the schedule's floor is 20; no decision, because")


def test_case_66_a_ceiling_does_not_lower_a_size_that_nobody_can_judge():
    blind = replace(serving(23 * HOUR, 9, 0), metrics=Metrics())
    decision, _ = MORNING.decide(blind, None)
    assert (decision.replicas, decision.valid) == (9, False)


def test_the_policy_inside_does_not_remember_a_change_that_the_schedule_prevented():
    state = None
    for tick in range(40):
        decision, state = MORNING.decide(serving(8 * HOUR + 15.0 * tick, 20, 8_000), state)
        assert decision.replicas == 20
    assert state.downs == ()


def test_a_curve_is_a_floor_rounded_up():
    ramp = Schedule(HPA, curve=Curve.through(0, [(HOUR, 10), (HOUR, 10)]), origin=100.0)
    assert [ramp.bounds(100.0 + t)[0] for t in (0, 1, HOUR / 2, HOUR, 3 * HOUR)] == [0, 1, 5, 10, 0]


def test_a_floor_leaves_only_the_victims_that_it_allows():
    inside = SessionPolicy(SessionSpec(1, 50, 5))
    workers = tuple(Worker(f"w{i}", "ready") for i in range(10))
    seen, state = Observation(9 * HOUR, 10, workers=workers), Memory(0.0, MaxWindow(300))
    alone, _ = inside.decide(seen, state)
    bounded, _ = Schedule(inside, (Span(0, DAY, floor=8),)).decide(seen, state)
    assert (alone.replicas, len(alone.victims)) == (1, 9)
    assert (bounded.replicas, bounded.victims) == (8, ("w9", "w8"))
    lowered, _ = Schedule(inside, (Span(0, DAY, ceiling=4),)).decide(seen, None)
    assert (lowered.replicas, len(lowered.victims)) == (4, 6)
    unseen, _ = Schedule(inside, (Span(0, DAY, floor=12),)).decide(replace(seen, workers=Absent("x")), None)
    assert (unseen.replicas, unseen.victims) == (12, ())


def test_bounds_that_cannot_be_met_are_refused():
    with pytest.raises(PlanError) as caught:
        Schedule(HPA, (Span(0, HOUR, floor=9), Span(0, DAY, ceiling=4), Span(-1, 5), Span(0, 2 * DAY)))
    assert [each.path for each in caught.value.mistakes] == ["spans[2]", "spans[3]", "spans"]


def test_it_decides_as_often_as_the_policy_inside():
    assert MORNING.period == 15.0


@given(st.floats(0, 3 * DAY))
def test_bounds_hold_until_the_instant_that_is_said(now):
    until = MORNING.holds_until(now)
    assert until <= now + DAY
    for share in (0.0, 0.5, 1.0):
        if until > now:
            assert MORNING.bounds(now + share * (until - now)) == MORNING.bounds(now)


def test_bounds_that_follow_a_curve_hold_for_no_time():
    assert replace(MORNING, curve=Curve.through(0, [(DAY, 9)])).holds_until(7 * HOUR) == 7 * HOUR
