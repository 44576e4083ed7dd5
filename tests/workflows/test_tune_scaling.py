"""Tuning from texts: spaces, days and scores, on rehearsals that take a moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load.curve import Curve
from tonnage.load.demand import DAY, Demand
from tonnage.scaling.files import read_policy
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.sessions import SessionSpec
from tonnage.scaling.tune import tune
from tonnage.workflows.tune_scaling import (
    Case,
    days_of,
    margin,
    policy_of,
    space_of,
    spec_of,
    starting_point,
    study,
    tune_policy,
)

AGENT = """
agent:
  scaling:
    min_workers: 2
    max_workers: 30
    sessions_per_worker: 5
    scale_up_threshold: 0.8
    scale_down_threshold: 0.3
    scale_down_delay: 300s
    warmup_time: 30s
"""
HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
"""
AGENT_FILE, HPA_FILE = read_policy(AGENT, "agent.yaml"), read_policy(HPA, "hpa.yaml")


@pytest.mark.parametrize("file", [AGENT_FILE, HPA_FILE], ids=["sessions", "hpa"])
def test_the_policy_itself_is_a_point_of_its_space(file):
    point = starting_point(file)
    assert set(point) == {parameter.name for parameter in space_of(file).parameters}
    assert space_of(file).allowed(point)


def test_the_starting_point_makes_the_policy_that_was_given():
    assert spec_of(AGENT_FILE, starting_point(AGENT_FILE)) == AGENT_FILE.spec
    spec = spec_of(HPA_FILE, starting_point(HPA_FILE))
    assert isinstance(spec, HpaSpec)
    assert [metric.target.utilization for metric in spec.metrics] == [70]


@given(st.integers(0, 10_000))
def test_every_candidate_makes_a_policy(seed):
    from random import Random

    for file in (AGENT_FILE, HPA_FILE):
        space = space_of(file)
        candidate = space.sample(Random(seed))
        if space.allowed(candidate):
            assert policy_of(file, candidate).period > 0


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
    growth, burst, absent = days.stress
    assert growth.demand.curve.total == pytest.approx(1.5 * busiest)
    assert burst.demand.curve.total > busiest
    assert burst.demand.curve.length == pytest.approx(DAY)
    assert absent.gap is not None


def test_a_margin_is_a_share_of_the_limit_and_a_count_where_the_limit_is_zero():
    assert margin(0.0005, 0.001) == pytest.approx(0.5)
    assert margin(0.002, 0.001) == pytest.approx(-1.0)
    assert margin(3, 0) == -3
    assert margin(0, 0) == 0


def test_a_pool_that_is_too_small_is_tuned_until_callers_are_served():
    small = read_policy(AGENT.replace("min_workers: 2", "min_workers: 1"), "agent.yaml")
    subject = study(small, "sessions:mean=60s,scv=1,per_worker=5", "startup=60s,grace=600s")
    hour = Demand(Curve.through(0.02, [(1200.0, 0.02), (0.0, 0.5), (2400.0, 0.5)]))
    cases = tuple(Case(f"hour {i}", hour, i) for i in range(3))
    days = type(days_of(None, 2, 1))(cases[:2], (), cases[2:])
    before = subject.evaluate(starting_point(small), cases[0])
    found = tune_policy(subject, days, budget=30, seed=1)
    assert not before.held
    assert found.chosen is not None
    assert isinstance(spec_of(small, found.chosen.candidate), SessionSpec)
    assert found.chosen.candidate["min_workers"] > 1
    again = tune(space_of(small), subject.evaluate, days, budget=30, seed=1, start=[starting_point(small)])
    assert again == found
