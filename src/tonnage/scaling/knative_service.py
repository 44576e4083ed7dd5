"""The annotations by which a Knative Service carries its autoscaling, both ways.

    metric                          metric           concurrency | rps
    target                          capacity         a pod's; containerConcurrency bounds it where that is lower
    target-utilization-percentage   100 target / capacity
    window, scale-down-delay        stable_window, scale_down_delay
    panic-threshold-percentage      100 panic_threshold
    target-burst-capacity           burst_capacity
    min-scale, max-scale            least, most      max-scale 0 is no bound
    activation-scale                activation_scale

Each is `autoscaling.knative.dev/<name>` on the revision's template. The rates of growth and the grace of the last pod
belong to the cluster: the ConfigMap config-autoscaler of knative-serving has them. What has no place in a KnativeSpec
is refused where it would change the behaviour, never left out.

Source:
    Knative serving, pkg/apis/autoscaling/{register,annotation_validation}.go and pkg/reconciler/autoscaling/resources/
    target.go; knative.dev/docs/serving/autoscaling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.knative import KnativeSpec
from tonnage.scaling.policy_keys import knative_spec
from tonnage.scaling.yaml_text import Document
from tonnage.units import parse_duration

GROUP: Final = "autoscaling.knative.dev"
CLASS: Final = f"kpa.{GROUP}"
CONFIG: Final = "config-autoscaler"
ANNOTATIONS: Final = "spec.template.metadata.annotations"
_CONCURRENCY: Final = "spec.template.spec.containerConcurrency"
_DEFAULTS: Final = {"concurrency": 100.0, "rps": 200.0}  # what a pod can carry where nothing says it
_UTILIZATION: Final = 70.0  # [%]


def is_service(value: Any) -> bool:
    """Whether a document is a Knative Service, not one of Kubernetes itself."""
    return (
        isinstance(value, Mapping)
        and value.get("kind") == "Service"
        and str(value.get("apiVersion", "")).startswith("serving.knative.dev/")
    )


# ------------------------------------------------------------------------------------------------- writing


def annotations_of(spec: KnativeSpec) -> dict[str, str]:
    """The annotations of a policy, by name without their group.

    Raises:
        PlanError: with every value that Knative's own check would refuse.
    """
    percent = _percent(spec)
    checks = [
        (1 <= percent <= 100, "target", f"is {percent:.4g} % of capacity: Knative takes 1 to 100"),
        (spec.panic_threshold >= 1.1, "panic_threshold", f"is {spec.panic_threshold:g}: Knative takes 1.1 to 10"),
        (spec.burst_capacity >= 0 or spec.burst_capacity == -1, "burst_capacity", "is -1, 0 or above for Knative"),
        (spec.stable_window.is_integer(), "stable_window", "is in whole seconds for Knative"),
        (spec.scale_down_delay.is_integer(), "scale_down_delay", "is in whole seconds for Knative"),
        (spec.reachable, "reachable", "is what routes make of a revision: it cannot be written"),
        (
            spec.activation_scale == 1 or spec.activation_scale >= spec.least,
            "activation_scale",
            f"is {spec.activation_scale}, below least, which is {spec.least}: Knative refuses that",
        ),
    ]
    mistakes = [Mistake(path, message) for is_right, path, message in checks if not is_right]
    if mistakes:
        raise PlanError(*mistakes)
    found = {
        "class": CLASS,
        "metric": spec.metric,
        "target": _number(spec.capacity),
        "target-utilization-percentage": _number(percent),
        "window": f"{_number(spec.stable_window)}s",
        "panic-threshold-percentage": _number(round(100 * spec.panic_threshold, 9)),
        "target-burst-capacity": _number(spec.burst_capacity),
        "scale-down-delay": f"{_number(spec.scale_down_delay)}s",
        "min-scale": str(spec.least),
        "max-scale": str(spec.most),
    }
    # Knative refuses to be told its own 1.
    return found | ({"activation-scale": str(spec.activation_scale)} if spec.activation_scale > 1 else {})


def cluster_values(spec: KnativeSpec) -> dict[str, str]:
    """What the ConfigMap of the cluster must say, by its keys; empty where all of it is Knative's default."""
    default = KnativeSpec()
    return {
        key: f"{_number(getattr(spec, name))}{unit}"
        for key, (name, unit) in _CLUSTER.items()
        if getattr(spec, name) != getattr(default, name)
    }


def _percent(spec: KnativeSpec) -> float:
    """The shortest number of per cent of the capacity that gives the target again."""
    exact = 100 * spec.target / spec.capacity
    for digits in range(16):
        short = round(exact, digits)
        if spec.capacity * short / 100 == spec.target:
            return short
    return exact


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


# ------------------------------------------------------------------------------------------------- reading


def service_spec(node: Mapping[str, Any]) -> KnativeSpec:
    """The policy of a Knative Service, or of a patch of one: what its annotations leave open is Knative's default.

    Raises:
        PlanError: with every mistake, its path within the document.
    """
    mistakes: list[Mistake] = []
    given = _annotations(node, mistakes)
    values: dict[str, Any] = {}
    for name, text in given.items():
        try:
            if name in _READERS:
                values[name] = _READERS[name](text)
            else:
                _not_modelled(name, text)
        except UnitError as error:
            mistakes.append(Mistake(_path(name), str(error)))
    limit = _inside(node, "spec", "template", "spec", "containerConcurrency")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        mistakes.append(Mistake(_CONCURRENCY, f"is {limit!r}: write a whole number from 0"))
        limit = None
    own = {_FIELDS[name]: value for name, value in values.items() if name in _FIELDS}
    capacity = _capacity(values, limit or 0)
    own |= {"capacity": capacity, "target": capacity * values.get("target-utilization-percentage", _UTILIZATION) / 100}
    try:
        spec = knative_spec(own)
    except PlanError as error:
        names = {field: _path(name) for name, field in _FIELDS.items()} | {"capacity": _path("target")}
        mistakes += [replace(each, path=names.get(each.path, _path("target"))) for each in error.mistakes]
    if mistakes:
        raise PlanError(*mistakes)
    return spec


def of_cluster(spec: KnativeSpec, documents: Iterable[Document]) -> KnativeSpec:
    """The policy with what a ConfigMap config-autoscaler among the documents says.

    Raises:
        PlanError: with every mistake, its file and line.
    """
    mistakes: list[Mistake] = []
    found: dict[str, Any] = {}
    for document in documents:
        value = document.value
        if _inside(value, "kind") != "ConfigMap" or _inside(value, "metadata", "name") != CONFIG:
            continue
        data = _inside(value, "data")
        for key, text in data.items() if isinstance(data, Mapping) else ():
            try:
                if key not in _CLUSTER:
                    raise UnitError("is not read from here: write it as an annotation of the revision")
                name, unit = _CLUSTER[key]
                found[name] = _seconds(text) if unit else _amount(text)
                knative_spec({name: found[name]})
            except UnitError as error:
                mistakes.append(document.located(Mistake(f"data.{key}", str(error))))
            except PlanError as error:
                mistakes += [document.located(replace(each, path=f"data.{key}")) for each in error.mistakes]
    if mistakes:
        raise PlanError(*mistakes)
    return replace(spec, **found)


def _annotations(node: Mapping[str, Any], mistakes: list[Mistake]) -> dict[str, str]:
    """The annotations of autoscaling by their names in kebab case, which Knative also takes in camel case."""
    found: dict[str, str] = {}
    given = _inside(node, "spec", "template", "metadata", "annotations")
    if given is not None and not isinstance(given, Mapping):
        mistakes.append(Mistake(ANNOTATIONS, "is a mapping of annotations to texts"))
        return found
    for key, text in (given or {}).items():
        group, slash, name = str(key).partition("/")
        if group != GROUP or not slash:
            continue
        kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in name)
        if not isinstance(text, str):
            mistakes.append(Mistake(f"{ANNOTATIONS}.{key}", f"is {text!r}, not a text: quote it, as Kubernetes asks"))
        elif kebab not in (*_READERS, *_OTHERS):
            near = get_close_matches(kebab, (*_READERS, *_OTHERS), 1, 0.6)
            hint = f": did you mean {near[0]}?" if near else ""
            mistakes.append(Mistake(f"{ANNOTATIONS}.{key}", f"is no annotation of Knative's autoscaler{hint}"))
        elif name == kebab or kebab not in found:
            found[kebab] = text
    return found


def _capacity(values: Mapping[str, Any], limit: int) -> float:
    """What a pod can carry [1 or 1/s]: the target's annotation, the hard limit on concurrency, or the default."""
    metric = values.get("metric", "concurrency")
    if "target" not in values:
        return float(limit) if metric == "concurrency" and limit else _DEFAULTS.get(metric, _DEFAULTS["concurrency"])
    target: float = values["target"]
    return min(target, limit) if metric == "concurrency" and limit else target


def _not_modelled(name: str, text: str) -> None:
    """Refuse what would make a difference that is not simulated."""
    if name not in _OTHERS or text in _OTHERS[name] or not _OTHERS[name]:
        return
    raise UnitError(f"is {text!r}, which is not modelled: only {_OTHERS[name][0]} is")


def _inside(node: Any, *keys: str) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _path(name: str) -> str:
    return f"{ANNOTATIONS}.{GROUP}/{name}"


def _amount(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise UnitError(f'is {text!r}: write a number as a text, such as "70"') from None


def _share(text: str) -> float:
    found = _amount(text)
    if not 1 <= found <= 100:
        raise UnitError(f"is {text}: it is from 1 to 100 per cent")
    return found


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise UnitError(f"is {text!r}: write a whole number from 0 as a text")
    return int(text)


def _seconds(text: Any) -> float:
    return parse_duration(text)


def _class(text: str) -> str:
    if text != CLASS:
        raise UnitError(f"is {text}: only {CLASS} is read here; give the HorizontalPodAutoscaler itself for the other")
    return text


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "class": _class,
    "metric": str,
    "target": _amount,
    "target-utilization-percentage": _share,
    "window": _seconds,
    "panic-threshold-percentage": lambda text: _amount(text) / 100,
    "target-burst-capacity": _amount,
    "scale-down-delay": _seconds,
    "min-scale": _whole,
    "max-scale": _whole,
    "activation-scale": _whole,
}
_FIELDS: Final = {
    "metric": "metric",
    "window": "stable_window",
    "panic-threshold-percentage": "panic_threshold",
    "target-burst-capacity": "burst_capacity",
    "scale-down-delay": "scale_down_delay",
    "min-scale": "least",
    "max-scale": "most",
    "activation-scale": "activation_scale",
}
# Known, and without a place in a KnativeSpec: the values that are what is simulated; empty where any is.
_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "initial-scale": (),
    "panic-window-percentage": ("10", "10.0"),
    "scale-to-zero-pod-retention-period": ("0s", "0"),
    "metric-aggregation-algorithm": ("linear",),
}
# Key of the ConfigMap: field of a KnativeSpec, and the unit of its text.
_CLUSTER: Final = {
    "max-scale-up-rate": ("up_rate", ""),
    "max-scale-down-rate": ("down_rate", ""),
    "scale-to-zero-grace-period": ("zero_grace", "s"),
}
