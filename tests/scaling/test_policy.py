"""What the seam promises, and one suite of its laws over every policy."""

import copy
import dataclasses
from dataclasses import replace

import pytest
from tests.scaling.hpa.sights import SESSIONS, serving

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import Behavior, HpaSpec
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.policy import NOT_OBSERVED, Absent, Averages, Decision, Metrics, Observation, Worker
from tonnage.scaling.schedule import DAY, Schedule, Span
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

HPA = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2))
POLICIES = {
    "hpa": HPA,
    "hpa with behaviour": HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2, Behavior())),
    "hpa of 1.20": HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2, Behavior(), "1.20")),
    "knative": KnativePodAutoscaler(KnativeSpec(target=4.0, least=2, most=50)),
    "sessions": SessionPolicy(SessionSpec(2, 50, 5)),
    "schedule": Schedule(HPA, (Span(0, DAY, floor=2, ceiling=50),)),
}
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


def sight(now, replicas, sessions):
    """`sessions` on `replicas` pods, as each kind of policy sees them."""
    seen = serving(now, replicas, 1000 * sessions)
    workers = tuple(Worker(f"w{i}", "ready", sessions // replicas) for i in range(replicas))
    averages = {"concurrency": Averages(float(sessions), float(sessions))}
    return replace(seen, workers=workers, metrics=replace(seen.metrics, averages=averages))


@every_policy
@pytest.mark.parametrize("sessions", [0, 10, 40, 50, 500])
def test_a_decision_is_pure_has_a_reason_and_keeps_the_bounds(policy, sessions):
    state = None
    for now in (0.0, 15.0, 700.0):
        seen = sight(now, 10, sessions)
        before = copy.deepcopy((seen, state))
        answer = policy.decide(seen, state)
        assert policy.decide(seen, state) == answer
        assert (seen, state) == before
        decision, state = answer
        assert decision.valid
        assert decision.reason
        assert 2 <= decision.replicas <= 50


@every_policy
def test_without_data_nothing_changes_and_the_reason_says_so(policy):
    _, state = policy.decide(sight(0.0, 10, 40), None)
    for known in (state, None):
        blind = Observation(1000.0, 10, pods=Absent("no list"), workers=Absent("no list"), rejected=Absent("no count"))
        decision, _ = policy.decide(blind, known)
        assert (decision.replicas, decision.valid) == (10, False)
        assert decision.reason.startswith("no decision, because ")


@every_policy
def test_a_heavy_load_raises_the_size(policy):
    decision, _ = policy.decide(sight(0.0, 10, 200), None)
    assert decision.replicas > 10


@every_policy
def test_it_says_how_often_it_decides(policy):
    assert policy.period > 0


def test_no_decision_keeps_the_size_and_says_why():
    decision = Decision.none(7, "no pods were seen")
    assert (decision.replicas, decision.valid) == (7, False)
    assert decision.reason == "no decision, because no pods were seen"
    assert decision.error == "no pods were seen"


def test_a_resource_that_nobody_read_is_absent_not_zero():
    assert Metrics().resource == NOT_OBSERVED
    assert Absent("scrape timed out") != 0
    assert Observation(0.0, 3, pods=Absent("no list")).ready == Absent("no list")


def test_the_existing_size_is_the_asked_one_unless_told_otherwise():
    assert Observation(0.0, 3).existing == 3
    assert Observation(0.0, 3, status_replicas=5).existing == 5


def test_an_observation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Observation(0.0, 3).replicas = 4
