"""Knative's autoscaler as a policy: panic, bounds, the way to zero."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec, Memory
from tonnage.scaling.policy import Absent, Averages, Metrics, Observation, Pod

SPEC = KnativeSpec(target=10.0, capacity=12.5, burst_capacity=0.0)
loads = st.floats(0, 10_000)


def sight(now, replicas, load, panic=None):
    averages = Averages(load, load if panic is None else panic)
    pods = tuple(Pod(f"pod-{i}", ready="True") for i in range(replicas))
    return Observation(now, replicas, pods=pods, metrics=Metrics(averages={"concurrency": averages}))


def rehearse(spec, seen, replicas):
    policy, state = KnativePodAutoscaler(spec), None
    for i, load in enumerate(seen):
        decision, state = policy.decide(sight(2.0 * i, replicas, load), state)
        replicas = decision.replicas
        yield decision


@given(st.integers(0, 50), loads, loads, st.integers(0, 5), st.integers(0, 60))
def test_the_size_stays_within_its_bounds(ready, stable, panic, least, room):
    spec = replace(SPEC, least=least, most=least + room)
    decision, _ = KnativePodAutoscaler(spec).decide(sight(0.0, ready, stable, panic), None)
    assert least <= decision.replicas
    assert spec.most == 0 or decision.replicas <= spec.most


@given(st.integers(1, 50), loads, loads, loads)
def test_more_load_never_asks_for_fewer(ready, a, b, panic):
    policy = KnativePodAutoscaler(SPEC)
    sizes = [policy.decide(sight(0.0, ready, load, panic), Memory())[0].replicas for load in sorted((a, b))]
    assert sizes == sorted(sizes)


@given(st.lists(loads, min_size=2, max_size=40), st.integers(1, 20))
def test_panic_never_goes_down(seen, replicas):
    policy, state, before = KnativePodAutoscaler(SPEC), None, 0
    for i, load in enumerate(seen):
        decision, state = policy.decide(sight(2.0 * i, replicas, load), state)
        if state.panic_since is not None:
            assert decision.replicas >= before
        before = decision.replicas if state.panic_since is not None else 0
        replicas = decision.replicas


@pytest.mark.parametrize(
    "change",
    [{"pods": Absent("no list")}, {"metrics": Metrics()}, {"metrics": Metrics(averages={"concurrency": Absent("x")})}],
)
def test_case_66_without_data_the_size_holds(change):
    seen, policy = sight(0.0, 7, 100.0), KnativePodAutoscaler(SPEC)
    _, state = policy.decide(seen, None)
    decision, after = policy.decide(replace(seen, now=2.0, **change), state)
    assert (decision.replicas, decision.valid, after) == (7, False, state)


def test_case_66_what_is_no_number_is_no_data():
    decision, _ = KnativePodAutoscaler(SPEC).decide(sight(0.0, 7, float("nan")), None)
    assert (decision.replicas, decision.valid) == (7, False)


def test_a_restarted_autoscaler_holds_its_size_for_a_stable_window():
    sizes = [decision.replicas for decision in rehearse(SPEC, [20.0] * 60, 8)]
    assert sizes[:31] == [8] * 31
    assert sizes[31:34] == [4, 2, 2]


def test_the_last_pod_stays_for_its_grace():
    sizes = [decision.replicas for decision in rehearse(SPEC, [5.0, *[0.0] * 20], 1)]
    assert sizes == [1] * 16 + [0] * 5


def test_case_68_a_load_that_swings_about_the_target_does_not_flap_with_a_delay():
    spec = replace(SPEC, scale_down_delay=300.0)
    sizes = [decision.replicas for decision in rehearse(spec, [39.0, 41.0] * 300, 1)]
    assert sum(a != b for a, b in pairwise(sizes)) <= 1
