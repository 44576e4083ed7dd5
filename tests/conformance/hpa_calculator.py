"""The calculator suite: what one metric asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.hpa_world import Case, controller, gates, metrics, pod

from tonnage.scaling.hpa.metrics import Failure, propose
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, ScalingRules, Target
from tonnage.scaling.policy import Observation

SOURCES = {
    "resource_utilization": "Resource",
    "pods_metric": "Pods",
    "object_value": "Object",
    "object_average": "Object",
    "external_value": "External",
    "external_average": "External",
}


def calculate(case: Case) -> Mapping[str, Any]:
    op, number = case["op"], case["target"]
    if op == "resource_utilization":
        target = Target("Utilization", utilization=number)
    elif op.endswith("_value"):
        target = Target("Value", value=number)
    else:
        target = Target("AverageValue", average=number)
    source = "ContainerResource" if case["container"] else SOURCES[op]
    metric = MetricSpec(source, case["resource"] or "qps", target, case["container"], "Deployment")
    config = case["config"]
    spec = HpaSpec(
        1000,
        (metric,),
        behavior=Behavior(
            ScalingRules(tolerance=config["tolerance_up"]), ScalingRules(tolerance=config["tolerance_down"])
        ),
        gates=gates(case) | {"HPAConfigurableTolerance": True},
        controller=controller(case),
    )
    observation = Observation(
        0.0,
        case["current_replicas"],
        pods=tuple(pod(each) for each in case["state"]["pods"]),
        metrics=metrics(case["state"], "qps"),
    )
    found = propose(spec, observation, metric)
    if isinstance(found, Failure):
        return {"error_contains": found.error}
    usage = found.value if found.average is None else found.average
    return {"replicas": found.replicas, "utilization": found.utilization, "usage": usage}
