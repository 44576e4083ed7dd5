"""Examples in the simulator: what can be said of them without it."""

from dataclasses import replace

import pytest
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING
from tests.scaling.lint.cases import SERVICE
from tests.scaling.worlds import CPU, POOL, QUEUE

from tonnage.capacity.sessions import SessionModel
from tonnage.metrics import reading
from tonnage.scaling.files import read_policy
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, ScalingRules, Target
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import Lines
from tonnage.scaling.lint.rehearsed import World, callers, held, sessions, steps
from tonnage.scaling.lint.rules import lint
from tonnage.scaling.lint.witnesses import Crowd, crowded, hpa_crosses
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

MEMORY = MetricSpec("Resource", "memory", Target("Utilization", utilization=80))
LAG = MetricSpec("External", "lag", Target("AverageValue", average=10_000))
SINGLE = MetricSpec("Object", "queue", Target("Value", value=100_000), described="Service")


PLAIN = World()


def way(metric, totals, start=2, length=600.0, world=PLAIN, **more):
    spec = HpaSpec(20, (metric,), 2, **more)
    return [(step.at, step.size) for step in steps(held(spec, metric, totals, start, world, length), start)]


def test_a_held_load_is_shared_by_whatever_there_is():
    # Ten replicas at their target: twice the size at each look, as far as it goes.
    assert way(LAG, [100_000]) == [(0, 2), (15, 4), (30, 8), (45, 10)]
    assert way(LAG, [20_000]) == [(0, 2)]


@pytest.mark.parametrize("metric", [QUEUE, MEMORY], ids=lambda each: each.name)
def test_a_metric_of_pods_is_a_mean_over_a_minute_and_so_overshoots(metric):
    target = 80_000 if metric is MEMORY else metric.target.average
    assert way(metric, [10 * target])[:4] == [(0, 2), (15, 4), (30, 8), (45, 16)]
    assert way(metric, [2 * target]) == [(0, 2)]


def test_a_held_load_may_change():
    found = way(LAG, [40_000, 80_000], 4, 120.0)
    assert found[0] == (0, 4)
    assert found[1][0] > 120
    assert found[-1] == (180, 8)


def test_a_value_target_multiplies_by_the_replicas_that_are_ready():
    world = World(node=45.0)
    assert way(SINGLE, [200_000], 2, 150.0, world) == [(0, 2), (15, 4), (60, 8), (105, 16), (150, 20)][:4]


def test_a_processor_is_saturated_by_a_held_load_however_many_share_it():
    assert way(CPU, [40 * 70_000]) == [(0, 2), (15, 4), (30, 8), (45, 16), (60, 20)]


def test_nothing_is_decided_before_the_load_has_lasted():
    at_once = Behavior(down=ScalingRules(window=0))
    assert way(QUEUE, [1_000_000], 10, behavior=at_once) == [(0, 10)]


def test_numbers_of_sessions_change_between_two_decisions():
    run = sessions(SessionPolicy(SessionSpec(1, 1, 5)), 5, [4, 3, 5], 60.0, 1, World())
    active = [reading.gauge(window, "sessions_active").last for window in run.windows]
    assert active[:36] == [4] * 12 + [3] * 12 + [5] * 12
    assert reading.count(run.total, "sessions_rejected") == 0


def test_callers_stay_until_nobody_finds_a_slot():
    run = callers(SessionPolicy(SessionSpec(3, 3, 5)), SessionModel(1.0, per_worker=5), 0.1, 8, 3, World(), 300.0)
    assert reading.gauge(run.total, "sessions_active").last == 15
    assert reading.count(run.total, "sessions_rejected") == pytest.approx(8 + 30 - 15, abs=1)


def test_the_simulator_confirms_the_lines_of_an_hpa_and_of_the_policy():
    for text, count in ((VOICE_HPA, 1), (VOICE_SCALING, 2)):
        (finding,) = (each for each in lint(read_policy(text)) if each.code == "TN501")
        claimed, *seen = finding.evidence
        assert len(seen) == count
        for evidence, up, down in zip(seen, ("up_at", "policy_up_at"), ("down_at", "policy_down_at"), strict=False):
            grows, shrinks, sizes = claimed.numbers[up], claimed.numbers[down], evidence.numbers
            assert sizes[f"size_at_{grows}"] > sizes[f"size_at_{grows - 1}"] == 10
            assert sizes[f"size_at_{shrinks}"] < sizes[f"size_at_{shrinks + 1}"] == 10


def test_a_line_that_is_not_one_is_seen_not_to_be():
    spec = HpaSpec(20, (QUEUE,), 2)
    assert hpa_crosses(spec, QUEUE, Lines(1050, None), 10).numbers == {
        "replicas": 10,
        "size_at_1049": 10,
        "size_at_1050": 10,
    }


def test_workers_that_close_first_reject_callers_while_the_policy_waits():
    late = crowded(Crowd(POOL, 5, 10), 0.7, Circumstances())
    assert late.numbers["sessions_until_closed"] == 40
    # The policy grows at 40 of 50 slots: they are taken just as the workers close.
    assert late.numbers["rejected_before_it_grows"] <= 1
    blind = replace(POOL.spec, scale_up_threshold=900)
    full = crowded(Crowd(SessionPolicy(blind), 5, 10), 0.7, Circumstances())
    # Then only a rejection tells it.
    assert full.numbers["rejected_before_it_grows"] >= 1
    assert full.numbers["grows_after"] > late.numbers["grows_after"]


@pytest.mark.parametrize(
    ("policy", "threshold", "slots", "grows"),
    [
        # 70 % of the request is the target itself: within the tolerance, for ever.
        (SERVICE.replace("60", "70"), 0.7, 700, False),
        # 70/63 is above 1.1, but a mean over half a minute says so when the workers are closed.
        (SERVICE.replace("60", "63"), 0.7, 700, True),
        (VOICE_HPA.replace('"4"', '"0.65"').replace("agent_active_sessions", "worker_load"), 0.7, 7000, False),
    ],
)
def test_a_crowd_uses_what_the_policy_looks_at(policy, threshold, slots, grows):
    (finding,) = (
        each for each in lint(read_policy(policy), Circumstances(load_threshold=threshold)) if each.code == "TN505"
    )
    seen = finding.evidence[1].numbers
    assert seen["sessions_until_closed"] == slots
    assert seen["rejected_before_it_grows"] > 0
    assert (seen["grows_after"] > 0) is grows


def test_a_pool_of_very_many_slots_is_looked_at_too():
    large = VOICE_SCALING.replace("sessions_per_worker: 5", "sessions_per_worker: 2000")
    assert {each.code for each in lint(read_policy(large))} == {"TN501"}
