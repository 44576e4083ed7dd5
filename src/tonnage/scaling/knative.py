"""Knative's pod autoscaler: a slow window for size, a fast one for panic.

    stable = ⌈average over the stable window / target⌉        panic = ⌈average over the panic window / target⌉
    both within [⌊ready / max down rate⌋, ⌈max up rate * ready⌉]

                panic / ready >= threshold
    ┌────────┐ ───────────────────────────► ┌────────┐
    │ stable │                              │ panic  │  takes the larger of both, never goes down
    └────────┘ ◄─────────────────────────── └────────┘
                a whole stable window below it

A scale-down delay takes the maximum over its window. The policy's averages come from outside, by `AverageWindow`.

Source:
    Knative, pkg/autoscaler/scaling/autoscaler.go; bounds and the way to zero pkg/reconciler/autoscaling/kpa/scaler.go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, isfinite
from typing import Final

from tonnage.scaling.policy import Absent, Averages, Decision, MetricStatus, Observation
from tonnage.scaling.window import MaxWindow

TICK: Final = 2.0  # [s] from one decision to the next


@dataclass(frozen=True, slots=True)
class KnativeSpec:
    """One revision's autoscaling, with Knative's defaults; times in seconds.

    Attributes:
        metric: "concurrency" [1] or "rps" [1/s], the name of the averages in an Observation.
        target: what one pod should carry: utilization times capacity.
        capacity: what one pod can carry.
        burst_capacity: what should be free at any time; 0 for none, -1 for any burst.
        panic_threshold: panic size over ready pods from which the revision panics.
        up_rate, down_rate: factors by which the ready pods may grow or shrink in one decision.
        reachable: whether traffic can reach the revision; if not, nothing holds its size up.
        activation_scale: the least size other than zero.
        least, most: bounds of the size; `most` 0 is no bound.
        zero_grace: how long the last pod stays after the decision for zero.
    """

    metric: str = "concurrency"
    target: float = 70.0
    capacity: float = 100.0
    burst_capacity: float = 211.0
    panic_threshold: float = 2.0
    up_rate: float = 1000.0
    down_rate: float = 2.0
    stable_window: float = 60.0
    scale_down_delay: float = 0.0
    reachable: bool = True
    activation_scale: int = 1
    least: int = 0
    most: int = 0
    zero_grace: float = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when the revision panics (None: it does not), the size it then holds, recent sizes, since when idle."""

    panic_since: float | None = None
    panic_size: int = 0
    sizes: MaxWindow | None = None
    idle_since: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """A size, and the capacity that is free beyond the burst to be carried; negative when a burst would queue."""

    replicas: int
    excess_burst_capacity: int
    reason: str


def start(ready: int | Absent, now: float) -> Memory:
    """The memory of an autoscaler that begins: with more than one pod it panics, for the history is lost.

    So it holds the size for a stable window instead of scaling down on averages that are not there yet.
    """
    count = 0 if isinstance(ready, Absent) else ready
    return Memory(now if count > 1 else None, count)


def scale(
    spec: KnativeSpec, averages: Averages | Absent, ready: int | Absent, memory: Memory, now: float
) -> tuple[Scale | Absent, Memory]:
    """One decision from the averages and the ready pods, both of which may be absent: then there is none."""
    if isinstance(ready, Absent):
        return Absent(f"the ready pods could not be counted: {ready.reason}"), memory
    if isinstance(averages, Absent):
        return Absent(f"{spec.metric} is unknown: {averages.reason}"), memory
    if not isfinite(averages.stable + averages.panic):
        return Absent(f"{spec.metric} is no number: {averages.stable} and {averages.panic}"), memory
    # No pods count as one, or nothing could ever grow.
    counted = max(1, ready)
    stable, panic = (_bounded(spec, load, counted) for load in (averages.stable, averages.panic))
    over = ceil(averages.panic / spec.target) / counted >= spec.panic_threshold
    memory = _panicked(spec, memory, over, now)
    size, reason = stable, f"{spec.metric} {averages.stable:g} over the stable window, {spec.target:g} a pod"
    if memory.panic_since is not None:
        size = max(stable, panic, memory.panic_size)
        reason = f"panic for {now - memory.panic_since:g} s: {spec.metric} {averages.panic:g} over the panic window"
        memory = replace(memory, panic_size=size)
    # An unreachable revision has nobody to wait for.
    if spec.scale_down_delay > 0 and spec.reachable:
        length = ceil(spec.scale_down_delay / TICK)
        sizes = (memory.sizes or MaxWindow(length)).record(floor(now) // TICK, size)
        memory = replace(memory, sizes=sizes)
        if sizes.maximum > size:
            size, reason = sizes.maximum, f"{reason}; held by the scale-down delay"
    return Scale(size, _excess(spec, averages.panic, ready), reason), memory


@dataclass(frozen=True, slots=True)
class KnativePodAutoscaler:
    """Knative's autoscaler as a policy."""

    spec: KnativeSpec

    @property
    def period(self) -> float:
        """Seconds between two decisions."""
        return TICK

    def decide(self, observation: Observation, state: Memory | None) -> tuple[Decision, Memory]:
        """One tick: scale, bounds, and the grace of the last pod on the way to zero."""
        spec, now, ready = self.spec, observation.now, observation.ready
        memory = state or start(ready, now)
        averages = observation.metrics.averages.get(spec.metric, Absent(f"{spec.metric} was not observed"))
        found, memory = scale(spec, averages, ready, memory, now)
        if isinstance(found, Absent):
            return Decision.none(observation.replicas, found.reason), memory
        size = max(found.replicas, spec.least)
        size = min(size, spec.most) if spec.most else size
        idle_since = None if size else now if memory.idle_since is None else memory.idle_since
        memory, reason = replace(memory, idle_since=idle_since), found.reason
        if idle_since is not None and observation.replicas and now - idle_since < spec.zero_grace:
            size, reason = 1, f"{reason}; the last pod stays for a grace of {spec.zero_grace:g} s"
        status = MetricStatus(spec.metric, found.replicas, value=round(1000 * found.excess_burst_capacity))
        return Decision(size, reason, metrics=(status,)), memory


def _bounded(spec: KnativeSpec, load: float, counted: int) -> int:
    """Pods for a load, no further from the ready ones than the rates allow, and never under the activation scale."""
    wanted = ceil(load / spec.target)
    least = floor(counted / spec.down_rate) if spec.reachable else 0
    size = min(max(wanted, least), ceil(spec.up_rate * counted))
    return max(size, spec.activation_scale) if wanted > 0 and spec.activation_scale > 1 else size


def _panicked(spec: KnativeSpec, memory: Memory, over: bool, now: float) -> Memory:
    """The memory with the panic begun, extended, or ended after a whole stable window below the threshold."""
    if over:
        return replace(memory, panic_since=now)
    if memory.panic_since is not None and memory.panic_since + spec.stable_window < now:
        return replace(memory, panic_since=None, panic_size=0)
    return memory


def _excess(spec: KnativeSpec, load: float, ready: int) -> int:
    if spec.burst_capacity == 0:
        return 0
    if spec.burst_capacity < 0:
        return -1
    return floor(ready * spec.capacity - spec.burst_capacity - load)
