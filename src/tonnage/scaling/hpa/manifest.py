"""An HPA manifest, parsed already, as a spec.

`hpa_spec` takes what a YAML or JSON reader made of an autoscaling/v2 manifest, and names all mistakes at once, each
with its path. `metric_spec` and `behavior_spec` take parts of one and check nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.hpa.quantity import parse_milli, parse_ratio
from tonnage.scaling.hpa.spec import (
    NEWEST,
    Behavior,
    ControllerConfig,
    HpaSpec,
    MetricSpec,
    RatePolicy,
    ScalingRules,
    Target,
)

Node = Mapping[str, Any]

_SOURCES: Final = {
    "Resource": ("resource", {"name", "target"}, {"Utilization", "AverageValue"}),
    "ContainerResource": ("containerResource", {"name", "container", "target"}, {"Utilization", "AverageValue"}),
    "Pods": ("pods", {"metric", "target"}, {"AverageValue"}),
    "Object": ("object", {"describedObject", "metric", "target"}, {"Value", "AverageValue"}),
    "External": ("external", {"metric", "target"}, {"Value", "AverageValue"}),
}
_TARGETS: Final = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}
_RULES: Final = {"stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"}
DEFAULT_METRIC: Final = MetricSpec("Resource", "cpu", Target("Utilization", utilization=80))


def hpa_spec(
    manifest: Node,
    *,
    version: str = NEWEST,
    gates: Mapping[str, bool] | None = None,
    controller: ControllerConfig | None = None,
    source: str = "",
) -> HpaSpec:
    """The spec of an autoscaling/v2 manifest; without metrics it is 80 % of the requested cpu, as the API has it.

    Raises:
        PlanError: with every mistake of the manifest, its path, and `source` before it.
    """
    found = _Check(source)
    found.manifest(manifest)
    if found.mistakes:
        raise PlanError(*found.mistakes)
    spec = manifest["spec"]
    return HpaSpec(
        max_replicas=spec["maxReplicas"],
        metrics=tuple(metric_spec(each) for each in spec.get("metrics") or ()) or (DEFAULT_METRIC,),
        min_replicas=spec.get("minReplicas"),
        behavior=behavior_spec(spec.get("behavior")),
        version=version,
        gates=gates or {},
        controller=controller or ControllerConfig(),
        name=(manifest.get("metadata") or {}).get("name", ""),
    )


def metric_spec(node: Node) -> MetricSpec:
    """One entry of `spec.metrics`; fields that its type does not have stay empty."""
    key = _SOURCES[node["type"]][0] if node["type"] in _SOURCES else ""
    source = node.get(key) or {}
    target = source.get("target") or {}
    return MetricSpec(
        node["type"],
        source.get("name") or (source.get("metric") or {}).get("name", ""),
        Target(
            target.get("type", ""),
            target.get("averageUtilization"),
            *(parse_milli(target[each]) if each in target else None for each in ("averageValue", "value")),
        ),
        source.get("container", ""),
        (source.get("describedObject") or {}).get("kind", ""),
    )


def behavior_spec(node: Node | None) -> Behavior | None:
    """`spec.behavior`, None where there is none."""
    if node is None:
        return None
    return Behavior(_rules(node.get("scaleUp")), _rules(node.get("scaleDown")))


def _rules(node: Node | None) -> ScalingRules:
    rules = node or {}
    policies = rules.get("policies")
    return ScalingRules(
        rules.get("stabilizationWindowSeconds"),
        rules.get("selectPolicy"),
        policies and tuple(RatePolicy(each["type"], each["value"], each["periodSeconds"]) for each in policies),
        parse_ratio(rules["tolerance"]) if rules.get("tolerance") is not None else None,
    )


class _Check:
    """Walks a manifest and collects its mistakes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []

    def manifest(self, node: Node) -> None:
        if not isinstance(node, Mapping):
            self.say("", "an HPA manifest is a mapping with apiVersion, kind, metadata and spec")
            return
        if node.get("apiVersion") != "autoscaling/v2":
            self.say("apiVersion", f"is {node.get('apiVersion')!r}: only autoscaling/v2 is read")
        if node.get("kind") != "HorizontalPodAutoscaler":
            self.say("kind", f"is {node.get('kind')!r}, not HorizontalPodAutoscaler")
        spec = node.get("spec")
        if not isinstance(spec, Mapping):
            self.say("spec", "is missing, or its indentation is lost: it is a mapping with maxReplicas and metrics")
            return
        self.known(spec, "spec", {"scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior"})
        self.sizes(spec)
        for i, metric in enumerate(self.listed(spec.get("metrics"), "spec.metrics")):
            self.metric(metric, f"spec.metrics[{i}]")
        behavior = self.mapping(spec.get("behavior", {}), "spec.behavior", {"scaleUp", "scaleDown"})
        for direction in ("scaleUp", "scaleDown"):
            self.rules(behavior.get(direction, {}), f"spec.behavior.{direction}")

    def sizes(self, spec: Node) -> None:
        least, most = spec.get("minReplicas", 1), spec.get("maxReplicas")
        self.whole(most, "spec.maxReplicas", 1, 2**31 - 1)
        self.whole(least, "spec.minReplicas", 0, 2**31 - 1)
        if _is_whole(least) and _is_whole(most) and least > most:
            self.say("spec.minReplicas", f"is {least}, above spec.maxReplicas, which is {most}")
        metrics = spec.get("metrics")
        kinds = [each.get("type") for each in metrics if isinstance(each, Mapping)] if isinstance(metrics, list) else []
        if least == 0 and not any(kind in kinds for kind in ("Object", "External")):
            self.say("spec.minReplicas", "is 0, which needs an Object or External metric: others need pods to measure")

    def metric(self, node: Any, path: str) -> None:
        kind = node.get("type") if isinstance(node, Mapping) else None
        if not isinstance(kind, str) or kind not in _SOURCES:
            self.say(f"{path}.type", f"is {kind!r}: write one of {', '.join(_SOURCES)}")
            return
        key, fields, targets = _SOURCES[kind]
        self.known(node, path, {"type", key})
        place = f"{path}.{key}"
        source = self.mapping(node.get(key), place, fields)
        if not source:
            return
        named = (
            source if "name" in fields else self.mapping(source.get("metric"), f"{place}.metric", {"name", "selector"})
        )
        if not isinstance(named.get("name"), str) or not named["name"]:
            self.say(f"{place}{'' if named is source else '.metric'}.name", "is missing")
        if "container" in fields and not source.get("container"):
            self.say(f"{place}.container", "is missing: a ContainerResource metric looks at one container")
        self.target(source.get("target"), f"{place}.target", targets)

    def target(self, node: Any, path: str, allowed: set[str]) -> None:
        target = self.mapping(node, path, {"type", *_TARGETS.values()})
        kind = target.get("type")
        if not isinstance(kind, str) or kind not in allowed:
            self.say(f"{path}.type", f"is {kind!r}: write {' or '.join(sorted(allowed))}")
            return
        field = _TARGETS[kind]
        if kind == "Utilization":
            self.whole(target.get(field), f"{path}.{field}", 1, 2**31 - 1)
        else:
            self.quantity(target.get(field), f"{path}.{field}", 1)

    def rules(self, node: Any, path: str) -> None:
        rules = self.mapping(node, path, _RULES)
        if rules.get("stabilizationWindowSeconds") is not None:
            self.whole(rules["stabilizationWindowSeconds"], f"{path}.stabilizationWindowSeconds", 0, 3600)
        if rules.get("selectPolicy", "Max") not in ("Max", "Min", "Disabled"):
            self.say(f"{path}.selectPolicy", f"is {rules['selectPolicy']!r}: write Max, Min or Disabled")
        if rules.get("tolerance") is not None:
            self.quantity(rules["tolerance"], f"{path}.tolerance", 0)
        if "policies" in rules and not rules["policies"]:
            self.say(f"{path}.policies", "is empty: leave it out for the defaults, or write selectPolicy: Disabled")
        for i, policy in enumerate(self.listed(rules.get("policies"), f"{path}.policies")):
            place = f"{path}.policies[{i}]"
            each = self.mapping(policy, place, {"type", "value", "periodSeconds"})
            if each.get("type") not in ("Pods", "Percent"):
                self.say(f"{place}.type", f"is {each.get('type')!r}: write Pods or Percent")
            self.whole(each.get("value"), f"{place}.value", 1, 2**31 - 1)
            self.whole(each.get("periodSeconds"), f"{place}.periodSeconds", 1, 1800)

    def whole(self, value: Any, path: str, least: int, most: int) -> None:
        if value is None:
            self.say(path, "is missing")
        elif not _is_whole(value):
            self.say(path, f"is {value!r}, not a whole number")
        elif not least <= value <= most:
            self.say(path, f"is {value}: it lies between {least} and {most}")

    def quantity(self, value: Any, path: str, least: int) -> None:
        try:
            if parse_milli(value) < least:
                self.say(path, f"is {value!r}: it is {'above' if least else 'at least'} 0")
        except UnitError as error:
            self.say(path, str(error))

    def listed(self, value: Any, path: str) -> Sequence[Any]:
        if value is None or (isinstance(value, Sequence) and not isinstance(value, str)):
            return value or ()
        self.say(path, "is not a list")
        return ()

    def mapping(self, value: Any, path: str, fields: set[str]) -> Node:
        if not isinstance(value, Mapping):
            self.say(path, f"is missing, or not a mapping: it has {', '.join(sorted(fields))}")
            return {}
        self.known(value, path, fields)
        return value

    def known(self, node: Node, path: str, fields: set[str]) -> None:
        for key in node:
            if key not in fields:
                near = get_close_matches(str(key), sorted(fields), 1, 0.5)
                hint = f": did you mean {near[0]}?" if near else ""
                self.say(f"{path}.{key}", f"is no field of an HPA{hint}")

    def say(self, path: str, message: str) -> None:
        self.mistakes.append(Mistake(path, message, self.source))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
