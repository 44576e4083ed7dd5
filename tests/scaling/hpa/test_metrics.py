"""The texts that people search for, and what is read of each source."""

import pytest
from tests.scaling.hpa.sights import CONTAINER, CPU, LAG, QUEUE, SESSIONS, serving

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.behavior import Memory
from tonnage.scaling.hpa.metrics import combine, propose
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec, Target
from tonnage.scaling.policy import Absent, Container, Metrics, Observation, Pod, ResourceRow

PODS = tuple(Pod(f"pod-{i}", ready="True", start=-900, ready_transition=-890) for i in range(2))


@pytest.mark.parametrize(
    ("metric", "source", "outer", "inner"),
    [
        (CPU, "resource", "cpu resource metric value: failed to get cpu utilization", "metrics for resource cpu"),
        (
            CONTAINER,
            "resource",
            "web container metric value: failed to get cpu utilization",
            "metrics for resource cpu",
        ),
        (SESSIONS, "custom", "pods metric value", "metric sessions"),
        (LAG, "external", "lag external metric value: failed to get lag external metric", "external metric lag"),
    ],
)
def test_a_metric_without_readings_says_what_the_cluster_says(metric, source, outer, inner):
    nothing = Metrics((), {"sessions": ()}, {}, {"lag": ()})
    found = propose(HpaSpec(9, (metric,)), Observation(0.0, 2, pods=PODS, metrics=nothing), metric)
    why = f"unable to get {inner}: no metrics returned from {source} metrics API"
    assert found.reason == f"FailedGet{metric.type}Metric"
    assert found.error == f"failed to get {outer}: {why}"
    assert found.message.startswith("the HPA was unable to compute the replica count: ")
    assert found.message.endswith(why)


def test_an_unknown_source_type_fails_by_name():
    cheddar = MetricSpec("CheddarCheese")
    found = propose(HpaSpec(9, (cheddar,)), Observation(0.0, 2), cheddar)
    assert (found.reason, found.error) == ("InvalidMetricSourceType", 'unknown metric source type "CheddarCheese"')


def test_an_object_that_does_not_answer_is_named():
    down = Metrics(objects={"queue": Absent("down")})
    found = propose(HpaSpec(9, (QUEUE,)), Observation(0.0, 2, pods=PODS, metrics=down), QUEUE)
    assert "unable to get metric queue on Service: unable to fetch metrics from custom metrics API: down" in found.error


@pytest.mark.parametrize("metric", [CPU, SESSIONS, QUEUE, LAG])
def test_a_target_that_is_not_set_is_an_error(metric):
    empty = MetricSpec(metric.type, metric.name, Target(""))
    metrics = Metrics((ResourceRow("pod-0", 0, 30, ()),), {}, {"queue": 1}, {"lag": (1,)})
    found = propose(HpaSpec(9, (empty,)), Observation(0.0, 2, pods=PODS, metrics=metrics), empty)
    assert "target was set" in found.message


def test_a_scale_up_names_the_metric_and_the_limit():
    decision, _ = HorizontalPodAutoscaler(HpaSpec(5, (SESSIONS,))).decide(serving(0.0, 3, 60_000), Memory(()))
    assert decision.reason == (
        "New size: 5; reason: pods metric sessions above target; "
        "the desired replica count is more than the maximum replica count"
    )


def test_each_metric_tells_what_it_alone_would_ask_for():
    seen = serving(0.0, 2, 20_000)
    queue = Metrics(pods=seen.metrics.pods, objects={"queue": 450_000})
    found = combine(HpaSpec(20, (SESSIONS, QUEUE)), Observation(0.0, 2, pods=seen.pods, metrics=queue))
    assert [(each.name, each.proposal) for each in found.statuses] == [
        ("pods metric sessions", 5),
        ("Service metric queue", 9),
    ]
    assert (found.replicas, found.name) == (9, "Service metric queue")


def test_a_row_without_the_container_is_missing_and_before_1_23_an_error():
    pods = tuple(
        Pod(f"pod-{i}", ready="True", start=-900, ready_transition=-890, containers=(Container("web", {"cpu": 1000}),))
        for i in range(2)
    )
    rows = (ResourceRow("pod-0", 0, 30, (("web", {"cpu": 900}),)), ResourceRow("pod-1", 0, 30, (("side", {"cpu": 5}),)))
    seen = Observation(0.0, 2, pods=pods, metrics=Metrics(rows))
    newer = propose(HpaSpec(9, (CONTAINER,)), seen, CONTAINER)
    older = propose(HpaSpec(9, (CONTAINER,), version="1.20"), seen, CONTAINER)
    # 90 % on one pod against 60, the other missing at 0: 45 % of two pods would turn the change round.
    assert (newer.replicas, newer.utilization) == (2, 90)
    assert "container web not present in metrics for pod pod-1" in older.error


def test_the_versions_and_gates_are_those_that_are_modelled():
    with pytest.raises(ValueError, match=r"version '1\.19' is not modelled"):
        HpaSpec(9, (), version="1.19")
    with pytest.raises(ValueError, match="feature gate 'HPAScaleTozero'"):
        HpaSpec(9, (), gates={"HPAScaleTozero": True})
