"""One proposal per metric of an HPA, and the largest of them.

The texts are those of the cluster: people search for them.

Source:
    Kubernetes, horizontal.go and replica_calculator.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tonnage.scaling.hpa import calculator, readings
from tonnage.scaling.hpa.pods import group, requests
from tonnage.scaling.hpa.quantity import quotient
from tonnage.scaling.hpa.readings import Readings
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.policy import Absent, MetricStatus, Observation, Pod

NO_PODS: Final = Absent("no pods returned by selector while calculating replica count")
NO_READINGS: Final = Absent("did not receive metrics for targeted pods (pods might be unready)")
UNKNOWN_PODS: Final = Absent("no metrics returned matched known pods")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one metric asks for, and what it reads: per cent of the request, thousandths per pod, or in all."""

    replicas: int
    utilization: int | None = None
    average: int | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a metric proposes nothing: the reason of the condition, its text, and the error of the sync."""

    reason: str
    message: str
    error: str


@dataclass(frozen=True, slots=True)
class Combined:
    """The largest proposal of all metrics, None when none can be used; with what each of them said."""

    replicas: int | None
    name: str
    statuses: tuple[MetricStatus, ...]
    failure: Failure | None = None
    error: str = ""


def combine(spec: HpaSpec, observation: Observation) -> Combined:
    """The largest proposal wins; while one metric is unknown, the others may hold or raise the size, not lower it."""
    best, name, statuses, failures = 0, "", [], []
    for metric in spec.metrics:
        found = propose(spec, observation, metric)
        if isinstance(found, Failure):
            failures.append(found)
            statuses.append(MetricStatus(_name(metric), Absent(found.error)))
            continue
        statuses.append(MetricStatus(_name(metric), found.replicas, found.utilization, found.average, found.value))
        if best == 0 or found.replicas > best:
            best, name = found.replicas, _name(metric)
    if not failures and spec.metrics:
        return Combined(best, name, tuple(statuses))
    first = failures[0] if failures else Failure("InvalidMetricSourceType", "no metrics", "the HPA has no metrics")
    error = f"invalid metrics ({len(failures)} invalid out of {len(spec.metrics)}), first error is: {first.error}"
    partial = len(failures) < len(spec.metrics) and not (
        spec.semantics.holds_on_partial_failure and best < observation.replicas
    )
    return Combined(best if partial else None, name, tuple(statuses), first, error)


def propose(spec: HpaSpec, observation: Observation, metric: MetricSpec) -> Measured | Failure:
    """What one metric asks for, or the condition that says why it asks for nothing."""
    measure = _MEASURES.get(metric.type)
    if measure is None:
        error = f'unknown metric source type "{metric.type}"'
        return Failure("InvalidMetricSourceType", _unable(error), error)
    found = measure(spec, observation, metric)
    if not isinstance(found, Absent):
        return found
    inner, outer = _explained(metric, found.reason)
    return Failure(f"FailedGet{metric.type}Metric", _unable(inner), f"{outer}: {inner}")


# ------------------------------------------------------------------------------------------------- by source


def _resource(spec: HpaSpec, observation: Observation, metric: MetricSpec) -> Measured | Absent:
    """Usage of a resource by the pods, or by one container of each."""
    target = metric.target
    goal: calculator.PodTarget
    if target.average is not None:
        goal = calculator.PerPod(target.average)
    elif target.utilization is not None:
        goal = calculator.PercentOfRequest(target.utilization)
    else:
        return Absent(
            "invalid resource metric source: neither an average utilization target nor an average value (usage) "
            "target was set"
        )
    found = readings.of_resource(
        observation.metrics.resource,
        metric.name,
        metric.container,
        skipping=spec.semantics.skips_rows_without_container,
    )
    if isinstance(found, Absent):
        return Absent(f"unable to get metrics for resource {metric.name}: {found.reason}")
    return _by_pods(spec, observation, metric, found, goal)


def _pods(spec: HpaSpec, observation: Observation, metric: MetricSpec) -> Measured | Absent:
    """A custom metric of every pod."""
    if metric.target.average is None:
        return Absent("invalid pods metric source: no average value target was set")
    rows = observation.metrics.pods.get(metric.name, _unread(metric))
    found = readings.of_pods(rows)
    if isinstance(found, Absent):
        return Absent(f"unable to get metric {metric.name}: {found.reason}")
    return _by_pods(spec, observation, metric, found, calculator.PerPod(metric.target.average))


def _by_pods(
    spec: HpaSpec, observation: Observation, metric: MetricSpec, found: Readings, goal: calculator.PodTarget
) -> Measured | Absent:
    pods = _listed(observation)
    if isinstance(pods, Absent):
        return pods
    resource = "" if metric.type == "Pods" else metric.name
    groups = group(pods, found, resource, spec, observation.now)
    for name in (*groups.ignored, *groups.unready):
        found.pop(name, None)
    if not found:
        return NO_READINGS
    plain = isinstance(goal, calculator.PerPod)
    requested: dict[str, int] | Absent = {}
    if not plain:
        requested = requests(pods, resource, metric.container, pod_level=spec.semantics.pod_level_requests)
    if isinstance(requested, Absent):
        return requested
    measured = tally(found, requested, plain=plain)
    if isinstance(measured, Absent):
        return measured
    sample = calculator.Sample(
        groups.ready,
        measured,
        tuple(requested.get(name, 0) for name in groups.missing),
        tuple(requested.get(name, 0) for name in groups.unready),
    )
    replicas = calculator.from_pods(observation.replicas, sample, goal, spec.tolerances)
    percent = None if plain else goal.current(measured)
    return Measured(replicas, percent, average=quotient(measured.usage, measured.pods))


def tally(found: Readings, requested: Mapping[str, int], *, plain: bool) -> calculator.Tally | Absent:
    """Readings added up; utilization passes over those whose pod is unknown, and needs a request of one at least."""
    if plain:
        return calculator.Tally(len(found), len(found), sum(each.value for each in found.values()))
    known = [name for name in found if name in requested]
    request = sum(requested[name] for name in known)
    if request == 0:
        return UNKNOWN_PODS
    return calculator.Tally(len(found), len(known), sum(found[name].value for name in known), request)


def _object(spec: HpaSpec, observation: Observation, metric: MetricSpec) -> Measured | Absent:
    """One value that all pods share, as one object of the cluster gives it."""
    value = readings.of_object(observation.metrics.objects.get(metric.name, _unread(metric)))
    if isinstance(value, Absent):
        return Absent(f"unable to get metric {metric.name} on {metric.described}: {value.reason}")
    return _by_value(spec, observation, metric, value)


def _external(spec: HpaSpec, observation: Observation, metric: MetricSpec) -> Measured | Absent:
    """One value that all pods share, summed over the series of something outside the cluster."""
    values = readings.of_external(observation.metrics.external.get(metric.name, _unread(metric)))
    if isinstance(values, Absent):
        return Absent(f"unable to get external metric {metric.name}: {values.reason}")
    return _by_value(spec, observation, metric, calculator.total(values))


def _by_value(spec: HpaSpec, observation: Observation, metric: MetricSpec, value: int) -> Measured | Absent:
    target = metric.target
    if target.average is not None:
        replicas = calculator.from_average(observation.existing, value, target.average, spec.tolerances)
        return Measured(replicas, average=calculator.per_pod(value, observation.existing))
    if target.value is None:
        return Absent(
            f"invalid {metric.type.lower()} metric source: neither a value target nor an average value target was set"
        )
    ready: int | Absent = 0
    # Nobody looks at the pods when the ratio alone decides.
    if observation.replicas and not spec.tolerances.hold(float(value) / float(target.value)):
        pods = _listed(observation)
        ready = pods if isinstance(pods, Absent) else observation.ready
    if isinstance(ready, Absent):
        return Absent(f"unable to calculate ready pods: {ready.reason}")
    replicas = calculator.from_value(observation.replicas, value, target.value, ready, spec.tolerances)
    return Measured(replicas, value=value)


_MEASURES: Final[Mapping[str, Callable[[HpaSpec, Observation, MetricSpec], Measured | Absent]]] = {
    "Resource": _resource,
    "ContainerResource": _resource,
    "Pods": _pods,
    "Object": _object,
    "External": _external,
}


def _listed(observation: Observation) -> tuple[Pod, ...] | Absent:
    if isinstance(observation.pods, Absent):
        return Absent(f"unable to get pods while calculating replica count: {observation.pods.reason}")
    return observation.pods or NO_PODS


def _unread(metric: MetricSpec) -> Absent:
    return Absent(f"{metric.name} was not observed")


# ------------------------------------------------------------------------------------------------- texts


def _name(metric: MetricSpec) -> str:
    """How the cluster names the metric that decided."""
    utilization = " utilization (percentage of request)" if metric.target.average is None else ""
    return {
        "Resource": f"{metric.name} resource{utilization}",
        "ContainerResource": f"{metric.name} container resource{utilization}"
        if utilization
        else f"{metric.name} resource",
        "Pods": f"pods metric {metric.name}",
        "Object": f"{metric.described} metric {metric.name}",
        "External": f"external metric {metric.name}",
    }.get(metric.type, f"{metric.type} metric {metric.name}".rstrip())


def _explained(metric: MetricSpec, reason: str) -> tuple[str, str]:
    """The failure as the condition tells it, and what the sync's error puts before it."""
    if metric.type in ("Resource", "ContainerResource"):
        what = "usage" if metric.target.average is not None else "utilization"
        place = f"{metric.container} container" if metric.container else f"{metric.name} resource"
        return f"failed to get {metric.name} {what}: {reason}", f"failed to get {place} metric value"
    if metric.type == "External":
        return f"failed to get {metric.name} external metric: {reason}", (
            f"failed to get {metric.name} external metric value"
        )
    return reason, f"failed to get {metric.type.lower()} metric value"


def _unable(error: str) -> str:
    return f"the HPA was unable to compute the replica count: {error}"
