"""Knative's cases: the autoscaler step by step, and its averaging windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tonnage.scaling.knative import KnativeSpec, Memory, scale, start
from tonnage.scaling.policy import Absent, Averages
from tonnage.scaling.window import AverageWindow

Case = Mapping[str, Any]

FIELDS = {
    "scaling_metric": "metric",
    "target_value": "target",
    "total_value": "capacity",
    "target_burst_capacity": "burst_capacity",
    "panic_threshold": "panic_threshold",
    "max_scale_up_rate": "up_rate",
    "max_scale_down_rate": "down_rate",
    "stable_window_s": "stable_window",
    "scale_down_delay_s": "scale_down_delay",
    "reachable": "reachable",
    "activation_scale": "activation_scale",
}
EXCESS_TOLERANCE = 1  # upstream's own


def outcomes(case: Case) -> Mapping[str, Any]:
    """Answers of all steps, keyed as `expectations` keys what is expected of them."""
    spec = KnativeSpec(**{FIELDS[key]: value for key, value in case["spec"].items()})
    ready = case["initial_ready_pods"]
    memory = start(Absent("no endpoints") if ready is None else ready, 0.0)
    answers: dict[str, Any] = {"panicking": memory.panic_since is not None, "max_panic_pods": memory.panic_size}
    if "set_state" in case:
        memory = Memory(case["set_state"]["panic_since"], case["set_state"]["max_panic_pods"])
    for i, step in enumerate(case["steps"]):
        spec = replace(spec, **{FIELDS[key]: value for key, value in step.get("spec_update", {}).items()})
        averages = Absent("no data") if step.get("metrics_error") else Averages(step["stable"], step["panic"])
        pods = Absent("no list") if step.get("pod_count_error") else step["ready_pods"]
        found, memory = scale(spec, averages, pods, memory, step["at_s"])
        valid = not isinstance(found, Absent)
        expected = step["expected"].get("ebc")
        excess = 0 if isinstance(found, Absent) else found.excess_burst_capacity
        near = expected is not None and abs(excess - expected) <= EXCESS_TOLERANCE
        answers |= {
            f"{i}.desired": 0 if isinstance(found, Absent) else found.replicas,
            f"{i}.ebc": expected if near else excess,
            f"{i}.valid": valid,
            f"{i}.panic_since": "stable" if memory.panic_since is None else memory.panic_since,
        }
    return answers


def expectations(case: Case) -> Mapping[str, Any]:
    """What is asserted of every step; a `panic_since` of null says that the panic is over."""
    expected = dict(case.get("expected_initial", {}))
    for i, step in enumerate(case["steps"]):
        expected |= {f"{i}.{key}": value for key, value in step["expected"].items()}
        if "panic_since" in step:
            expected[f"{i}.panic_since"] = "stable" if step["panic_since"] is None else step["panic_since"]
    return expected


def window_outcomes(case: Case) -> Mapping[str, Any]:
    window = AverageWindow(case["window_s"], case["granularity_s"])
    answers = {}
    for i, op in enumerate(case["ops"]):
        if op["op"] == "record":
            window = window.record(op["at_s"], op["value"])
            continue
        linear = case["kind"] == "linear"
        average = window.average(op["at_s"]) if linear else window.weighted_average(op["at_s"])
        answers[f"{i}.average"] = round(average, op["round"]) if "round" in op else average
    return answers


def window_expectations(case: Case) -> Mapping[str, Any]:
    return {f"{i}.average": op["expected"] for i, op in enumerate(case["ops"]) if op["op"] == "average"}
