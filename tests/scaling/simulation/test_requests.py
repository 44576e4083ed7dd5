"""Services rehearsed request by request: against the flow, against closed forms, and by conservation."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.worlds import CALLS, CLAY_HPA, CPU, POOL, count, last, sizes

from tonnage.capacity.queueing import MMc
from tonnage.capacity.service import ServiceModel
from tonnage.errors import PlanError
from tonnage.load.demand import parse_demand
from tonnage.load.plan import Threshold
from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec, Target
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.simulation.fleet import LONG_AGO, Replica
from tonnage.scaling.simulation.requests import Requests
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply

QUICK = Supply.parse("startup=45s,metric_delay=15s..30s")
SLOW = ServiceModel(0.2, 2, by="request")
FOREVER_BY_TURNS = ServiceModel(1e7, scv=0.0, by="request"), Supply.parse("balancing=round_robin")
HILL = parse_demand("40/s, 1h: 600/s, 30m: 600/s, 1h: 100/s, 30m: 100/s")


def of_cpu(least, most):
    return HorizontalPodAutoscaler(HpaSpec(most, (CPU,), least))


def times(run):
    return reading.trend(run.total, BUILT_IN["http_req_response_time"])


def kinds(run):
    return [event.kind for event in run.events]


# ------------------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_response_times_of_a_steady_service_are_those_of_mmc(load):
    model = ServiceModel(0.02, 4, by="request")
    rate = load * model.of(2).capacity
    run = simulate(parse_demand(f"{rate}/s, 1h: {rate}/s"), model, of_cpu(2, 2), QUICK)
    found, station = times(run), MMc(rate / 2, 0.02, 4)
    for q in (0.5, 0.9, 0.95, 0.99):
        assert found.quantile(q).lower == pytest.approx(station.response_quantile(q), rel=0.04)
    assert reading.gauge(run.total, "utilization").last == pytest.approx(load, rel=0.1)
    assert kinds(run) == []


def test_an_hpa_sees_the_same_of_requests_one_by_one_as_of_a_flow():
    runs = [simulate(HILL, ServiceModel(0.02, 2, by=by), of_cpu(2, 20), QUICK) for by in ("flow", "request")]
    flow, requests = runs
    assert count(requests, "arrivals_due") == pytest.approx(count(flow, "arrivals_due"), rel=0.01)
    assert count(requests, "replica_seconds") == pytest.approx(count(flow, "replica_seconds"), rel=0.03)
    sizes_of = [[reading.gauge(window, "replicas_desired").last for window in run.windows] for run in runs]
    apart = [abs(a - b) for a, b in zip(*sizes_of, strict=True)]
    assert max(apart) <= 2
    assert sum(apart) / len(apart) < 0.5
    for q in (0.5, 0.9, 0.99):
        assert times(requests).quantile(q).lower == pytest.approx(times(flow).quantile(q).lower, rel=0.08)


def test_steadier_service_times_wait_less_and_wilder_ones_more():
    demand, found = parse_demand("36/s, 1h: 36/s"), []
    for scv in (0.0, 0.5, 1.0, 4.0):
        run = simulate(demand, ServiceModel(0.1, 2, scv=scv, by="request"), of_cpu(2, 2), QUICK)
        found.append(times(run).mean().lower)
    assert found == sorted(found)
    assert found[3] > 1.5 * found[2]


# ------------------------------------------------------------------------------------------------- saturation


def test_saturation_lasts_as_long_as_that_of_a_flow_and_its_times_are_known():
    demand = parse_demand("60/s, 100s: 60/s, 0s: 0/s, 200s: 0/s")
    flow, run = (simulate(demand, ServiceModel(0.02, by=by), of_cpu(1, 1), QUICK) for by in ("flow", "request"))
    # 100 s of an excess of 10/s: 1000 wait, the last one 20 s; nothing is censored.
    assert reading.gauge(run.total, "backlog").maximum == pytest.approx(1000, abs=250)
    assert count(run, "saturated_seconds") == pytest.approx(count(flow, "saturated_seconds"), abs=20)
    assert (kinds(run), run.verdict.value) == (["saturated", "recovered"], "pass")
    found = times(run)
    assert found.censored.count == 0
    assert found.maximum().lower == pytest.approx(20, abs=5)
    assert found.quantile(0.5).lower == pytest.approx(10, abs=4)


def test_a_line_that_grows_to_the_end_is_unstable_and_no_number():
    run = simulate(parse_demand("500/s, 10m: 500/s"), SLOW, of_cpu(2, 4), QUICK)
    assert (run.verdict.value, run.verdict.exit_code) == ("invalid", 111)
    assert "saturated at the end" in run.verdict.reasons[0]
    assert times(run).quantile(0.99).upper == math.inf


def test_a_line_that_is_being_worked_off_at_the_end_leaves_bounds_and_no_verdict_where_they_decide():
    demand = parse_demand("20/s, 5m: 20/s, 0s: 5/s, 10s: 5/s")
    limits = ("p(50)<1000", "p(99.9)<600000")
    limits = tuple(Threshold("http_req_response_time", limit) for limit in limits)
    run = simulate(demand, SLOW, of_cpu(1, 1), QUICK, settings=Settings(thresholds=limits))
    assert "unstable" not in kinds(run)
    assert times(run).censored.count == count(run, "arrivals_due") - count(run, "http_reqs") > 1000
    assert [result.state for result in run.verdict.thresholds] == ["fail", "undecided"]
    assert run.verdict.value == "invalid"


def test_what_is_in_service_at_the_end_is_answered_within_the_grace_and_judged():
    limits = (Threshold("http_req_response_time", "avg<1000"), Threshold("http_req_response_time", "max<60000"))
    for grace, value in (("30s", "pass"), ("0s", "invalid")):
        demand, supply = parse_demand("30/s, 10m: 30/s"), Supply.parse(f"grace={grace}")
        run = simulate(demand, SLOW, of_cpu(5, 5), supply, settings=Settings(thresholds=limits))
        assert (run.verdict.value, times(run).censored.count > 0) == (value, value == "invalid")
        assert count(run, "arrivals_due") == times(run).count


def test_waiting_near_the_capacity_is_no_saturation():
    run = simulate(parse_demand("9.5/s, 1h: 9.5/s"), ServiceModel(0.2, 2, by="request"), of_cpu(1, 1), QUICK)
    assert "saturated" not in kinds(run)
    assert times(run).quantile(0.99).lower > 1


def test_requests_without_any_replica_wait_for_one():
    hpa = HorizontalPodAutoscaler(HpaSpec(1, (CPU,), 1))
    supply = Supply.parse("startup=20s,failures=1/3m")
    run = simulate(parse_demand("2/s, 1h: 2/s"), SLOW, hpa, supply, 3)
    assert "replica_failed" in kinds(run)
    assert any("0 ready replicas" in event.text for event in run.events)
    assert times(run).maximum().lower == pytest.approx(20, abs=3)
    assert count(run, "http_req_errors") > 0


# ------------------------------------------------------------------------------------------------- conservation


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 10_000),
    st.sampled_from(["random", "round_robin", "least"]),
    st.sampled_from(["0s", "1s", "60s"]),
    st.sampled_from(
        ["", "failures=1/10m", "evictions=1/10m", "failures=1/20m,evictions=1/10m,rollouts=10m,per_node=2"]
    ),
    st.sampled_from([0.0, 1.0, 5.0]),
)
def test_every_request_is_answered_fails_or_is_known_from_below(seed, balancing, grace, happens, scv):
    supply = Supply.parse(f"startup=20s,balancing={balancing},grace={grace},node=60s,{happens}")
    model = ServiceModel(0.5, 2, scv=scv, by="request")
    run = simulate(parse_demand("2/s, 15m: 30/s, 15m: 2/s"), model, of_cpu(1, 10), supply, seed)
    found, failed = times(run), reading.rate(run.total, "http_req_failed")
    assert failed.hits == count(run, "http_req_errors")
    assert failed.total == count(run, "http_reqs") == found.complete.count + failed.hits
    assert count(run, "arrivals_due") == found.count + failed.hits
    assert sum((window for window in run.windows[1:]), run.windows[0]) == run.total
    if not happens and grace == "60s":
        assert failed.hits == 0


def test_requests_fail_with_their_replica_and_with_the_end_of_its_grace():
    demand, model = parse_demand("10/s, 1h: 10/s"), ServiceModel(0.5, 2, by="request")
    failed = [
        count(simulate(demand, model, of_cpu(5, 5), Supply.parse(text)), "http_req_errors")
        for text in ("", "failures=1/10m", "evictions=1/10m,grace=0s", "evictions=1/10m,grace=60s")
    ]
    assert failed[0] == failed[3] == 0
    assert min(failed[1:3]) > 10


def test_idle_victims_are_those_with_the_fewest_requests():
    """Two requests that never end, by turns on 0 and 1."""
    requests = Requests(
        parse_demand("1/s, 2s: 1/s, 0s: 0/s, 1m: 0/s").curve, *FOREVER_BY_TURNS, 1, Wants(), regular=True
    )
    for _ in range(3):
        requests.add(LONG_AGO, 0.0)
    requests.advance(10.0)
    assert requests.loads() == {0: 1, 1: 1, 2: 0}


def test_a_seed_gives_the_same_run_and_another_one_does_not():
    demand, supply = parse_demand("2/s, 20m: 30/s"), Supply.parse("failures=1/20m,startup=20s..40s")
    run = [simulate(demand, SLOW, of_cpu(1, 10), supply, seed) for seed in (1, 1, 2)]
    assert run[0] == run[1] != run[2]


# ------------------------------------------------------------------------------------------------- what is seen


def test_knative_follows_the_requests_inside():
    policy = KnativePodAutoscaler(KnativeSpec(target=1.4, capacity=2.0, least=1, most=50))
    run = simulate(parse_demand("10/s, 10m: 10/s, 0s: 200/s, 20m: 200/s"), SLOW, policy, Supply.parse("startup=4s"))
    # 40 requests in service, more where some wait, at 1.4 a replica.
    assert 28 <= last(run, "replicas_ready") <= 40
    assert any("panic" in event.text for event in run.events)
    assert last(run, "backlog") == 0


def test_a_queue_and_a_limit_on_the_processor_are_seen():
    run = simulate(parse_demand("11/s, 1h: 11/s"), SLOW, CLAY_HPA, Supply.parse("cpu_limit=1"))
    # 2 cores of load on replicas that use 1 core at most and request 2: below 70 % whatever happens, but queues form.
    assert reading.gauge(run.total, "utilization").maximum == 1
    assert reading.gauge(run.total, "replicas_ready").maximum >= 3
    assert sizes(run)


def test_a_throttled_replica_uses_its_limit():
    wants = Wants.of(of_cpu(1, 1))
    requests = Requests(parse_demand("100/s, 10m: 100/s").curve, SLOW, Supply.parse("cpu_limit=0.5"), 1, wants)
    requests.add(LONG_AGO, 0.0)
    requests.ready = 1
    for until in range(15, 601, 15):
        requests.advance(float(until))
    replica = Replica(0, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, None)
    assert requests.readings("cpu", 600.0, 60.0, [replica]) == [(0, 500)]
    assert requests.common("cpu", 600.0, 60.0, 1) == (1, 500)
    assert requests.counters["served"] == pytest.approx(600 * 0.5 / 0.2, rel=0.1)


def test_a_replica_that_warms_up_uses_what_it_is_said_to():
    wants = Wants.of(of_cpu(1, 2))
    requests = Requests(parse_demand("0/s, 10m: 0/s").curve, SLOW, Supply.parse("warming_cpu=1.5"), 1, wants)
    requests.add(10.0, 40.0)
    requests.advance(15.0)
    requests.advance(60.0)
    replica = Replica(0, 0.0, 0.0, 10.0, 10.0, 40.0, None)
    seen = [requests.readings("cpu", at, 30.0, [replica]) for at in (5.0, 10.0, 40.0, 55.0)]
    assert seen == [[], [(0, 0)], [(0, 1500)], [(0, 750)]]
    assert requests.readings("memory", 55.0, 30.0, [replica]) is None


def test_the_sum_over_replicas_is_what_a_calm_hpa_reads():
    metrics = (CPU, MetricSpec("Pods", "queue_depth", Target("AverageValue", average=1000)))
    wants = Wants.of(HorizontalPodAutoscaler(HpaSpec(4, metrics, 4)))
    requests = Requests(parse_demand("30/s, 10m: 30/s").curve, SLOW, Supply(), 1, wants)
    replicas = [Replica(i, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, None) for i in range(4)]
    for _ in replicas:
        requests.add(LONG_AGO, 0.0)
    requests.ready = 4
    for until in range(15, 301, 15):
        requests.advance(float(until))
    for what in ("cpu", "queue", "concurrency", "rate", "utilization"):
        found = requests.readings(what, 280.0, 60.0, replicas)
        assert requests.common(what, 280.0, 60.0, 4) == (4, sum(value for _, value in found))
        assert len({value for _, value in found}) > 1


# ------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("balancing", ["round_robin", "least"])
@pytest.mark.parametrize(
    ("model", "policy", "remedy"),
    [(ServiceModel(0.02), of_cpu(1, 1), "add by=request"), (CALLS, POOL, "sessions have a routing")],
)
def test_what_is_not_balanced_refuses_a_balancing(balancing, model, policy, remedy):
    with pytest.raises(PlanError, match=remedy):
        simulate(parse_demand("1/s, 1h: 1/s"), model, policy, Supply.parse(f"balancing={balancing}"))


@pytest.mark.parametrize(
    ("model", "demand"),
    [
        pytest.param(ServiceModel(0.0, by="request"), "100/s, 10m: 100/s", id="a service time of zero"),
        pytest.param(SLOW, "0/s, 10m: 0/s", id="no requests"),
        pytest.param(ServiceModel(0.2, scv=1000.0, by="request"), "2/s, 1h: 2/s", id="a heavy tail"),
        pytest.param(SLOW, "0/s, 0s: 1e5/s, 10s: 1e5/s", id="a flood of ten seconds"),
    ],
)
def test_degenerate_inputs_terminate_with_a_verdict(model, demand):
    run = simulate(parse_demand(demand), model, CLAY_HPA, Supply())
    assert run.verdict.value in ("pass", "fail", "invalid")
    assert run.total.length == run.plan.duration
