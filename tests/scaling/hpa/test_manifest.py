"""HPA manifests as specs, and all their mistakes at once."""

import copy

import pytest

from tonnage.errors import PlanError
from tonnage.scaling.hpa.manifest import DEFAULT_METRIC, hpa_spec
from tonnage.scaling.hpa.spec import Behavior, MetricSpec, RatePolicy, ScalingRules, Target

VOICE = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "voice-agent-hpa", "namespace": "livekit"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "voice-agent"},
        "minReplicas": 2,
        "maxReplicas": 50,
        "behavior": {
            "scaleUp": {
                "stabilizationWindowSeconds": 30,
                "policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}],
            },
            "scaleDown": {
                "stabilizationWindowSeconds": 300,
                "policies": [{"type": "Pods", "value": 2, "periodSeconds": 120}],
            },
        },
        "metrics": [
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "agent_active_sessions"},
                    "target": {"type": "AverageValue", "averageValue": "4"},
                },
            }
        ],
    },
}


def changed(**fields):
    manifest = copy.deepcopy(VOICE)
    manifest["spec"].update(fields)
    return manifest


def mistakes(manifest):
    with pytest.raises(PlanError) as caught:
        hpa_spec(manifest, source="hpa.yaml")
    return [str(each) for each in caught.value.mistakes]


def test_the_voice_agents_manifest_reads_as_written():
    spec = hpa_spec(VOICE)
    assert (spec.min_replicas, spec.max_replicas, spec.name) == (2, 50, "voice-agent-hpa")
    assert spec.metrics == (MetricSpec("Pods", "agent_active_sessions", Target("AverageValue", average=4000)),)
    assert spec.behavior == Behavior(
        ScalingRules(30, policies=(RatePolicy("Pods", 4, 60),)),
        ScalingRules(300, policies=(RatePolicy("Pods", 2, 120),)),
    )


def test_without_metrics_it_is_80_percent_of_the_requested_cpu():
    assert hpa_spec(changed(metrics=[])).metrics == (DEFAULT_METRIC,)


def test_all_mistakes_are_named_at_once():
    found = mistakes(
        changed(
            minReplicas=60,
            maxReplica=9,
            metrics=[
                {"type": "Pod"},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value", "value": "3"}}},
                {"type": "Pods", "pods": {"metric": {}, "target": {"type": "AverageValue", "averageValue": "4x"}}},
            ],
            behavior={"scaleUp": {"selectPolicy": "max", "policies": []}},
        )
    )
    assert found == [
        "hpa.yaml: spec.maxReplica: is no field of an HPA: did you mean maxReplicas?",
        "hpa.yaml: spec.minReplicas: is 60, above spec.maxReplicas, which is 50",
        "hpa.yaml: spec.metrics[0].type: is 'Pod': write one of Resource, ContainerResource, Pods, Object, External",
        "hpa.yaml: spec.metrics[1].resource.target.type: is 'Value': write AverageValue or Utilization",
        "hpa.yaml: spec.metrics[2].pods.metric.name: is missing",
        (
            "hpa.yaml: spec.metrics[2].pods.target.averageValue: "
            "quantity '4x' cannot be read: write it like 250m, 4, 1.5 or 64Mi"
        ),
        "hpa.yaml: spec.behavior.scaleUp.selectPolicy: is 'max': write Max, Min or Disabled",
        (
            "hpa.yaml: spec.behavior.scaleUp.policies: "
            "is empty: leave it out for the defaults, or write selectPolicy: Disabled"
        ),
    ]


def test_a_manifest_whose_indentation_is_lost_is_refused():
    flat = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": None, "maxReplicas": 20}
    assert mistakes(flat) == [
        "hpa.yaml: spec: is missing, or its indentation is lost: it is a mapping with maxReplicas and metrics"
    ]


def test_zero_replicas_need_a_metric_from_outside():
    assert any("needs an Object or External metric" in each for each in mistakes(changed(minReplicas=0)))
