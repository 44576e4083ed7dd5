"""Examples without time: the policy itself, asked over small tables of observations where it acts.

A load is a whole number of the metric's own units over all pods: sessions, queue entries, or for utilization per cent
of one pod's request.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec, Target
from tonnage.scaling.policy import (
    Absent,
    Container,
    Metrics,
    Observation,
    Pod,
    PodRow,
    Policy,
    ResourceRow,
    Worker,
)
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

Sight = Callable[[float, int, int], Observation]

LATER: Final = 3601.0  # [s] longer than any stabilization window
OLD: Final = 900.0  # [s] older than any start-up
REQUEST: Final = 1000  # thousandths of a core
_SESSION_WORDS: Final = {"session", "sessions", "call", "calls", "connection", "connections", "job", "jobs"}


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a policy acts at one size: the least load at which it grows, the largest at which it shrinks."""

    up: int | None
    down: int | None


def lines(policy: Policy[Any], sight: Sight, size: int, most: int) -> Lines:
    """The lines of a policy at a constant load from 0 to `most`, which it answers monotonically.

    A load is decided on twice, further apart than any window, so that stabilization holds nothing back.
    """
    loads = range(most + 1)
    up = bisect_left(loads, True, key=lambda load: settled(policy, sight, size, load) > size)
    down = bisect_left(loads, True, key=lambda load: settled(policy, sight, size, load) >= size) - 1
    return Lines(up if up <= most else None, down if down >= 0 else None)


def settled(policy: Policy[Any], sight: Sight, size: int, load: int) -> int:
    """The size that a policy wants when a load has lasted longer than any window."""
    later = max(LATER, policy.spec.scale_down_delay + 1) if isinstance(policy, SessionPolicy) else LATER
    _, state = policy.decide(sight(0.0, size, load), None)
    return policy.decide(sight(later, size, load), state)[0].replicas


def one_metric(spec: HpaSpec, metric: MetricSpec) -> HorizontalPodAutoscaler:
    """The HPA with one of its metrics only."""
    return HorizontalPodAutoscaler(replace(spec, metrics=(metric,)))


def target_of(metric: MetricSpec) -> int:
    """The target in thousandths of the metric's unit; per cent are whole units."""
    target: Target = metric.target
    if target.utilization is not None:
        return 1000 * target.utilization
    return target.average or target.value or 0


def counts_sessions(metric: MetricSpec) -> bool:
    """Whether a metric per pod is named after sessions."""
    return metric.type == "Pods" and not _SESSION_WORDS.isdisjoint(metric.name.lower().split("_"))


def example_size(spec: HpaSpec | SessionSpec) -> int | None:
    """Ten replicas, or as near as leaves room on both sides; None where there is none."""
    least, most = (spec.floor, spec.max_replicas) if isinstance(spec, HpaSpec) else (spec.min_workers, spec.max_workers)
    size = max(min(10, most - 1), least + 1)
    return size if least < size < most else None


# ------------------------------------------------------------------------------------------------- sights


def pods_sight(metric: MetricSpec, containers: tuple[Container, ...] = ()) -> Sight:
    """Old, ready pods that share a load evenly, as this metric shows it."""

    def sight(now: float, size: int, load: int) -> Observation:
        return observed(metric, now, size, shared(1000 * load, size), containers=containers)

    return sight


def shared(total: int, size: int) -> list[int]:
    """A total in whole parts that differ by one at most."""
    share, rest = divmod(total, max(size, 1))
    return [share + (i < rest) for i in range(size)]


def observed(
    metric: MetricSpec,
    now: float,
    replicas: int,
    values: list[int],
    *,
    unready: int = 0,
    containers: tuple[Container, ...] = (),
) -> Observation:
    """Pods with a value [1/1000] each, the last `unready` of which run but are not ready; the others are pending."""
    names = [f"pod-{i}" for i in range(replicas)]
    pods = []
    for i, name in enumerate(names):
        ready = i < len(values) - unready
        phase: Any = "Running" if i < len(values) else "Pending"
        since = now - OLD if ready else now
        own = containers or (Container(metric.container or "app", {metric.name: REQUEST}),)
        pods.append(Pod(name, phase, False, "True" if ready else "False", since, since, own))
    return Observation(now, replicas, pods=tuple(pods), metrics=_metrics(metric, now, values, names))


def _metrics(metric: MetricSpec, now: float, values: list[int], names: list[str]) -> Metrics:
    if metric.type == "Pods":
        rows = tuple(PodRow(name, value, now) for name, value in zip(names, values, strict=False))
        return Metrics(pods={metric.name: rows})
    if metric.type == "Object":
        return Metrics(objects={metric.name: sum(values)})
    if metric.type == "External":
        return Metrics(external={metric.name: (sum(values),)})
    # Per cent of the request, in thousandths of a per cent, as usage in thousandths of the resource.
    usages = [value * REQUEST // 100_000 if metric.target.utilization is not None else value for value in values]
    container = metric.container or "app"
    return Metrics(
        resource=tuple(
            ResourceRow(name, now, 30.0, ((container, {metric.name: usage}),))
            for name, usage in zip(names, usages, strict=False)
        )
    )


def workers_sight(now: float, size: int, load: int) -> Observation:
    """Ready workers that share sessions evenly."""
    workers = tuple(Worker(f"worker-{i}", "ready", count) for i, count in enumerate(shared(load, size)))
    return Observation(now, size, workers=workers)


def absence(spec: HpaSpec, metric: MetricSpec, size: int) -> str:
    """What the HPA says when nothing delivers its metric."""
    seen = replace(observed(metric, 0.0, size, []), metrics=Metrics())
    rows: Any = Absent(f"no metric named {metric.name}")
    kinds: dict[str, Any] = {
        "Pods": Metrics(pods={metric.name: rows}),
        "Object": Metrics(objects={metric.name: rows}),
        "External": Metrics(external={metric.name: rows}),
    }
    seen = replace(seen, metrics=kinds.get(metric.type, Metrics()))
    return one_metric(spec, metric).decide(seen, None)[0].reason
