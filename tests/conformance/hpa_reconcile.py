"""The reconcile suite: one whole sync through the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.hpa_world import Case, controller, gates, metrics, pod

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.behavior import Memory, Recommendation
from tonnage.scaling.hpa.manifest import behavior_spec, metric_spec
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.policy import Condition, Faults, Observation


def reconcile(case: Case) -> Mapping[str, Any]:
    hpa, scale, faults = case["hpa"], case["scale"], case["faults"]
    spec = HpaSpec(
        hpa["max_replicas"],
        tuple(metric_spec(each) for each in hpa["metrics"]),
        hpa["min_replicas"],
        behavior_spec(hpa["behavior"]),
        gates=gates(case),
        controller=controller(case),
    )
    observation = Observation(
        0.0,
        scale["spec_replicas"],
        scale["status_replicas"],
        tuple(pod(each) for each in case["state"]["pods"]),
        metrics(case["state"], "qps"),
        selector=scale["selector"],
        conditions=tuple(Condition(each["type"], each["status"], each["reason"]) for each in hpa["conditions"]),
        faults=Faults(
            faults.get("get_scale", ""), faults.get("update_scale", ""), faults.get("other_hpas_selecting_pods", 0)
        ),
    )
    past = case["recommendations"]
    state = None
    if past is not None:
        state = Memory(tuple(Recommendation(each["replicas"], each["at_s"]) for each in past))
    decision, _ = HorizontalPodAutoscaler(spec).decide(observation, state)
    percent = [each.utilization for each in decision.metrics if each.utilization is not None]
    return {
        "desired_replicas": decision.replicas,
        "scale_updated": decision.valid and decision.replicas != scale["spec_replicas"],
        "error": bool(decision.error),
        "conditions": [
            {"type": each.type, "status": each.status, "reason": each.reason} for each in decision.conditions
        ],
        "cpu_utilization": percent[0] if percent else None,
    }
