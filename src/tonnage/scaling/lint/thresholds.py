"""Thresholds, buffers and targets that do not mean what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import Final

from tonnage.finding import Evidence, Finding
from tonnage.scaling.alerts import LEVELS
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec, Target
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import (
    Lines,
    counts_sessions,
    example_size,
    lines,
    one_metric,
    pods_sight,
    target_of,
    workers_sight,
)
from tonnage.scaling.lint.objects import WarningLine, warning_lines, where
from tonnage.scaling.lint.rehearsed import Step, World, sessions, steps
from tonnage.scaling.lint.witnesses import Crowd, crowded, hpa_crosses, policy_crosses
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

OWN_TOLERANCE: Final = (
    "From Kubernetes 1.35 on, behavior.scaleUp.tolerance 0, behavior.scaleDown.tolerance 1 - down/up and a target one "
    "thousandth below the line express both thresholds; below 1.35 only the upper one can be met, by target/1.1. "
    "`tonnage manifests` writes either."
)


def per_pod(value: float, size: int) -> float:
    """A load over all pods as one per pod, for people."""
    return round(value / size, 3)


def hpa_lines(spec: HpaSpec, metric: MetricSpec, size: int) -> Lines:
    """Where an HPA acts on one of its metrics, found from 0 to twice the target."""
    most = 2 * ceil(target_of(metric) / 1000) * size
    return lines(one_metric(spec, metric), pods_sight(metric), size, most)


def not_expressible(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN501: the lines of an HPA lie a tolerance beside its target, on both sides."""
    spec, size = file.spec, None
    if isinstance(spec, HpaSpec):
        metrics = [each for each in spec.metrics if each.type == "Pods"]
        wanted, size = None, example_size(spec)
    elif isinstance(spec, SessionSpec):
        target = Target("AverageValue", average=spec.sessions_per_worker * spec.scale_up_threshold)
        metrics, wanted = [MetricSpec("Pods", "sessions", target)], spec
        size = example_size(spec)
        spec = HpaSpec(spec.max_workers, tuple(metrics), max(1, spec.min_workers))
    else:
        return
    if size is None or not spec.tolerances.up:
        return
    for i, metric in enumerate(metrics):
        found = hpa_lines(spec, metric, size)
        if found.up is None or found.down is None:
            continue
        slots = around.sessions_per_worker if counts_sessions(metric) else None
        slots = wanted.sessions_per_worker if wanted else slots
        place = where(file, f"metrics[{i}]" if wanted is None else "scale_up_threshold")
        seen = [hpa_crosses(spec, metric, found, size)]
        if wanted:
            own = lines(SessionPolicy(wanted), workers_sight, size, wanted.sessions_per_worker * size)
            seen.append(policy_crosses(wanted, own, size))
        finding = _inexpressible(place, metric, size, found, slots, wanted)
        yield replace(finding, evidence=(*finding.evidence, *seen))


def _inexpressible(
    place: str, metric: MetricSpec, size: int, found: Lines, slots: int | None, wanted: SessionSpec | None
) -> Finding:
    up, down, target = found.up or 0, found.down or 0, target_of(metric) / 1000
    numbers: dict[str, int | float | str] = {"replicas": size, "target": target, "up_at": up, "down_at": down}
    acts = f"with {size} replicas it first grows at {up} ({per_pod(up, size):g} each)"
    acts += f" and shrinks already at {down} ({per_pod(down, size):g} each)"
    if slots:
        acts += f"; of {slots * size} slots that is {up / slots / size:.0%} and {down / slots / size:.0%}"
        numbers["slots"] = slots * size
    if wanted is None:
        claim = f"the HPA does not act at its target of {target:g} {metric.name} a pod: {acts}"
    else:
        own = lines(SessionPolicy(wanted), workers_sight, size, wanted.sessions_per_worker * size)
        numbers |= {"policy_up_at": own.up or 0, "policy_down_at": -1 if own.down is None else own.down}
        thresholds = f"{wanted.scale_up_threshold / 1000:g} and {wanted.scale_down_threshold / 1000:g}"
        claim = (
            f"a plain HPA target of {target:g} sessions a worker does not express the thresholds {thresholds}: {acts}, "
            f"while this policy grows at {own.up} and shrinks at {own.down}"
        )
    return Finding.of("TN501", claim, Evidence(metric.name, numbers), OWN_TOLERANCE, place)


def small_buffer(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN502: the buffer leaves a utilization at which the pool scales up again.

    As it is defined here, a share of the future size, a buffer leaves 1 - buffer; that is a warning when it lies above
    the threshold. Whoever means demand times (1 + buffer) gets 1 / (1 + buffer), which lies higher: nothing but a
    misunderstanding, so it is only mentioned.
    """
    spec = file.spec
    if not isinstance(spec, SessionSpec) or spec.buffer is None:
        return
    if Fraction(1000, 1000 + spec.buffer) < Fraction(spec.scale_up_threshold, 1000):
        return
    share, up, slots, size = spec.buffer / 1000, spec.scale_up_threshold / 1000, spec.sessions_per_worker, 10
    free = replace(spec, min_workers=0, max_workers=10_000)
    is_fine = 1000 - spec.buffer <= spec.scale_up_threshold
    # The largest demand for which ten workers are the buffered size.
    active = slots * size * 1000 // (1000 + spec.buffer)
    if not is_fine:
        active = ceil(Fraction(slots * size * (1000 - spec.buffer), 1000)) - 1
    until = 100 * spec.period
    then = steps(sessions(SessionPolicy(free), slots, [active], until, size, World()), size)[-1].size
    numbers: dict[str, int | float | str] = {
        "buffer": share, "scale_up_threshold": up, "utilization_of_demand_times": round(1000 / (1000 + spec.buffer), 4),
        "utilization_of_future_size": round(1 - share, 4), "active": active, "workers": size, "then": then,
        "need": free.need(active),
    }  # fmt: skip
    goes = f"{active} sessions on {size} workers of {slots} become {then} workers"
    if is_fine:
        claim = (
            f"a buffer of {share:g} is a share of the future size here; meant as demand x {1 + share:g} it would "
            f"settle at {1000 / (1000 + spec.buffer):.3f} of the slots, and the pool scales up at {up:g}: {goes}"
        )
        advice = f"Nothing, if {1 - share:g} of the slots shall be in use. More idle room takes a larger buffer."
    else:
        claim = (
            f"a buffer of {share:g} settles at {1 - share:g} of the slots, and the pool scales up at {up:g}: {goes}, "
            f"although the buffer asks for {free.need(active)}"
        )
        advice = f"Write a buffer of {1 - up:g} or more, or leave it out."
    evidence = Evidence("active sessions", numbers, (0.0, until))
    yield Finding.of("TN502", claim, evidence, advice, where(file, "buffer"), "info" if is_fine else None)


def cycling(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN503: down > up m / (m + 1), m the fewest workers: the worker that came goes again."""
    spec = file.spec
    if not isinstance(spec, SessionSpec) or not spec.may_cycle:
        return
    fewest = max(1, spec.min_workers)
    # The least load at which the fewest workers grow, and the same with one session fewer once they have.
    high = ceil(Fraction(spec.scale_up_threshold * spec.sessions_per_worker * fewest, 1000))
    half = spec.scale_down_delay + 2 * spec.period
    until = 8 * half
    drop, found = 0, _changes(spec, [high], until, fewest)
    if len(found) < 4:
        drop, found = 1, _changes(spec, [high, high - 1] * 4, half, fewest)
    sizes = " → ".join(str(each) for each in (fewest, *(step.size for step in found)))
    least = spec.scale_up_threshold * fewest / (fewest + 1) / 1000
    swing = f"{high} sessions" if not drop else f"{high} sessions and {high - drop} in turn"
    claim = (
        f"thresholds {spec.scale_up_threshold / 1000:g} and {spec.scale_down_threshold / 1000:g} cycle at {fewest} "
        f"worker{'s' if fewest > 1 else ''}: with {swing} the size goes {sizes} in {until:g} s"
    )
    numbers: dict[str, int | float | str] = {
        "changes": len(found), "workers": fewest, "sessions": high, "drop": drop, "sizes": sizes
    }  # fmt: skip
    advice = f"Put scale_down_threshold at {least:.3g} or below, or raise min_workers."
    evidence = Evidence("active sessions", numbers, (0.0, until))
    yield Finding.of("TN503", claim, evidence, advice, where(file, "scale_down_threshold"))


def _changes(spec: SessionSpec, counts: list[int], length: float, start: int) -> list[Step]:
    """The changes of size under these numbers of sessions, with workers that are ready at once."""
    return steps(sessions(SessionPolicy(spec), spec.sessions_per_worker, counts, length, start, World()), start)[1:]


def above_pool_limit(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN505: with tolerance t, a target T needs (1 + t) T < the load at which workers close."""
    limit, spec = around.limit(file), file.spec
    if limit is None:
        return
    threshold, known = limit
    for metric, share, place, crowd in _first_moves(file, around):
        if share < threshold:
            continue
        numbers: dict[str, int | float | str] = {"load_threshold": threshold, "first_up_at": round(share, 4)}
        claim = (
            f"workers take no more sessions at a load of {threshold:g} ({known}), and the policy first grows at "
            f"{share:.3g} of {metric}: the pool is full by then"
        )
        advice = f"Scale up below {threshold:g}; LiveKit advises 0.5. "
        if isinstance(spec, HpaSpec):
            # Utilization is truncated to whole per cent before it is compared.
            step = 0.01 if metric == "cpu" else 0.0
            most = (threshold - step) / (1 + spec.tolerances.up)
            advice += f"With a tolerance of {spec.tolerances.up:g} the target must lie below {most:.3f} of the load."
            numbers["target_below"] = round(most, 4)
        else:
            advice += f"That is a scale_up_threshold below {threshold:g}, if sessions measure the load."
        finding = Finding.of("TN505", claim, Evidence(metric, numbers), advice, where(file, place))
        yield replace(finding, evidence=(*finding.evidence, crowded(crowd, threshold, around)))


def _first_moves(file: PolicyFile, around: Circumstances) -> Iterator[tuple[str, float, str, Crowd]]:
    """Metrics that measure the load of a worker: the share at which the policy first grows, path, and a crowd on it."""
    spec = file.spec
    size = example_size(spec) if isinstance(spec, HpaSpec | SessionSpec) else None
    if isinstance(spec, SessionSpec) and size:
        found = lines(SessionPolicy(spec), workers_sight, size, 2 * spec.sessions_per_worker * size)
        if found.up is not None:
            crowd = Crowd(SessionPolicy(spec), spec.sessions_per_worker, size)
            share = found.up / spec.sessions_per_worker / size
            yield "sessions per slot", share, "scale_up_threshold", crowd
    if not isinstance(spec, HpaSpec) or not size:
        return
    for i, metric in enumerate(spec.metrics):
        measured = _measured(spec, metric, around.sessions_per_worker)
        if measured is None:
            continue
        name, shown, slots = measured
        up = hpa_lines(spec, shown, size).up
        if up is not None:
            seen = shown if shown.name == "cpu" else replace(shown, name="sessions")
            yield name, up / size / slots, f"metrics[{i}]", Crowd(one_metric(spec, seen), slots, size)


def _measured(spec: HpaSpec, metric: MetricSpec, slots: int | None) -> tuple[str, MetricSpec, int] | None:
    """What a metric measures of a worker's load, the metric in whole units, and how many of them are a full worker."""
    if metric.type == "Pods" and target_of(metric) <= 1000:
        # A load between 0 and 1: looked at in thousandths.
        fine = replace(metric, target=replace(metric.target, average=1000 * target_of(metric)))
        return metric.name, fine, 1000
    if counts_sessions(metric) and slots:
        return f"{metric.name} per slot", metric, slots
    if metric.name == "cpu" and metric.target.utilization:
        return "cpu", metric, 100
    return None


def on_alert_line(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN511: at its target the HPA holds the metric where the alert begins to warn."""
    spec = file.spec
    size = example_size(spec) if isinstance(spec, HpaSpec) else None
    if not isinstance(spec, HpaSpec) or size is None:
        return
    alerts = list(warning_lines(file))
    for i, metric in enumerate(spec.metrics):
        line = next(_matching(metric, alerts), None)
        if line is None or 1000 * line.level != target_of(metric):
            continue
        found = one_metric(spec, metric)
        up = hpa_lines(spec, metric, size).up
        quiet = (up - 1) / size if up else line.level
        unit = " %" if metric.target.utilization else ""
        kept = found.decide(pods_sight(metric)(0.0, size, up - 1), None)[0] if up else None
        claim = (
            f"the target of {metric.name}, {line.level:g}{unit}, is the warning line of {line.alert}: the HPA holds "
            f"the metric where the alert begins to warn, and up to {quiet:g}{unit} does nothing while it warns"
        )
        numbers: dict[str, int | float | str] = {
            "target": line.level,
            "warns_above": line.level,
            "replicas": size,
            "still_holds_at": quiet,
            "size_there": kept.replicas if kept else size,
        }
        advice = (
            f"Put the target well below the warning, such as {0.7 * line.level:g}{unit}, or the warning above what the "
            "HPA tolerates."
        )
        yield Finding.of("TN511", claim, Evidence(metric.name, numbers), advice, where(file, f"metrics[{i}]"))


def _matching(metric: MetricSpec, alerts: list[WarningLine]) -> Iterator[WarningLine]:
    """The warning lines of a metric: those of rules in the file, then those of the usual table."""
    yield from (line for line in alerts if metric.name in line.names)
    is_share = metric.target.utilization is not None
    words = set(metric.name.lower().replace(":", "_").split("_"))
    for level in LEVELS:
        if level.words and words >= level.words and is_share == (level.unit == "%"):
            yield WarningLine(level.words, level.warning, f"the usual alert on {level.title}", "")


CHECKS: Final = (not_expressible, small_buffer, cycling, above_pool_limit, on_alert_line)
