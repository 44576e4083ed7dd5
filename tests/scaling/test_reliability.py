"""Reliability cases of autoscaling, named by their number."""

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.worlds import (
    CALLS,
    CLAY_HPA,
    FOREVER,
    KNATIVE,
    POOL,
    VOICE_HPA,
    WEB,
    constant_sessions,
    count,
    last,
    sizes,
)

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.load.curve import Curve
from tonnage.load.demand import Demand, parse_demand
from tonnage.load.spiky import spiky_day
from tonnage.metrics import reading
from tonnage.scaling.policy import Decision
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply


@pytest.mark.parametrize(
    ("policy", "model", "demand"),
    [
        pytest.param(CLAY_HPA, WEB, "300/s, 3h: 300/s", id="hpa over requests"),
        pytest.param(VOICE_HPA, CALLS, "0.2/s, 3h: 0.2/s", id="hpa over sessions"),
        pytest.param(POOL, CALLS, "0.2/s, 3h: 0.2/s", id="session policy"),
        pytest.param(KNATIVE, WEB, "300/s, 3h: 300/s", id="knative"),
    ],
)
def test_case_66_metrics_that_are_gone_hold_the_last_size_and_are_never_zero(policy, model, demand):
    supply = Supply.parse("gaps=1h..2h")
    run = simulate(parse_demand(demand), model, policy, supply, settings=Settings(initial=12))
    dark = [size for at, size in sizes(run) if 3600 <= at < 7200]
    assert dark == []
    assert count(run, "decisions_without_data") >= 3600 // policy.period - 1
    assert {"metrics_gap", "metrics_back"} <= {event.kind for event in run.events}
    assert last(run, "replicas_desired") > 1


@dataclass
class Absurd:
    """A policy that asks for anything."""

    wanted: int
    period: float = 15.0

    def decide(self, observation, state):
        return Decision(self.wanted, "because"), None


@pytest.mark.parametrize("wanted", [-1, 10**6, 10_001])
def test_case_67_an_absurd_decision_is_refused_and_ends_with_114(wanted):
    run = simulate(parse_demand("10/s, 5m: 10/s"), WEB, Absurd(wanted), Supply())
    assert sizes(run) == []
    assert run.verdict.exit_code == 114
    assert "are refused" in run.verdict.reasons[0]


@settings(max_examples=12, deadline=None)
@given(st.floats(60, 3600), st.floats(0.0, 0.4))
def test_case_68_a_load_that_oscillates_around_a_threshold_makes_few_changes(period, swing):
    # 40 of 50 slots is the upper threshold; the sessions swing around it by up to a fifth, and by chance.
    mean, steps = 40 / 180, []
    while sum(length for length, _ in steps) < 6 * 3600:
        steps += [(period / 2, mean * (1 + swing / 2)), (period / 2, mean * (1 - swing / 2))]
    run = simulate(Demand(Curve.stairs(steps)), CALLS, POOL, Supply.parse("grace=600s"), 1, 6 * 3600)
    late = [at for at, _ in sizes(run) if at > 3600]
    hours = [sum(hour * 3600 <= at < (hour + 1) * 3600 for at in late) for hour in range(1, 6)]
    # It goes up at once, but down only after five minutes below 0.3: that is far below the swing.
    assert max(hours) <= 6, hours


def test_case_68_a_constant_load_does_not_flap():
    run = simulate(constant_sessions(40, 86_400.0), FOREVER, POOL, Supply(), settings=Settings(regular=True, initial=8))
    assert [at for at, _ in sizes(run) if at > 600] == []


def _day(seed):
    return simulate(spiky_day(4), CALLS, POOL, Supply.parse("failures=1/3h,per_node=4"), seed, 6 * 3600)


def test_case_72_a_seed_gives_the_same_run_in_one_process_and_in_several():
    here = [_day(seed) for seed in (1, 2)]
    with ProcessPoolExecutor(2) as processes:
        there = list(processes.map(_digest, (1, 2, 1)))
    assert there == [_summary(here[0]), _summary(here[1]), _summary(here[0])]
    assert here[0] != here[1]
    assert _day(1) == here[0]


def _digest(seed):
    return _summary(_day(seed))


def _summary(run):
    return [(event.at, event.kind, event.text) for event in run.events], dict(run.total.counters)


def test_case_72_saturation_to_the_end_is_unstable_and_no_number():
    run = simulate(parse_demand("5000/s, 1h: 5000/s"), WEB, CLAY_HPA, Supply())
    assert (run.verdict.value, run.verdict.exit_code) == ("invalid", 111)
    assert "no time can be said" in run.verdict.reasons[0]
    quantile = reading.trend(run.total, _response()).quantile(0.95)
    assert quantile.upper == math.inf


@pytest.mark.parametrize(
    ("model", "demand", "policy"),
    [
        pytest.param(ServiceModel(0.0), "100/s, 1h: 100/s", CLAY_HPA, id="a service time of zero"),
        pytest.param(WEB, "0/s, 1h: 0/s", CLAY_HPA, id="no requests"),
        pytest.param(CALLS, "0/s, 1h: 0/s", POOL, id="no callers"),
        pytest.param(SessionModel(180, scv=1000.0), "0.2/s, 6h: 0.2/s", POOL, id="a heavy tail"),
        pytest.param(SessionModel(1e-6), "50/s, 1h: 50/s", POOL, id="sessions of no length"),
        pytest.param(SessionModel(1e12), "1/s, 1h: 1/s", POOL, id="sessions without an end"),
        pytest.param(WEB, "0/s, 0s: 1e6/s, 10s: 1e6/s", CLAY_HPA, id="a flood of ten seconds"),
    ],
)
def test_case_72_degenerate_inputs_terminate_with_a_verdict(model, demand, policy):
    run = simulate(parse_demand(demand), model, policy, Supply())
    assert run.verdict.value in ("pass", "fail", "invalid")
    assert run.total.length == run.plan.duration


def _response():
    from tonnage.metrics.catalog import BUILT_IN

    return BUILT_IN["http_req_response_time"]
