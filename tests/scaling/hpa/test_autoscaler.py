"""Laws of the HPA as a policy, over arbitrary observations, and the figures that its users meet."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.hpa.sights import CPU, QUEUE, SESSIONS, observations, serving, specs

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.behavior import Memory
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, RatePolicy, ScalingRules, Target
from tonnage.scaling.policy import Absent, Condition, Faults, Metrics, Observation, Pod

loads = st.lists(st.integers(0, 200_000), min_size=1, max_size=60)


def rehearse(spec, totals, start, step=15.0):
    """(time, size before, decision) of each sync, every decision carried out at once."""
    policy, state, replicas, conditions = HorizontalPodAutoscaler(spec), None, start, ()
    for i, total in enumerate(totals):
        observation = serving(i * step, replicas, total, conditions=conditions)
        decision, state = policy.decide(observation, state)
        yield i * step, replicas, decision
        replicas, conditions = decision.replicas, decision.conditions


@given(specs(), observations())
def test_the_size_stays_within_its_bounds(spec, seen):
    decision, _ = HorizontalPodAutoscaler(spec).decide(seen, None)
    if decision.valid and seen.replicas > 0:
        assert spec.floor <= decision.replicas <= spec.max_replicas


@given(specs(), observations())
def test_the_same_sight_gives_the_same_decision_and_changes_nothing(spec, seen):
    policy, before = HorizontalPodAutoscaler(spec), copy.deepcopy(seen)
    first, memory = policy.decide(seen, None)
    kept = copy.deepcopy(memory)
    second = policy.decide(seen, memory)
    assert policy.decide(seen, None) == (first, memory)
    assert policy.decide(seen, memory) == second
    assert (seen, memory) == (before, kept)


@given(specs(), observations())
def test_without_any_data_the_size_does_not_change(spec, seen):
    blind = replace(seen, replicas=spec.max_replicas, pods=Absent("no list"), metrics=Metrics())
    decision, _ = HorizontalPodAutoscaler(spec).decide(blind, None)
    assert decision.replicas == spec.max_replicas
    assert not decision.valid
    assert decision.reason.startswith("no decision, because")


@given(specs(), observations())
def test_a_metric_that_fails_never_lowers_the_size(spec, seen):
    decision, _ = HorizontalPodAutoscaler(spec).decide(seen, None)
    failing = any(isinstance(each.proposal, Absent) for each in decision.metrics)
    if failing and spec.semantics.holds_on_partial_failure:
        assert decision.replicas >= seen.replicas


@settings(deadline=None)
@given(st.integers(1, 20), loads)
def test_no_scale_down_goes_below_the_largest_recent_proposal(start, totals):
    spec, proposals = HpaSpec(60, (SESSIONS,), 1), [(0.0, start)]
    for now, before, decision in rehearse(spec, totals, start):
        proposals.append((now, decision.metrics[0].proposal))
        if decision.replicas < before:
            assert decision.replicas >= max(n for at, n in proposals if at >= now - 300)


@settings(deadline=None)
@given(st.integers(1, 20), loads, st.sampled_from(["Pods", "Percent"]), st.integers(1, 120), st.integers(15, 300))
def test_no_rate_limit_is_ever_exceeded(start, totals, kind, value, period):
    limit = (RatePolicy(kind, value, period),)
    rules = Behavior(ScalingRules(0, policies=limit), ScalingRules(0, policies=limit))
    sizes = [(float("-inf"), start)]
    for now, before, decision in rehearse(HpaSpec(500, (SESSIONS,), 1, rules), totals, start):
        begin = [n for at, n in sizes if at <= now - period][-1]
        sizes.append((now, decision.replicas))
        share = value if kind == "Pods" else begin * value / 100
        # Percentages are rounded up on the way up and truncated on the way down: less than one replica either way.
        if decision.replicas > before:
            assert decision.replicas < begin + share + 1
        if decision.replicas < before:
            assert decision.replicas > begin - share - 1


def first_change(spec, upwards):
    """Sessions on 10 workers at which the size first changes, counting from the middle."""
    for sessions in range(30, 60) if upwards else range(39, 0, -1):
        decision, _ = HorizontalPodAutoscaler(spec).decide(serving(1000.0, 10, 1000 * sessions), Memory(()))
        if (decision.replicas > 10) if upwards else (decision.replicas < 10):
            return sessions
    return None


def sessions_hpa(milli, up=None, down=None, version="1.37"):
    rules = Behavior(ScalingRules(tolerance=up), ScalingRules(0, tolerance=down))
    return HpaSpec(50, (replace(SESSIONS, target=Target("AverageValue", average=milli)),), 2, rules, version)


@pytest.mark.parametrize(
    ("spec", "up", "down"),
    [
        (sessions_hpa(4000), 45, 35),
        (sessions_hpa(3999, 0.0, 0.625), 40, 14),
        (sessions_hpa(4000, 0.0, 0.625), 41, 14),
        (sessions_hpa(3636, version="1.30"), 40, 32),
        (sessions_hpa(3637, version="1.30"), 41, 32),
        (sessions_hpa(3999, 0.0, 0.625, version="1.34"), 44, 35),
    ],
)
def test_thresholds_of_0_8_and_0_3_as_an_hpa_sees_them(spec, up, down):
    # 10 workers of 5 sessions: 40 are 0.8, 15 are 0.3 (autoscaling.md 1.1); tolerances of its own count from 1.35.
    assert first_change(spec, upwards=True) == up
    assert first_change(spec, upwards=False) == down


def test_case_66_a_metric_that_is_down_holds_the_size_and_never_goes_to_zero():
    spec = HpaSpec(50, (SESSIONS, CPU), 0)
    policy, state = HorizontalPodAutoscaler(spec), None
    seen = serving(0.0, 20, 60_000)
    for at in range(0, 3600, 15):
        for metrics in (Metrics(), Metrics(pods={"sessions": Absent("NaN")}), Metrics(pods={"sessions": ()})):
            decision, state = policy.decide(replace(seen, now=float(at), metrics=metrics), state)
            assert (decision.replicas, decision.valid) == (20, False)
            assert decision.error


def test_case_66_one_metric_of_two_down_may_raise_the_size_but_not_lower_it():
    policy = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS, CPU), 1))
    busy, _ = policy.decide(serving(0.0, 4, 30_000), Memory(()))
    idle, _ = policy.decide(serving(0.0, 4, 2_000), Memory(()))
    assert (busy.replicas, busy.valid) == (8, True)
    assert (idle.replicas, idle.valid) == (4, False)
    assert "1 invalid out of 2" in busy.error


def test_case_68_a_load_that_swings_about_the_target_does_not_flap():
    # Average 4 a worker with 10 % tolerance: 38 to 42 sessions on 10 workers lie within it; 34 to 46 do not, and the
    # window of 300 s lets the size go up once and stay.
    quiet = [decision.replicas for *_, decision in rehearse(sessions_hpa(4000), [38_000, 42_000] * 120, 10)]
    assert set(quiet) == {10}
    swung = [d.replicas for *_, d in rehearse(HpaSpec(50, (SESSIONS,), 2), [34_000, 46_000] * 120, 10)]
    assert sum(a != b for a, b in zip([10, *swung], swung, strict=False)) == 1


def test_a_controller_that_forgets_scales_down_only_after_a_window():
    policy = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 1))
    first, state = policy.decide(serving(0.0, 10, 8_000), None)
    assert first.replicas == 10
    assert "recent recommendations were higher" in first.reason
    later, _ = policy.decide(serving(301.0, 10, 8_000), state)
    assert later.replicas == 2


def test_a_write_that_failed_leaves_no_event_behind():
    spec = HpaSpec(50, (SESSIONS,), 1, Behavior())
    seen = serving(0.0, 4, 40_000)
    policy = HorizontalPodAutoscaler(spec)
    _, done = policy.decide(seen, None)
    decision, state = policy.decide(replace(seen, faults=Faults(update_scale="conflict")), None)
    assert [event.change for event in done.ups] == [4]
    assert state.ups == ()
    assert (decision.replicas, decision.valid) == (4, False)
    assert decision.conditions[0].reason == "FailedUpdateScale"


@pytest.mark.parametrize(
    ("version", "floor", "zeroed", "replicas"),
    [("1.37", 0, True, 3), ("1.37", 0, False, 0), ("1.37", 2, True, 3), ("1.33", 0, False, 3), ("1.33", 2, True, 0)],
)
def test_who_may_come_back_from_zero(version, floor, zeroed, replicas):
    conditions = (Condition("ScaledToZero", "True", "ScaledToZero"),) if zeroed else ()
    seen = Observation(0.0, 0, 0, metrics=Metrics(objects={"queue": 250_000}), conditions=conditions)
    decision, _ = HorizontalPodAutoscaler(HpaSpec(9, (QUEUE,), floor, version=version)).decide(seen, None)
    assert decision.replicas == replicas


@pytest.mark.parametrize("version", ["1.20", "1.37"])
def test_before_1_23_a_partly_failing_hpa_scales_down(version):
    policy = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS, CPU), 1, version=version))
    decision, _ = policy.decide(serving(0.0, 4, 2_000), Memory(()))
    assert decision.replicas == (1 if version == "1.20" else 4)


@pytest.mark.parametrize(("version", "replicas"), [("1.33", 6), ("1.37", 4)])
def test_until_1_37_succeeded_pods_count_as_missing(version, replicas):
    # Six pods asked for, two of them done: taken for missing at the target, they damp the change.
    seen = serving(0.0, 4, 13_000)
    done = tuple(Pod(f"job-{i}", "Succeeded") for i in range(2))
    spec = HpaSpec(50, (SESSIONS,), 1, version=version)
    decision, _ = HorizontalPodAutoscaler(spec).decide(replace(seen, replicas=6, pods=seen.pods + done), Memory(()))
    assert decision.replicas == replicas


@pytest.mark.parametrize(
    ("selector", "parses"),
    [
        ("app=web", True),
        ("app = web, tier in (a, b),!canary", True),
        ("release notin (x)", True),
        ("size>3", True),
        ("cheddar cheese", False),
        ("", False),
        ("a=b,,c", False),
        ("in (", False),
    ],
)
def test_a_selector_that_does_not_parse_is_refused(selector, parses):
    decision, _ = HorizontalPodAutoscaler(HpaSpec(9, (SESSIONS,), 1)).decide(
        serving(0.0, 2, 8_000, selector=selector), None
    )
    assert decision.valid == parses
    assert any(each.reason == "InvalidSelector" for each in decision.conditions) == (not parses)
