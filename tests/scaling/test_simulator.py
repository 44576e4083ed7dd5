"""Rehearsals whose outcome is known: closed forms, constant loads, conservation."""

import math

import pytest
from tests.scaling.worlds import (
    CALLS,
    CLAY_HPA,
    FOREVER,
    KNATIVE,
    POOL,
    SESSIONS,
    VOICE_HPA,
    WAVES,
    WEB,
    constant_sessions,
    count,
    last,
    sizes,
)

from tonnage.capacity.queueing import MMc, erlang_b
from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import PlanError
from tonnage.load.demand import Demand, parse_demand
from tonnage.load.plan import Plan
from tonnage.load.spiky import spiky_day
from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.series import Series
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, ScalingRules, Target
from tonnage.scaling.schedule import Schedule, Span
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply

QUICK = Supply.parse("startup=45s,grace=600s,metric_delay=15s..30s")
DAY = 86_400


def fixed(n):
    """A policy that never changes its size."""
    return SessionPolicy(SessionSpec(n, n, 5))


# ------------------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(("routing", "scv"), [("weighted", 1.0), ("weighted", 4.0), ("least", 0.0), ("pack", 4.0)])
def test_a_pool_blocks_by_erlang_b_whatever_the_law_and_the_routing(routing, scv):
    model, rate, workers = SessionModel(60.0, scv), 0.15, 2
    demand = parse_demand(f"{rate}/s, 24h: {rate}/s")
    run = simulate(demand, model, fixed(workers), Supply.parse(f"routing={routing}"), 3, 3 * DAY)
    blocked = reading.rate(run.total, "session_blocked")
    expected = erlang_b(10, rate * 60)
    # Rejections come in rows: callers of one busy period are not independent, so the interval is wider than binomial.
    spread = 3 * math.sqrt(2 * 10 * expected * (1 - expected) / blocked.total)
    assert blocked.share == pytest.approx(expected, abs=spread)


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_response_times_are_the_quantiles_of_mmc(load):
    model = ServiceModel(0.02, 4)
    rate = load * model.of(2).capacity
    policy = HorizontalPodAutoscaler(HpaSpec(2, (MetricSpec("Resource", "cpu", Target("", utilization=100)),), 2))
    run = simulate(parse_demand(f"{rate}/s, 1h: {rate}/s"), model, policy, QUICK)
    found, station = reading.trend(run.total, BUILT_IN["http_req_response_time"]), MMc(rate / 2, 0.02, 4)
    for q in (0.9, 0.95, 0.99, 0.999):
        assert found.quantile(q).lower == pytest.approx(station.response_quantile(q), rel=0.03)
    assert found.mean().lower == pytest.approx(station.response_time, rel=0.03)
    assert found.count == count(run, "http_reqs") == pytest.approx(rate * 3600, abs=2)
    assert last(run, "utilization") == pytest.approx(load, rel=1e-6)


def test_saturation_grows_a_backlog_by_the_excess_and_times_are_known_only_from_below():
    policy = HorizontalPodAutoscaler(HpaSpec(1, (MetricSpec("Resource", "cpu", Target("", utilization=70)),), 1))
    run = simulate(parse_demand("60/s, 100s: 60/s, 0s: 0/s, 200s: 0/s"), ServiceModel(0.02), policy, QUICK)
    assert reading.gauge(run.total, "backlog").maximum == pytest.approx(100 * (60 - 50), rel=1e-9)
    kinds = [event.kind for event in run.events]
    assert "saturated" in kinds
    assert "recovered" in kinds
    found = reading.trend(run.total, BUILT_IN["http_req_response_time"])
    assert found.complete.count == 0
    assert found.quantile(0.5).upper == math.inf
    assert run.verdict.value == "pass"


# ------------------------------------------------------------------------------------------------- constant loads


@pytest.mark.parametrize("startup", ["0s", "45s", "240s", "900s"])
def test_forty_constant_sessions_settle_at_eleven_workers_whatever_the_provisioning_time(startup):
    settings = Settings(regular=True, initial=8)
    supply = Supply.parse(f"startup={startup}")
    run = simulate(constant_sessions(40, 6 * 3600.0), FOREVER, POOL, supply, settings=settings)
    assert (last(run, "sessions_active"), count(run, "sessions_rejected")) == (40, 0)
    assert [size for _, size in sizes(run)][-1] == last(run, "replicas_desired") == 11
    assert reading.gauge(run.total, "replicas_desired").maximum == 11


def test_rejections_order_a_worker_a_tick_until_capacity_is_there_and_the_excess_may_stay():
    """Callers who call again are rejected at every tick of the provisioning time, and each tick orders one more."""
    supply = Supply.parse("startup=45s,retry=1,retry_delay=5s")
    run = simulate(constant_sessions(40, 6 * 3600.0), FOREVER, POOL, supply, settings=Settings(regular=True))
    assert last(run, "sessions_active") == 40
    assert 11 < last(run, "replicas_desired") <= 40 / 5 / 0.3


def test_the_third_documents_thresholds_are_not_what_its_hpa_does():
    """With S = 5, 10 workers, target 4 and 10 % tolerance: up first at 45 of 50, down already at 35 of 50."""
    hpa = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2))
    for active, expected in ((36, 10), (44, 10), (45, 12), (35, 9)):
        run = simulate(
            constant_sessions(active, 3600.0), FOREVER, hpa, QUICK, settings=Settings(regular=True, initial=10)
        )
        late = [size for at, size in sizes(run) if at > 120]
        assert (late[0] if late else 10) == expected, active


def test_tolerances_of_their_own_give_the_hpa_the_two_thresholds():
    rules = Behavior(ScalingRules(tolerance=0.0), ScalingRules(tolerance=0.625))
    metric = MetricSpec("Pods", "agent_active_sessions", Target("AverageValue", average=3999))
    hpa = HorizontalPodAutoscaler(HpaSpec(50, (metric,), 2, rules))
    for active, moves in ((39, False), (40, True), (15, False), (14, True)):
        # From the first minute on the mean is the constant one; before, the fewer sessions of the beginning count.
        supply = Supply.parse("gaps=0s..150s")
        run = simulate(
            constant_sessions(active, 3600.0), FOREVER, hpa, supply, settings=Settings(regular=True, initial=10)
        )
        assert bool(sizes(run)) == moves, active


def test_an_hpa_settles_where_its_target_is_met():
    run = simulate(parse_demand("500/s, 2h: 500/s"), WEB, CLAY_HPA, QUICK)
    # 500/s * 20 ms = 10 cores of load on replicas that request 2: 10 / (2 * 0.7) = 7.1, tolerated from 7 on.
    assert last(run, "replicas_ready") in (7, 8)
    assert last(run, "utilization") <= 0.7 * 1.1


def test_knative_follows_concurrency_and_leaves_panic():
    run = simulate(parse_demand("100/s, 10m: 100/s, 0s: 2000/s, 20m: 2000/s"), WEB, KNATIVE, Supply.parse("startup=4s"))
    assert last(run, "replicas_ready") >= 20
    assert any("panic" in event.text for event in run.events)
    assert last(run, "backlog") == 0


def test_a_schedule_holds_its_floor():
    policy = Schedule(POOL, (Span(3600.0, 7200.0, floor=9),))
    run = simulate(parse_demand("0.01/s, 3h: 0.01/s"), CALLS, policy, QUICK)
    desired = [window.gauges[Series("replicas_desired")] for window in run.windows]
    assert min(gauge.minimum for gauge in desired[61:119]) == 9
    assert desired[30].maximum < 9


# ------------------------------------------------------------------------------------------------- conservation


@pytest.mark.parametrize("policy", [POOL, VOICE_HPA], ids=["sessions", "hpa"])
def test_every_caller_is_accounted_for(policy):
    supply = Supply.parse("failures=1/1h,evictions=1/2h,grace=60s,retry=0.7,retry_delay=20s,per_node=4,rollouts=3h")
    run = simulate(spiky_day(5), CALLS, policy, supply, 2, 12 * 3600)
    counted = {
        name: count(run, f"sessions_{name}") for name in ("arrived", "started", "lost", "finished", "cut", "failed")
    }
    inside = last(run, "sessions_active") + last(run, "sessions_draining")
    retrying = counted["arrived"] - counted["started"] - counted["lost"]
    assert 0 <= retrying < 100
    assert counted["started"] == counted["finished"] + counted["cut"] + counted["failed"] + inside
    assert min(counted["cut"], counted["failed"]) > 0
    assert sum((window for window in run.windows[1:]), run.windows[0]) == run.total


def test_every_request_is_served_or_waits():
    run = simulate(WAVES, WEB, CLAY_HPA, QUICK)
    assert count(run, "arrivals_due") == pytest.approx(WAVES.curve.total, abs=1)
    assert count(run, "arrivals_due") - count(run, "http_reqs") == pytest.approx(last(run, "backlog"), abs=1)
    assert sum((window for window in run.windows[1:]), run.windows[0]) == run.total


def test_cost_is_replica_time_and_node_time_at_their_prices():
    supply = Supply.parse("price_replica=0.36/h,price_node=3.6/h,per_node=4")
    run = simulate(parse_demand("0.01/s, 10h: 0.01/s"), CALLS, fixed(4), supply)
    assert last(run, "cost") == pytest.approx(10 * 4 * 0.36 + 10 * 1 * 3.6)
    free = simulate(parse_demand("0.01/s, 10h: 0.01/s"), CALLS, fixed(4), Supply())
    assert last(free, "cost") == pytest.approx(40)
    assert free.facts["cost_unit"] == "replica-hours"


# ------------------------------------------------------------------------------------------------- replicas and nodes


def test_a_replica_without_room_waits_for_a_node_and_an_idle_node_spares_the_wait():
    times = {}
    for idle in (0, 1):
        supply = Supply.parse(f"startup=45s,node=180s,per_node=2,idle_nodes={idle}")
        run = simulate(constant_sessions(9, 3600.0), FOREVER, POOL, supply, settings=Settings(regular=True))
        times[idle] = reading.trend(run.total, BUILT_IN["replica_start_duration"]).maximum().lower
    assert times == pytest.approx({0: 225.0, 1: 45.0}, rel=1e-3)


def test_a_rollout_replaces_every_replica_and_capacity_never_falls():
    supply = Supply.parse("startup=60s,grace=600s,rollouts=1h,surge=2")
    run = simulate(parse_demand("0.1/s, 3h: 0.1/s"), CALLS, fixed(6), supply)
    assert reading.gauge(run.total, "replicas_ready").minimum == 6
    assert reading.trend(run.total, BUILT_IN["replica_start_duration"]).count == 6
    assert count(run, "sessions_cut") == 0


def test_a_session_is_never_ended_before_its_grace():
    for grace, cut in (("10s", True), ("3h", False)):
        supply = Supply.parse(f"grace={grace},rollouts=1h")
        run = simulate(parse_demand("0.1/s, 4h: 0.1/s"), CALLS, fixed(6), supply)
        assert (count(run, "sessions_cut") > 0) == cut


def test_throttling_is_a_smaller_replica():
    slow = simulate(parse_demand("60/s, 1h: 60/s"), WEB, CLAY_HPA, Supply.parse("cpu_limit=1"))
    fast = simulate(parse_demand("60/s, 1h: 60/s"), WEB, CLAY_HPA, Supply())
    metric = BUILT_IN["http_req_response_time"]
    assert (
        reading.trend(slow.total, metric).quantile(0.95).lower
        > 1.5 * reading.trend(fast.total, metric).quantile(0.95).lower
    )


def test_two_metrics_at_once_obey_the_larger_proposal():
    queue = MetricSpec("Pods", "queue_depth", Target("AverageValue", average=1))
    both = HorizontalPodAutoscaler(HpaSpec(20, (*CLAY_HPA.spec.metrics, queue), 2))
    demand = parse_demand("300/s, 1h: 300/s")
    assert last(simulate(demand, WEB, both, QUICK), "replicas_desired") > last(
        simulate(demand, WEB, CLAY_HPA, QUICK), "replicas_desired"
    )


# ------------------------------------------------------------------------------------------------- the record


def test_the_plan_holds_what_was_rehearsed_and_comes_back():
    run = simulate(parse_demand("0.01/s, 1h: 0.01/s"), CALLS, POOL, QUICK, 7)
    assert run.origin == "rehearsed"
    assert run.plan.duration == 3600
    assert run.plan.seed == 7
    assert run.plan.rehearsal.demand == "0.01/s, 1h: 0.01/s"
    assert Plan.from_dict(run.plan.to_dict()) == run.plan


def test_every_change_has_its_reason():
    run = simulate(spiky_day(1), CALLS, VOICE_HPA, QUICK)
    changes = [event for event in run.events if event.kind == "scaled"]
    assert len(changes) == count(run, "replica_changes") > 10
    assert all("reason" in event.text for event in changes)


def test_unknown_demand_is_told_and_not_taken_for_zero():
    demand = Demand(parse_demand("0.1/s, 1h: 0.1/s").curve, unknown=((600.0, 1200.0),))
    run = simulate(demand, CALLS, POOL, QUICK)
    assert [event.at for event in run.events if event.kind == "demand_unknown"] == [600]
    assert run.facts["unknown_seconds"] == 600


def test_concurrency_is_for_sessions():
    demand = Demand(parse_demand("20/s, 1h: 20/s").curve, "concurrency")
    run = simulate(demand, CALLS, fixed(8), QUICK)
    assert count(run, "sessions_arrived") == pytest.approx(3600 * 20 / 180, rel=0.2)
    assert "reconstructed" in run.facts["demand"]
    with pytest.raises(PlanError, match="demand for sessions"):
        simulate(demand, WEB, CLAY_HPA, QUICK)
