"""The HorizontalPodAutoscaler of a policy, with its behaviour written out.

A session policy with S sessions a worker grows at active/(S n) >= up and shrinks at active/(S n) < down. With
U = 1000 S up and D = 1000 S down in thousandths of a session per worker, and an average that the HPA truncates to
thousandths, an HPA does exactly that when

    T = U - 1,  scaleUp.tolerance 0,  scaleDown.tolerance 1 - down/up        (average > T is average >= U;
                                                                               D/(T + 1) lies in ((D - 1)/T, D/T])

Without tolerances of its own, from the controller's 10 %, only the upper line can be met: T is the largest number of
thousandths below U/1.1. That is U/1.1 floored, but one less where U is a multiple of 11: U/T = 1.1 still holds the
size, because both ends of the tolerance do.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Final

from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, ScalingRules, Target
from tonnage.scaling.hpa.written import metrics_node, rules_node
from tonnage.scaling.lint.example import Lines, example_size, lines, one_metric, pods_sight, workers_sight
from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

_LONGEST_WINDOW: Final = 3600
_CONTROLLER: Final = Fraction(1, 10)  # --horizontal-pod-autoscaler-tolerance


@dataclass(frozen=True, slots=True)
class Expressed:
    """Thresholds as an HPA has them: a target [1/1000], and tolerances (None: the controller's)."""

    target: int
    up: str | None = None
    down: str | None = None


def express(spec: SessionSpec, *, tolerant: bool) -> Expressed:
    """The thresholds of a session policy as a target and tolerances; see the formula above."""
    upper = spec.sessions_per_worker * spec.scale_up_threshold
    if tolerant:
        share = 1 - Fraction(spec.scale_down_threshold, spec.scale_up_threshold)
        return Expressed(max(upper - 1, 1), "0", _decimal(share))
    return Expressed(max(ceil(upper / (1 + _CONTROLLER)) - 1, 1))


def _decimal(share: Fraction) -> str:
    """A share with nine decimals at most, without zeros at the end."""
    return f"{float(round(share, 9)):.9f}".rstrip("0").rstrip(".")


def session_hpa(spec: SessionSpec, settings: Settings) -> str:
    """The HPA of a session policy, with what it does and what it cannot do as comments."""
    found = express(spec, tolerant=settings.has_tolerance)
    window = min(ceil(spec.scale_down_delay), _LONGEST_WINDOW)
    up, down = Behavior(down=ScalingRules(window=window)).rules(window)
    target: Any = f"{found.target}m"
    metric = {
        "type": "Pods",
        "pods": {
            "metric": {"name": settings.metric},
            "target": {"type": "AverageValue", "averageValue": Noted(target, _target_note(spec, settings))},
        },
    }
    least: Any = max(1, spec.min_workers)
    if not spec.min_workers:
        least = Noted(least, "The policy's 0 cannot be said: a Pods metric needs a pod to measure.")
    rules = {
        "scaleUp": rules_node(up, found.up),
        "scaleDown": Noted(
            rules_node(down, found.down),
            f"scale_down_delay: the largest proposal of the last {window} s holds. Which pods go is not this object's "
            "to say: see the Deployment's patch.",
        ),
    }
    note = _claims(spec, settings, found)
    return emit(Noted(_object(settings, _target_ref(settings), (least, spec.max_workers), rules, [metric]), note))


def _target_note(spec: SessionSpec, settings: Settings) -> str:
    line = spec.sessions_per_worker * spec.scale_up_threshold / 1000
    thresholds = f"{spec.sessions_per_worker} sessions a worker x {spec.scale_up_threshold / 1000:g} = {line:g}"
    if settings.has_tolerance:
        return f"{thresholds}, less one thousandth: the HPA grows above its target, the policy at its threshold."
    return f"{thresholds}, over 1.1 for the controller's tolerance of 10 %, floored to thousandths."


def _claims(spec: SessionSpec, settings: Settings, found: Expressed) -> str:
    """What the HPA does, by driving it, and how the policy differs."""
    up, down = spec.scale_up_threshold / 1000, spec.scale_down_threshold / 1000
    size = example_size(spec)
    note = f"Thresholds {up:g} and {down:g} of {spec.sessions_per_worker} sessions a worker, for Kubernetes "
    note += f"{settings.cluster}."
    if size is None:
        return note
    own = lines(SessionPolicy(spec), workers_sight, size, spec.sessions_per_worker * size)
    hpa = acts(spec, settings, found, size)
    slots = spec.sessions_per_worker * size
    note += f" Computed: with {size} workers it grows at {hpa.up} of {slots} sessions and shrinks at {hpa.down}."
    if hpa == own:
        note += " The policy does the same."
    elif hpa.up == own.up:
        note += (
            f" The policy shrinks at {own.down}: the line {down:g} cannot be expressed below Kubernetes 1.35, where an "
            "HPA has no tolerance of its own."
        )
    else:
        note += f" The policy grows at {own.up} and shrinks at {own.down}: thousandths of a session are too coarse."
    return note


def acts(spec: SessionSpec, settings: Settings, found: Expressed, size: int) -> Lines:
    """Where the HPA acts with ten workers or so, by driving it."""
    metric = MetricSpec("Pods", settings.metric, Target("AverageValue", average=found.target))
    up, down = (None if each is None else float(each) for each in (found.up, found.down))
    behavior = Behavior(ScalingRules(tolerance=up), ScalingRules(tolerance=down))
    hpa = HpaSpec(spec.max_workers, (metric,), max(1, spec.min_workers), behavior, settings.cluster)
    return lines(one_metric(hpa, metric), pods_sight(metric), size, spec.sessions_per_worker * size)


def own_hpa(spec: HpaSpec, node: Any, settings: Settings) -> str:
    """An HPA that is given, with its behaviour written out as far as the cluster knows it."""
    body = node.get("spec", node)
    stated = spec.behavior or Behavior()
    up, down = stated.rules(spec.controller.downscale_stabilization)
    tolerances = [rules.tolerance for rules in (stated.up, stated.down)]
    kept = [f"{each:g}" if each is not None and settings.has_tolerance else None for each in tolerances]
    notes = [f"For Kubernetes {settings.cluster}."]
    if spec.behavior is None:
        notes.append("The behaviour is Kubernetes' default, written out: it was not given.")
    if not settings.has_tolerance and any(each is not None for each in tolerances):
        notes.append("Its tolerances are left out: an HPA has none of its own below Kubernetes 1.35.")
    rules = {"scaleUp": rules_node(up, kept[0]), "scaleDown": rules_node(down, kept[1])}
    metrics = metrics_node(body)
    target = body.get("scaleTargetRef") or _target_ref(settings)
    return emit(Noted(_object(settings, target, (spec.floor, spec.max_replicas), rules, metrics), " ".join(notes)))


def _target_ref(settings: Settings) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": settings.name}


def _object(
    settings: Settings, target: Any, bounds: tuple[Any, int], rules: dict[str, Any], metrics: list[Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": settings.metadata(),
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": bounds[0],
            "maxReplicas": bounds[1],
            "behavior": rules,
            "metrics": metrics,
        },
    }
