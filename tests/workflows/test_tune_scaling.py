"""Tuning from texts: spaces, days and scores, on rehearsals that take a moment."""

import pytest
from tests.scaling.inputs import VOICE_SCALING, WEB_HPA

from tonnage.load.curve import Curve
from tonnage.load.demand import DAY, Demand
from tonnage.load.plan import Threshold
from tonnage.runs.run import ThresholdResult
from tonnage.scaling.candidates.setup import spans_of, spec_of
from tonnage.scaling.candidates.space import Freedom, space_of
from tonnage.scaling.files import read_policy
from tonnage.scaling.sessions import SessionSpec
from tonnage.scaling.tune import Days, tune
from tonnage.workflows.tune_scaling import (
    margin,
    study,
    tune_policy,
    with_floors,
)
from tonnage.workflows.tuning_days import Case, Stress, days_of

AGENT = VOICE_SCALING.replace("max_workers: 50", "max_workers: 30")


def test_whole_days_of_a_demand_are_training_and_test_days():
    curve = Curve.through(1, [(DAY, 3), (DAY, 1), (DAY, 2)])
    days = days_of(Demand(curve), 10, seed=1)
    parts = [*days.training, *days.test]
    assert [case.demand.curve.length for case in parts] == [DAY] * 3
    assert sum(case.demand.curve.total for case in parts) == pytest.approx(curve.total)
    assert {case.name for case in days.stress} == {"growth", "burst", "metrics absent"}
    assert not set(days.training) & set(days.test)


def test_stress_days_come_from_the_busiest_training_day():
    days = days_of(Demand(Curve.through(1, [(DAY, 1), (0, 3), (DAY, 3), (0, 1), (DAY, 1)])), 3, seed=1)
    busiest = max(case.demand.curve.total for case in days.training)
    burst, growth, absent = days.stress
    assert growth.demand.curve.total == pytest.approx(1.5 * busiest)
    assert burst.demand.curve.total > busiest
    assert burst.demand.curve.length == pytest.approx(DAY)
    assert absent.gap is not None


def result(state, lower=None, limit=0.0, margin=None):
    ok = {"pass": True, "fail": False}.get(state)
    return ThresholdResult("x", "value<=0", ok, state, lower, lower, limit, margin)


def test_a_margin_is_a_share_of_the_limit_and_a_count_where_the_limit_is_zero():
    assert margin(result("pass", 0.0005, 0.001, 0.5)) == 0.5
    assert margin(result("fail", 3)) == -3
    assert margin(result("pass", 0)) is None
    assert margin(result("no data")) is None


def test_an_objective_that_nothing_can_be_said_of_is_not_kept():
    assert margin(result("undecided", 400, 500)) == -1


def test_a_pool_that_is_too_small_is_tuned_until_callers_are_served():
    small = read_policy(AGENT.replace("min_workers: 2", "min_workers: 1"), "agent.yaml")
    subject = study(small, "sessions:mean=60s,scv=1,per_worker=5", "startup=60s,grace=600s")
    hour = Demand(Curve.through(0.02, [(1200.0, 0.02), (0.0, 0.5), (2400.0, 0.5)]))
    cases = tuple(Case(f"hour {i}", hour, i) for i in range(3))
    days = Days(cases[:2], (), cases[2:])
    before = subject.as_it_is(cases[0])
    found = tune_policy(subject, days, budget=30, seed=1)
    assert not before.held
    assert found.chosen is not None
    assert isinstance(spec_of(small, found.chosen.candidate), SessionSpec)
    assert found.chosen.candidate["min_workers"] > 1
    space = space_of(small, subject.freedom)
    assert found == tune(space, subject.evaluate, days, budget=30, seed=1, start=[subject.start])


def test_the_point_of_a_session_policy_fares_as_the_policy_itself():
    subject = study(read_policy(AGENT, "agent.yaml"), "sessions:mean=60s,per_worker=5", "startup=60s")
    hour = Case("hour", Demand(Curve.through(0.1, [(3600.0, 0.6)])), 4)
    assert subject.evaluate(subject.start, hour) == subject.as_it_is(hour)


def test_objectives_that_are_asked_for_stand_beside_those_of_a_session_pool():
    asked = (Threshold("replica_changes", "count<=10"),)
    subject = study(read_policy(AGENT, "agent.yaml"), "sessions:mean=60s", "", asked)
    assert [each.metric for each in subject.objectives] == ["session_blocked", "sessions_cut", "replica_changes"]
    service = study(read_policy(WEB_HPA, "hpa.yaml"), "service:demand=20ms", "", asked)
    assert service.objectives == asked


def test_floors_carry_the_busiest_training_day_and_look_ahead_as_long_as_a_replica_takes():
    demand = Demand(Curve.through(1, [(12 * 3600, 1), (0, 5), (12 * 3600, 5), (0, 1), (DAY, 1)]))
    days = days_of(demand, 2, 1, Stress(growth=1, burst=1, outage=0))
    subject = with_floors(study(read_policy(AGENT, "agent.yaml"), "sessions:mean=60s", "startup=5m"), days)
    floors = subject.freedom.floors
    assert days.stress == ()
    assert (floors[0], floors[23], floors[24]) == (12, 60, 60)
    assert floors[22] == 12


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", Stress(1.5, 2.0, 600.0)), ("burst=3", Stress(1.5, 3.0, 600.0)), ("growth=1,outage=0s", Stress(1, 2, 0))],
)
def test_stress_is_what_is_named_and_else_the_usual(text, wanted):
    assert Stress.parse(text) == wanted


def test_floors_of_workers_with_more_sessions_are_lower():
    demand = Demand(Curve.through(1, [(2 * DAY, 1)]))
    days = days_of(demand, 2, 1, Stress(growth=1, burst=1, outage=0))
    file = read_policy(AGENT, "agent.yaml")
    subject = with_floors(study(file, "sessions:mean=60s,per_worker=5", "", freedom=Freedom(slots=(3, 20))), days)
    point = {**subject.start, "floor_share": 1.0}
    found = [spans_of(file, {**point, "sessions_per_worker": slots}, subject.freedom) for slots in (5.0, 20.0)]
    assert [[span.floor for span in spans] for spans in found] == [[12], [3]]
