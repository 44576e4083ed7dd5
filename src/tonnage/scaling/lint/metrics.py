"""Metrics that mislead the autoscaler, or never reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from math import ceil
from typing import Final

from tonnage.finding import Evidence, Finding
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec, Target
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import (
    absence,
    example_size,
    lines,
    observed,
    one_metric,
    pods_sight,
    settled,
    shared,
    target_of,
)
from tonnage.scaling.lint.objects import where, workload
from tonnage.scaling.lint.rehearsed import World, held, steps


def value_with_slow_starters(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN504: n = ready * value / target grows with every pod that becomes ready, although the value stays."""
    if not isinstance(file.spec, HpaSpec):
        return
    for i, metric in enumerate(file.spec.metrics):
        if metric.target.type != "Value":
            continue
        start, until = max(file.spec.floor, 1), 6 * around.delay
        value = 2 * target_of(metric)
        free = replace(file.spec, max_replicas=max(file.spec.max_replicas, 1000))
        average = replace(metric, target=Target("AverageValue", average=-(-target_of(metric) // start)))
        world = World(around.node_delay, around.start_up)
        sizes = [steps(held(free, each, [value], start, world, until), start)[-1].size for each in (metric, average)]
        if sizes[0] <= sizes[1]:
            continue
        claim = (
            f"a Value target of {metric.name} multiplies by the ready pods: at a constant {value / 1000:g}, twice the "
            f"target, {start} replicas become {sizes[0]} in {until:g} s when a pod takes {around.delay:g} s to be "
            f"ready; with AverageValue they become {sizes[1]}"
        )
        numbers: dict[str, int | float | str] = {
            "value": value / 1000, "target": target_of(metric) / 1000, "start": start, "delay": around.delay,
            "size_with_value": sizes[0], "size_with_average": sizes[1],
        }  # fmt: skip
        advice = (
            "Use type AverageValue: the value that one pod shall have. Its size depends on the metric alone, not on "
            "how many pods have started."
        )
        evidence = Evidence(metric.name, numbers, (0.0, until))
        yield Finding.of("TN504", claim, evidence, advice, where(file, f"metrics[{i}]"))


def missing_requests(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN506: a container of the workload requests none of the resource whose utilization is the target."""
    found = workload(file)
    if found is None or not isinstance(file.spec, HpaSpec):
        return
    for metric in file.spec.metrics:
        if metric.target.utilization is None:
            continue
        # Twice the target would make any HPA that can see it grow.
        size = max(file.spec.floor, 1)
        load = 2 * metric.target.utilization * size
        seen = pods_sight(metric, found.containers)(0.0, size, load)
        decision = one_metric(file.spec, metric).decide(seen, None)[0]
        if decision.valid:
            continue
        claim = (
            f"{metric.name} utilization cannot be computed: at twice the target the HPA stays at {decision.replicas} "
            f"({decision.reason})"
        )
        numbers: dict[str, int | float | str] = {
            "target": metric.target.utilization, "utilization": 2 * metric.target.utilization, "size": decision.replicas
        }  # fmt: skip
        advice = (
            f"Give every container resources.requests.{metric.name}, sidecars too, or look at one container with a "
            "ContainerResource metric."
        )
        place = found.document.place("spec.template.spec.containers")
        yield Finding.of("TN506", claim, Evidence(metric.name, numbers), advice, place)


def not_exposed(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN510: no sample of the exposition has the name of the metric."""
    if around.exposed is None or not isinstance(file.spec, HpaSpec):
        return
    for i, metric in enumerate(file.spec.metrics):
        if metric.type not in ("Pods", "Object", "External") or _is_exposed(metric.name, around.exposed):
            continue
        size = max(file.spec.floor, 1)
        near = get_close_matches(metric.name, sorted(around.exposed), 1, 0.6)
        hint = f"; the sample has {near[0]}" if near else ""
        claim = (
            f"{metric.name} is not in the exposition sample of {len(around.exposed)} metrics{hint}. Without it the HPA "
            f"stays at {size} whatever the load: {absence(file.spec, metric, size)}"
        )
        advice = (
            "Write the name as the pod exposes it, or make the adapter's rule give that name; ask "
            "`kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2` which names the HPA can see."
        )
        numbers: dict[str, int | float | str] = {"metrics_in_sample": len(around.exposed), "nearest": "".join(near)}
        yield Finding.of("TN510", claim, Evidence(metric.name, numbers), advice, where(file, f"metrics[{i}]"))


def _is_exposed(name: str, exposed: frozenset[str]) -> bool:
    """Whether a name, or the counter that adapters make it from (x_total → x_per_second), is among the samples."""
    stem = name.removesuffix("_per_second")
    return name in exposed or (stem != name and not exposed.isdisjoint({stem, f"{stem}_total"}))


def diluted_by_unready(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN515: readiness is looked at for cpu only, so pods that run idle while they warm up lower the average."""
    spec = file.spec
    size = example_size(spec) if isinstance(spec, HpaSpec) else None
    if not isinstance(spec, HpaSpec) or size is None:
        return
    for i, metric in enumerate(spec.metrics):
        policy, target = one_metric(spec, metric), target_of(metric)
        most = 2 * ceil(target / 1000) * size
        up = lines(policy, pods_sight(metric), size, most).up if metric.type == "Pods" else None
        if up is None:
            continue
        grown = settled(policy, pods_sight(metric), size, up)
        # The pods that it added run, and have nothing to do yet.
        coming = max(grown - size, 1)
        values = shared(1000 * up, size) + [0] * coming
        held = policy.decide(observed(metric, 0.0, size + coming, values, unready=coming), None)[0]
        if held.replicas > size + coming:
            continue
        ready = round(up / size, 3)
        claim = (
            f"pods that run but are not ready count in the average of {metric.name}: {size} ready pods with {ready:g} "
            f"each make the HPA grow to {grown}; once {coming} of them run without load it sees "
            f"{up / (size + coming):.3g} and stays at {held.replicas}, although the ready ones still have {ready:g}"
        )
        numbers: dict[str, int | float | str] = {
            "ready": size, "unready": coming, "load_of_the_ready": ready, "average": round(up / (size + coming), 4),
            "wanted": held.replicas,
        }  # fmt: skip
        advice = (
            "Let pods expose the metric only when they are ready, or keep enough free slots for the whole start-up: "
            "growth during it is seen late."
        )
        yield Finding.of("TN515", claim, Evidence(metric.name, numbers), advice, where(file, f"metrics[{i}]"))


CHECKS: Final = (value_with_slow_starters, missing_requests, not_exposed, diluted_by_unready)
