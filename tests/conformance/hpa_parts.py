"""The small suites: quantities, grouping of pods, requests, the metrics client, utilization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.hpa_world import Case, controller, gates, pod, pod_rows, resource_rows

from tonnage.scaling.hpa import calculator, pods, readings
from tonnage.scaling.hpa.metrics import tally
from tonnage.scaling.hpa.quantity import Quantity, parse_milli
from tonnage.scaling.hpa.readings import Reading
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.policy import Absent

Answer = Mapping[str, Any]


def quantity(case: Case) -> Answer:
    amount = Quantity.of(case["resource"], case["raw_milli"])
    return {"format": amount.format, "value_milli": parse_milli(str(amount))}


def group_pods(case: Case) -> Answer:
    found = {
        name: Reading(each["value_milli"], each["timestamp_s"], each["window_s"])
        for name, each in case["metrics"].items()
    }
    spec = HpaSpec(1, (), gates=gates(case), controller=controller(case))
    groups = pods.group([pod(each) for each in case["pods"]], found, case["resource"], spec, 0.0)
    return {
        "ready_count": groups.ready,
        "unready": sorted(groups.unready),
        "missing": sorted(groups.missing),
        "ignored": sorted(groups.ignored),
    }


def requests(case: Case) -> Answer:
    found = pods.requests(
        [pod(each) for each in case["pods"]],
        case["resource"],
        case["container"],
        pod_level=gates(case)["PodLevelResources"],
    )
    return {"error": found.reason} if isinstance(found, Absent) else {"requests_milli": found}


def metrics_client(case: Case) -> Answer:
    nodes = case["input"]
    if case["kind"] == "object":
        value = readings.of_object(nodes[0]["value_milli"])
        return {"error_contains": value.reason} if isinstance(value, Absent) else {"value_milli": value}
    if case["kind"] == "external":
        values = readings.of_external(tuple(each["value_milli"] for each in nodes))
        return {"error_contains": values.reason} if isinstance(values, Absent) else {"values_milli": list(values)}
    if case["kind"] == "pods":
        found = readings.of_pods(pod_rows(nodes))
    else:
        found = readings.of_resource(resource_rows(nodes), case["resource"], case["container"])
    if isinstance(found, Absent):
        return {"error_contains": found.reason}
    return {
        "pods": {
            name: {"value_milli": each.value, "timestamp_s": each.timestamp, "window_s": each.window}
            for name, each in found.items()
        }
    }


def utilization(case: Case) -> Answer:
    if case["op"] == "per_pod_usage":
        return {"usage": calculator.per_pod(case["usage"], case["status_replicas"])}
    found = {name: Reading(value, 0.0, 60.0) for name, value in case["metrics_milli"].items()}
    plain = case["op"] == "metric_usage_ratio"
    measured = tally(found, case.get("requests_milli", {}), plain=plain)
    if isinstance(measured, Absent):
        return {"error": measured.reason}
    if plain:
        average = calculator.PerPod(case["target"])
        return {"ratio": average.ratio(measured), "usage": average.current(measured)}
    percent = calculator.PercentOfRequest(case["target"])
    return {
        "ratio": percent.ratio(measured),
        "utilization": percent.current(measured),
        "raw_average": calculator.PerPod(1).current(
            calculator.Tally(measured.pods, measured.pods, measured.usage, measured.request)
        ),
    }
