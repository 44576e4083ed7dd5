"""Replicas from numbers: what one metric asks for.

    n = ⌈ratio * pods⌉,   ratio = measured / target

The ratio is measured over the pods that count. Where pods are unready or gave no metric it is measured again over an
enlarged set in which they stand with the value that damps the change: 0 on the way up, on the way down the whole
request (or the target). A change that turns round, or that is within tolerance, is no change.

Source:
    Kubernetes, replica_calculator.go. All arithmetic is that of 64-bit integers and doubles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from tonnage.scaling.hpa.quantity import MOST, ceil_replicas, quotient
from tonnage.scaling.hpa.spec import Tolerances


@dataclass(frozen=True, slots=True)
class Tally:
    """Pods added up: usage and request in thousandths.

    `rows` are all rows of the metric, `pods` those of them whose pod is known; plain metrics know no difference.
    """

    rows: int = 0
    pods: int = 0
    usage: int = 0
    request: int = 0

    def with_pods(self, filled: Iterable[tuple[int, int]]) -> Tally:
        """The tally with pods of (usage, request) added."""
        added = list(filled)
        usage, request = (sum(column) for column in zip(*added, strict=True)) if added else (0, 0)
        return Tally(self.rows + len(added), self.pods + len(added), self.usage + usage, self.request + request)


class PodTarget(Protocol):
    """What pods should measure."""

    def current(self, tally: Tally) -> int:
        """The measured counterpart of the target."""
        ...

    def ratio(self, tally: Tally) -> float:
        """Measured over target."""
        ...

    def fill(self, request: int) -> int:
        """What a pod without metrics is taken to use on the way down, in thousandths."""
        ...


@dataclass(frozen=True, slots=True)
class PercentOfRequest:
    """Target in per cent of what the pods request."""

    percent: int

    def current(self, tally: Tally) -> int:
        """Utilization in whole per cent, truncated; the pods' requests must not all be 0."""
        return quotient(tally.usage * 100, tally.request)

    def ratio(self, tally: Tally) -> float:
        return float(self.current(tally)) / float(self.percent)

    def fill(self, request: int) -> int:
        return quotient(request * max(100, self.percent), 100)


@dataclass(frozen=True, slots=True)
class PerPod:
    """Target in thousandths for the average pod."""

    milli: int

    def current(self, tally: Tally) -> int:
        """Average over all rows, truncated."""
        return quotient(tally.usage, tally.rows)

    def ratio(self, tally: Tally) -> float:
        return float(self.current(tally)) / float(self.milli)

    def fill(self, request: int) -> int:
        return self.milli


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of the pods: how many are ready, their tally, and the requests of the missing and the unready."""

    ready: int
    measured: Tally
    missing: tuple[int, ...] = ()
    unready: tuple[int, ...] = ()


def from_pods(current: int, sample: Sample, target: PodTarget, tolerances: Tolerances) -> int:
    """Replicas from a metric that is measured pod by pod."""
    ratio = target.ratio(sample.measured)
    rebalances = bool(sample.unready) and ratio > 1.0
    if not rebalances and not sample.missing:
        # The ready pods, not the size asked for: pods that are still to come would be counted twice.
        return current if tolerances.hold(ratio) else ceil_replicas(ratio * float(sample.ready))
    enlarged = sample.measured
    if ratio < 1.0:
        enlarged = enlarged.with_pods((target.fill(request), request) for request in sample.missing)
    elif ratio > 1.0:
        enlarged = enlarged.with_pods((0, request) for request in sample.missing)
    if rebalances:
        enlarged = enlarged.with_pods((0, request) for request in sample.unready)
    damped = target.ratio(enlarged)
    if tolerances.hold(damped) or turns_round(ratio, damped):
        return current
    proposal = ceil_replicas(damped * float(enlarged.rows))
    return current if acts_against(damped, proposal, current) else proposal


def turns_round(ratio: float, damped: float) -> bool:
    """Whether counting the missing and unready pods turns a scale-up into a scale-down or the reverse."""
    return (ratio < 1.0 < damped) or (damped < 1.0 < ratio)


def acts_against(ratio: float, proposal: int, current: int) -> bool:
    """Whether a proposal goes up although the metric is below its target, or down although it is above."""
    return (ratio < 1.0 and proposal > current) or (ratio > 1.0 and proposal < current)


def from_value(current: int, value: int, target: int, ready: int, tolerances: Tolerances) -> int:
    """Replicas from a value [thousandths] of something that all pods share, multiplying the ready pods.

    From zero there are no pods to multiply and nothing to tolerate: the ratio itself is the size.
    """
    ratio = float(value) / float(target)
    if current == 0:
        return ceil_replicas(ratio)
    return current if tolerances.hold(ratio) else ceil_replicas(ratio * float(ready))


def from_average(existing: int, value: int, target: int, tolerances: Tolerances) -> int:
    """Replicas that share a value [thousandths] so that each has its target: ⌈value / target⌉."""
    share = float(target) * float(existing)
    if share and tolerances.hold(float(value) / share):
        return existing
    return ceil_replicas(float(value) / float(target))


def per_pod(value: int, existing: int) -> int:
    """The share of one of `existing` replicas in a value, rounded up; 0 of none, saturating at 2⁶³ - 1."""
    if float(value) >= float(MOST):
        return MOST
    return ceil(float(value) / float(existing)) if existing else 0


def total(values: Iterable[int]) -> int:
    """Sum of all series, saturating at 2⁶³ - 1."""
    added = 0
    for value in values:
        added = min(added + value, MOST)
    return added
