"""The behaviour suite: stabilization, limits, events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.hpa_world import Case, controller

from tonnage.scaling.hpa import behavior
from tonnage.scaling.hpa.behavior import Memory, Recommendation, ScaleEvent, Sizes
from tonnage.scaling.hpa.manifest import behavior_spec
from tonnage.scaling.hpa.spec import Behavior, Rules

Answer = Mapping[str, Any]


def behave(case: Case) -> Answer:
    return OPERATIONS[case["op"]](case)


def rules(case: Case) -> tuple[Rules, Rules]:
    return written(case).rules(300)


def written(case: Case) -> Behavior:
    return behavior_spec({"scaleUp": case.get("scaleUp"), "scaleDown": case.get("scaleDown")}) or Behavior()


def memory(case: Case) -> Memory:
    def events(key: str) -> tuple[ScaleEvent, ...]:
        return tuple(
            ScaleEvent(each["change"], each["at_s"], each.get("outdated", False)) for each in case.get(key, [])
        )

    return Memory((), events("scale_up_events"), events("scale_down_events"))


def sizes(case: Case) -> Sizes:
    return Sizes(
        case["current_replicas"], case["desired_replicas"], case.get("min_replicas", 0), case.get("max_replicas", 0)
    )


def past(case: Case) -> tuple[Recommendation, ...]:
    return tuple(Recommendation(each["replicas"], each["at_s"]) for each in case["recommendations"])


def behavior_rate(case: Case) -> Answer:
    return limited(behavior.limit_rate(sizes(case), memory(case), rules(case), 0.0))


def ramp(case: Case) -> Answer:
    return limited(behavior.limit_ramp(sizes(case), controller(case)))


def limited(found: behavior.Limited) -> Answer:
    return {"replicas": found.replicas, "reason": found.reason}


def scale_up_limit(case: Case) -> Answer:
    return {"replicas": behavior.scale_up_limit(case["current_replicas"], memory(case), rules(case)[0], 0.0)}


def scale_down_limit(case: Case) -> Answer:
    return {"replicas": behavior.scale_down_limit(case["current_replicas"], memory(case), rules(case)[1], 0.0)}


def stabilize(case: Case) -> Answer:
    window = controller(case).downscale_stabilization
    return stabilized(*behavior.stabilize(past(case), case["desired_replicas"], window, 0.0))


def stabilize_behavior(case: Case) -> Answer:
    return stabilized(*behavior.stabilize_both(past(case), sizes(case), rules(case), 0.0))


def stabilized(replicas: int, after: tuple[Recommendation, ...]) -> Answer:
    values = [each.replicas for each in after]
    return {"replicas": replicas, "recommendations_len": len(values), "recommendation_values": values}


def store_event(case: Case) -> Answer:
    up = case["direction"] == "up"
    before = memory(case)
    events = before.ups if up else before.downs
    change = case["replica_change"] if up else -case["replica_change"]
    # Both rules null is an HPA without behaviour, which stores nothing.
    after = before
    if case["scaleUp"] or case["scaleDown"]:
        after = behavior.remember(before, rules(case), change, 0.0)
    return {
        "change_in_period_before": behavior.changed(events, case["period_s"], 0.0),
        "events": [{"change": each.change, "outdated": each.outdated} for each in (after.ups if up else after.downs)],
    }


OPERATIONS: Mapping[str, Callable[[Case], Answer]] = {
    "behavior_rate": behavior_rate,
    "rules": ramp,
    "scale_up_limit": scale_up_limit,
    "scale_down_limit": scale_down_limit,
    "stabilize": stabilize,
    "stabilize_behavior": stabilize_behavior,
    "store_event": store_event,
}
