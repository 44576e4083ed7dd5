"""Laws of the session-worker policy, and the third document's numbers."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tonnage.errors import PlanError
from tonnage.scaling.policy import Absent, Observation, Worker
from tonnage.scaling.sessions import Memory, SessionPolicy, SessionSpec, victims
from tonnage.scaling.window import MaxWindow

SCALING = {
    "min_workers": 2,
    "max_workers": 50,
    "sessions_per_worker": 5,
    "scale_up_threshold": 0.8,
    "scale_down_threshold": 0.3,
    "scale_down_delay": "300s",
    "warmup_time": "30s",
}
DENTAL = SessionSpec(2, 50, 5)

counts = st.integers(0, 60)


@st.composite
def specs(draw):
    up, least = draw(st.integers(2, 1000)), draw(st.integers(0, 10))
    return SessionSpec(
        least,
        least + draw(st.integers(1, 40)),
        draw(st.integers(1, 12)),
        up,
        draw(st.integers(0, up - 1)),
        draw(st.sampled_from([0.0, 30.0, 300.0])),
        buffer=draw(st.one_of(st.none(), st.integers(0, 999))),
    )


def spread(active, workers, capacity):
    """`active` sessions on as few of the workers as carry them, and the rest idle."""
    loads = [min(capacity, max(0, active - capacity * i)) for i in range(workers)]
    return tuple(Worker(f"w{i}", "ready", load) for i, load in enumerate(loads))


def sight(now, active, workers, spec=DENTAL, rejected=0):
    return Observation(now, workers, workers=spread(active, workers, spec.sessions_per_worker), rejected=rejected)


def rehearse(spec, demand, workers, step=5.0):
    """Sizes of a pool that changes at once; what finds no place is rejected."""
    policy, state = SessionPolicy(spec), None
    for i, wanted in enumerate(demand):
        active = min(wanted, workers * spec.sessions_per_worker)
        decision, state = policy.decide(sight(i * step, active, workers, spec, wanted - active), state)
        workers = decision.replicas
        yield decision


@given(specs(), counts, counts, st.integers(0, 3))
def test_the_size_stays_within_its_bounds(spec, active, workers, rejected):
    active = min(active, workers * spec.sessions_per_worker)
    decision, _ = SessionPolicy(spec).decide(sight(0.0, active, workers, spec, rejected), None)
    assert spec.min_workers <= decision.replicas <= spec.max_workers


@given(specs(), counts, counts)
def test_the_same_sight_gives_the_same_decision(spec, active, workers):
    active = min(active, workers * spec.sessions_per_worker)
    policy, seen = SessionPolicy(spec), sight(0.0, active, workers, spec)
    assert policy.decide(seen, None) == policy.decide(seen, None)
    _, state = policy.decide(seen, None)
    assert policy.decide(seen, state) == policy.decide(seen, state)


@given(specs(), counts, counts)
def test_capacity_never_drops_under_the_active_sessions(spec, active, workers):
    assume(workers <= spec.max_workers)
    active = min(active, workers * spec.sessions_per_worker)
    state = Memory(-1e6, MaxWindow(spec.scale_down_delay))
    decision, _ = SessionPolicy(spec).decide(sight(0.0, active, workers, spec), state)
    assert decision.replicas * spec.sessions_per_worker >= active


@given(specs(), st.integers(1, 40))
def test_the_need_is_the_least_size_that_leaves_the_buffer_free(spec, active):
    need = spec.need(active)

    def free(n):
        return 1000 * active < (1000 - spec.reserve) * spec.sessions_per_worker * n

    assert free(need)
    assert not free(need - 1)


@given(specs(), st.integers(0, 200), counts)
def test_a_constant_load_settles(spec, active, workers):
    # A pair of thresholds that may cycle, or a buffer that the scale-up line eats, is a mistake that lint names.
    assume(not spec.may_cycle and spec.reserve >= 1000 - spec.scale_up_threshold)
    sizes = [each.replicas for each in rehearse(spec, [active] * 200, workers)]
    moves = [b - a for a, b in pairwise(sizes) if a != b]
    assert sizes[-1] == sizes[-61]
    assert sum(a * b < 0 for a, b in pairwise(moves)) <= 1


@pytest.mark.parametrize("delay", [0, 1, 12, 60])
def test_forty_sessions_settle_at_eleven_workers_whatever_the_provisioning_time(delay):
    policy, state, ready, pending = SessionPolicy(DENTAL), None, 8, []
    for tick in range(200):
        ready += sum(at <= tick for at in pending)
        pending = [at for at in pending if at > tick]
        seen = spread(40, ready, 5) + tuple(Worker(f"p{i}", "provisioning") for i in range(len(pending)))
        decision, state = policy.decide(Observation(5.0 * tick, ready, workers=seen), state)
        pending += [tick + delay] * (decision.replicas - len(seen))
    assert ready == 11


@given(counts, counts)
def test_case_66_an_unknown_metric_holds(active, workers):
    assume(2 <= workers <= 50)
    seen, policy = sight(0.0, min(active, workers * 5), workers), SessionPolicy(DENTAL)
    state = Memory(-1e6, MaxWindow(300))
    blind = tuple(replace(worker, sessions=Absent("scrape timed out")) for worker in seen.workers)
    for change in ({"workers": Absent("the API is down")}, {"workers": blind}):
        decision, after = policy.decide(replace(seen, **change), state)
        assert (decision.replicas, decision.valid, after.low_since) == (workers, False, None)
        assert decision.reason.startswith("no decision, because")


def test_case_66_with_one_worker_unknown_the_size_may_rise_but_not_fall():
    policy, state = SessionPolicy(DENTAL), Memory(-1e6, MaxWindow(300))
    unknown = Worker("dark", "ready", Absent("no answer"))
    full, idle = spread(45, 9, 5), spread(0, 9, 5)
    up, _ = policy.decide(Observation(0.0, 10, workers=(*full, unknown)), state)
    hold, _ = policy.decide(Observation(0.0, 10, workers=(*idle, unknown)), state)
    assert up.replicas == 12
    assert (hold.replicas, hold.valid) == (10, False)
    assert "dark" in hold.reason


@pytest.mark.parametrize("sessions", [-1, 5000])
def test_case_66_an_impossible_count_never_leaves_the_bounds(sessions):
    workers = (Worker("w0", "ready", sessions), *spread(10, 4, 5))
    decision, _ = SessionPolicy(DENTAL).decide(Observation(0.0, 5, workers=workers), None)
    assert decision.replicas == (5 if sessions < 0 else 50)


@settings(max_examples=20, deadline=None)
@given(st.integers(30, 49), st.lists(st.integers(-2, 2), min_size=720, max_size=720))
def test_case_68_a_load_that_swings_about_a_threshold_does_not_flap(level, noise):
    # An hour of ticks; going up leaves 20 % free and going down needs 0.3 for 300 s, so that noise never turns it.
    sizes = [each.replicas for each in rehearse(DENTAL, [level + each for each in noise], 10)]
    assert sizes == sorted(sizes)
    assert sum(a != b for a, b in pairwise([10, *sizes])) <= 3


def test_case_68_a_load_between_both_thresholds_moves_the_size_once_a_delay_at_most():
    # The worst swing: from idle to full every 150 s, shorter than the delay, so nothing is ever taken away.
    demand = ([2] * 30 + [50] * 30) * 12
    sizes = [each.replicas for each in rehearse(DENTAL, demand, 10)]
    assert sizes == sorted(sizes)


def test_scale_down_takes_the_largest_need_of_the_delay():
    demand = [40] * 10 + [12] * 20 + [8] * 100
    decisions = list(rehearse(DENTAL, demand, 14))
    low = next(i for i, each in enumerate(decisions) if each.replicas < 14)
    # Below 0.3 (21 of 70) from tick 10 on; 300 s later the window still holds the need of 12 sessions: 4 workers.
    assert (low, decisions[low].replicas) == (70, 4)
    # 8 of 20 are 0.4: not below 0.3, so the pool keeps a worker more than it needs.
    assert decisions[-1].replicas == 4


def test_victims_are_idle_first_then_light_then_new_and_drain():
    workers = (
        Worker("old-idle", "ready", 0),
        Worker("busy", "ready", 4),
        Worker("going", "draining", 1),
        Worker("dark", "ready", Absent("no answer")),
        Worker("light-old", "ready", 1),
        Worker("light-new", "ready", 1),
        Worker("new-idle", "warming", 0),
    )
    assert victims(workers, 9) == ("new-idle", "old-idle", "light-new", "light-old", "busy", "dark")
    assert victims(workers, 0) == ()


def test_the_draining_are_neither_load_nor_capacity():
    workers = (*spread(8, 2, 5), Worker("going", "draining", 5))
    decision, _ = SessionPolicy(DENTAL).decide(Observation(0.0, 3, workers=workers), None)
    assert decision.replicas == 3
    assert "8 sessions on 2 workers" in decision.reason


def test_a_rejection_raises_the_size_although_utilization_is_low():
    decision, _ = SessionPolicy(DENTAL).decide(sight(0.0, 10, 10, rejected=2), None)
    assert decision.replicas == 11
    assert "2 sessions rejected" in decision.reason


def test_the_third_documents_block_reads_as_written():
    assert SessionSpec.from_mapping({"agent": {"name": "dental-receptionist", "scaling": SCALING}}) == DENTAL
    assert SessionSpec.from_mapping(SCALING) == DENTAL
    assert DENTAL.reserve == 200


@pytest.mark.parametrize(
    ("least", "down", "cycles"), [(1, 410, True), (1, 400, False), (2, 533, False), (2, 534, True)]
)
def test_a_pair_of_thresholds_that_may_cycle(least, down, cycles):
    assert SessionSpec(least, 50, 5, 800, down).may_cycle == cycles


def test_all_mistakes_are_named_at_once():
    wrong = SCALING | {"scale_up_treshold": 0.8, "scale_down_delay": "5 eons", "scale_down_threshold": 0.33333}
    wrong = {key: value for key, value in wrong.items() if key not in ("max_workers", "scale_up_threshold")}
    with pytest.raises(PlanError) as caught:
        SessionSpec.from_mapping(wrong, source="policy.yaml")
    found = [str(each) for each in caught.value.mistakes]
    assert found == [
        "policy.yaml: scale_down_threshold: is 0.33333: thresholds have three decimals at most",
        "policy.yaml: scale_down_delay: duration '5 eons' has the unknown unit 'eons': use ns, us, ms, s, m, h or d",
        "policy.yaml: scale_up_treshold: is no key of a session policy: did you mean scale_up_threshold?",
        "policy.yaml: max_workers: is missing",
    ]


def test_impossible_bounds_are_refused():
    with pytest.raises(PlanError) as caught:
        SessionSpec(9, 3, 0, 800, 900)
    assert [each.path for each in caught.value.mistakes] == [
        "sessions_per_worker",
        "min_workers",
        "scale_down_threshold",
    ]
