"""The parts of a case as the product's own types: pods, readings, configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tonnage.scaling.hpa.spec import ControllerConfig
from tonnage.scaling.policy import Absent, Container, Metrics, Pod, PodRow, ResourceRow

Case = Mapping[str, Any]

# An absent gate is off in a case; the product's default is the newest version's.
GATES_OFF = {"HPAConfigurableTolerance": False, "HPAScaleToZero": False, "PodLevelResources": False}


def gates(case: Case) -> dict[str, bool]:
    return GATES_OFF | dict(case.get("config", {}).get("gates", {}))


def controller(case: Case) -> ControllerConfig:
    config, fields = case.get("config", {}), {}
    for name, key in {
        "tolerance": "tolerance",
        "downscale_stabilization": "downscale_stabilization_s",
        "cpu_initialization": "cpu_initialization_period_s",
        "initial_readiness_delay": "initial_readiness_delay_s",
        "scale_up_limit_factor": "scale_up_limit_factor",
        "scale_up_limit_minimum": "scale_up_limit_minimum",
    }.items():
        if key in config:
            fields[name] = config[key]
    return ControllerConfig(**fields)


def pod(node: Case) -> Pod:
    return Pod(
        node["name"],
        node["phase"],
        node["deleting"],
        node["ready"],
        node["start_s"],
        node["ready_transition_s"],
        tuple(
            Container(
                each["name"],
                each["requests_milli"],
                init=bool(each.get("init") or each.get("restartable_init")),
                restartable=bool(each.get("restartable_init")),
            )
            for each in node["containers"]
        ),
        node.get("pod_requests_milli"),
    )


def resource_rows(nodes: list[Case]) -> tuple[ResourceRow, ...]:
    return tuple(
        ResourceRow(
            each["pod"],
            each["timestamp_s"],
            each["window_s"],
            tuple((container["name"], container["usage_milli"]) for container in each["containers"]),
        )
        for each in nodes
    )


def pod_rows(nodes: list[Case]) -> tuple[PodRow, ...]:
    return tuple(
        PodRow(each.get("pod", f"test-pod-{i}"), each["value_milli"], each["timestamp_s"], each["window_s"])
        for i, each in enumerate(nodes)
    )


def metrics(state: Case, name: str) -> Metrics:
    """All readings of a state; every custom, object and external metric in it is the one of that name."""
    errors = state.get("metrics_errors") or {}
    custom = Absent(errors["custom"]) if "custom" in errors else None
    value = state.get("object_value_milli")
    return Metrics(
        resource=Absent(errors["resource"]) if "resource" in errors else resource_rows(state.get("pod_metrics", [])),
        pods={name: custom or pod_rows(state.get("custom_metrics", []))},
        objects={name: custom or (Absent("no value") if value is None else value)},
        external={
            name: Absent(errors["external"])
            if "external" in errors
            else tuple(state.get("external_values_milli") or ())
        },
    )
