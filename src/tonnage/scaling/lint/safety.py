"""What a scale-down, a drained node or the loss of a pod does to those who are being served."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final

from tonnage.finding import Evidence, Finding
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.lint.circumstances import LEAST_GRACE, Circumstances
from tonnage.scaling.lint.example import (
    counts_sessions,
    example_size,
    lines,
    one_metric,
    pods_sight,
    settled,
    target_of,
    workers_sight,
)
from tonnage.scaling.lint.objects import Budget, budgets, inside, where, workload
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

_DRAIN: Final = (
    "Nothing in Kubernetes keeps an HPA from removing a busy pod. Drain on SIGTERM, with "
    "terminationGracePeriodSeconds of at least the longest session and 600 s, "
    'cluster-autoscaler.kubernetes.io/safe-to-evict: "false", and idle pods first by '
    "controller.kubernetes.io/pod-deletion-cost: `tonnage manifests` writes the patch."
)


def budget_protects_nothing(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN507: a PodDisruptionBudget governs evictions only; some do not even those."""
    spec, found = file.spec, workload(file)
    least = _floor(file)
    for budget in budgets(file):
        place, name = budget.document.place("spec"), inside(budget.document.value, "metadata", "name")
        allowed = budget.allowed(least)
        numbers: dict[str, int | float | str] = {"pods": least, "may_be_evicted": allowed}
        if found and not budget.selects(found.labels):
            claim = f"the PodDisruptionBudget {name} selects none of the pods of {found.document.value['kind']}"
            advice = f"Let its selector match the pod's labels: {dict(found.labels)}."
        elif allowed >= least:
            claim = (
                f"the PodDisruptionBudget {name} lets {allowed} of {least} pods, the smallest size, be evicted at once"
            )
            advice = "Write maxUnavailable: 1, and run at least 2 pods."
        else:
            claim, advice = _budget_and_scale_down(spec, budget, str(name), numbers), _DRAIN
        yield Finding.of("TN507", claim, Evidence("pods", numbers), advice, place)


def _budget_and_scale_down(spec: object, budget: Budget, name: str, numbers: dict[str, int | float | str]) -> str:
    """The claim about a budget that holds against evictions: a scale-down does not ask it."""
    claim = f"the PodDisruptionBudget {name} governs evictions only, not the scale-down of an HPA"
    size = example_size(spec) if isinstance(spec, HpaSpec) else None
    if not isinstance(spec, HpaSpec) or size is None:
        return claim
    after = settled(one_metric(spec, spec.metrics[0]), pods_sight(spec.metrics[0]), size, 0)
    allowed = budget.allowed(size)
    numbers |= {"replicas": size, "scale_down_to": after, "may_be_evicted": allowed}
    return (
        f"{claim}: without load the HPA takes {size} replicas to {after} in one step, while the budget lets {allowed} "
        "be evicted"
    )


def short_grace(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN508: whoever still talks when the grace ends is cut off."""
    found = workload(file)
    need = max(LEAST_GRACE, around.longest_session or 0)
    if found is None or not _has_sessions(file, around) or found.grace >= need:
        return
    numbers: dict[str, int | float | str] = {"grace": found.grace, "needed": need}
    longest = f"the longest session, {around.longest_session:g} s" if around.longest_session else "600 s"
    claim = f"terminationGracePeriodSeconds is {found.grace} s, less than {longest}"
    removed = _removed(file)
    if removed:
        metric, size, after, load = removed
        numbers |= {"replicas": size, "scale_down_to": after, metric.name: load}
        claim += (
            f": at {load} {metric.name} the HPA takes {size} pods to {after}, and the "
            f"{load * (size - after) / size:.3g} on those that go have {found.grace} s to finish"
        )
    advice = f"Write terminationGracePeriodSeconds: {ceil(need)} and drain on SIGTERM. " + (
        "The Cluster Autoscaler stops waiting at 600 s (--max-graceful-termination-sec): raise that too."
        if need > LEAST_GRACE
        else "The Cluster Autoscaler waits 600 s (--max-graceful-termination-sec)."
    )
    place = found.document.place("spec.template.spec.terminationGracePeriodSeconds")
    yield Finding.of("TN508", claim, Evidence("terminationGracePeriodSeconds", numbers), advice, place)


def takes_sessions(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN509: a scale-down of an HPA takes pods as they come, with whatever is on them."""
    found = workload(file)
    protected = found is not None and found.grace >= max(LEAST_GRACE, around.longest_session or 0)
    removed = _removed(file)
    if protected or not _has_sessions(file, around) or removed is None:
        return
    metric, size, after, load = removed
    gone = size - after
    claim = (
        f"the HPA shrinks while sessions run: at {load} {metric.name} on {size} replicas it goes to {after}, and the "
        f"{gone} that {'goes carries' if gone == 1 else 'go carry'} {load * gone / size:.3g} of them"
    )
    numbers: dict[str, int | float | str] = {
        "replicas": size, "then": after, "load": load, "sessions_on_victims": round(load * gone / size, 3)
    }  # fmt: skip
    place = where(file, "scaleDown") if "spec.behavior.scaleDown" in file.document.lines else where(file, "spec")
    yield Finding.of("TN509", claim, Evidence(metric.name, numbers), _DRAIN, place)


def _removed(file: PolicyFile) -> tuple[MetricSpec, int, int, int] | None:
    """Metric, size, next size and load: the largest load of sessions at which the HPA still shrinks."""
    spec = file.spec
    size = example_size(spec) if isinstance(spec, HpaSpec) else None
    if not isinstance(spec, HpaSpec) or size is None:
        return None
    for metric in spec.metrics:
        policy, sight = one_metric(spec, metric), pods_sight(metric)
        load = lines(policy, sight, size, 2 * ceil(target_of(metric) / 1000) * size).down
        if counts_sessions(metric) and load:
            return metric, size, settled(policy, sight, size, load), load
    return None


def _has_sessions(file: PolicyFile, around: Circumstances) -> bool:
    """Whether the policy counts sessions: a session policy, or an HPA on a metric that is named after them."""
    if isinstance(file.spec, SessionSpec):
        return True
    metrics = file.spec.metrics if isinstance(file.spec, HpaSpec) else ()
    return any(counts_sessions(each) for each in metrics)


def single_replica(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN513: with one replica, what it loses is everything, and what is free is little."""
    spec = file.spec
    if not isinstance(spec, HpaSpec | SessionSpec) or _floor(file) > 1:
        return
    slots = 0
    if isinstance(spec, SessionSpec):
        metric_name, slots = "sessions", spec.sessions_per_worker
        up = lines(SessionPolicy(spec), workers_sight, 1, 2 * slots).up
        key = "min_workers"
    else:
        metric = spec.metrics[0]
        metric_name, key = metric.name, "minReplicas" if spec.min_replicas is not None else "maxReplicas"
        up = lines(one_metric(spec, metric), pods_sight(metric), 1, 2 * ceil(target_of(metric) / 1000)).up
    numbers: dict[str, int | float | str] = {"least": _floor(file), "delay": around.delay}
    claim = f"the pool may shrink to {_floor(file)} replica: its restart, or its node's, leaves nobody to serve"
    if up is not None and spec is not None:
        numbers["first_up_at"] = up
        unit = " %" if isinstance(spec, HpaSpec) and spec.metrics[0].target.utilization else ""
        claim += f"; alone it asks for a second at {up}{unit} {metric_name}"
        if slots:
            numbers["free_then"] = slots - up
            claim += f", with {slots - up} of {slots} slots free for the {around.delay:g} s until that is ready"
    advice = "Keep at least 2 replicas, on different nodes (topologySpreadConstraints)."
    yield Finding.of("TN513", claim, Evidence(metric_name, numbers), advice, where(file, key))


def _floor(file: PolicyFile) -> int:
    spec = file.spec
    return spec.floor if isinstance(spec, HpaSpec) else spec.min_workers if isinstance(spec, SessionSpec) else 0


CHECKS: Final = (budget_protects_nothing, short_grace, takes_sessions, single_replica)
