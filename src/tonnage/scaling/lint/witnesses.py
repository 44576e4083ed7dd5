"""Simulated confirmations: what a search over single decisions says, seen to happen in the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from tonnage.capacity.sessions import SessionModel
from tonnage.finding import Evidence
from tonnage.metrics import reading
from tonnage.runs.run import Run
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import Lines
from tonnage.scaling.lint.rehearsed import FOREVER, World, callers, held, sessions, steps
from tonnage.scaling.policy import Policy
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.simulation.signals import CUSTOM_WINDOW

_FILLS_IN: Final = 300.0  # [s] in which callers would fill a pool that does not grow
_CROWDED_FOR: Final = 900.0  # [s]


def hpa_crosses(spec: HpaSpec, metric: MetricSpec, found: Lines, size: int) -> Evidence:
    """The sizes of an HPA on a Pods metric one unit before each of its lines, and at it."""
    rules = spec.rules
    windows = max(rules[0].window, rules[1].window) if rules else spec.controller.downscale_stabilization

    def example(loads: Sequence[int], length: float) -> Run:
        return held(spec, metric, [1000 * load for load in loads], size, World(), length)

    period = spec.controller.sync_period
    return _crossed(f"{metric.name}, simulated", example, found, size, windows + CUSTOM_WINDOW + 4 * period)


def policy_crosses(spec: SessionSpec, found: Lines, size: int) -> Evidence:
    """The sizes of a session policy one session before each of its lines, and at it."""

    def example(loads: Sequence[int], length: float) -> Run:
        return sessions(SessionPolicy(spec), spec.sessions_per_worker, loads, length, size, World())

    return _crossed("the policy's sessions, simulated", example, found, size, spec.scale_down_delay + 4 * spec.period)


def _crossed(
    name: str, example: Callable[[Sequence[int], float], Run], found: Lines, size: int, length: float
) -> Evidence:
    """Each line in an example of its own, of two loads; each lasts until all windows know nothing else."""
    numbers: dict[str, int | float | str] = {"replicas": size}
    for line, before in ((found.up, -1), (found.down, 1)):
        if line is None:
            continue
        way = steps(example([line + before, line], length), size)
        for i in (0, 1):
            seen = [step.size for step in way if step.at <= (i + 1) * length]
            numbers[f"size_at_{line + before * (1 - i)}"] = seen[-1]
    return Evidence(name, numbers, (0.0, 2 * length))


@dataclass(frozen=True, slots=True)
class Crowd:
    """A pool of `size` workers under a policy that sees sessions; `units` of its metric are a full worker."""

    policy: Policy[Any]
    units: int
    size: int


def crowded(crowd: Crowd, threshold: float, around: Circumstances) -> Evidence:
    """Callers, until workers that close at a load are all closed, and what the policy does about it.

    A worker takes a session while its load is below the threshold, so it closes with ⌈threshold units⌉ of them. A unit
    is a session; where the policy looks at cpu, one that uses a hundredth of the request.
    """
    slots = ceil(threshold * crowd.units)
    model = SessionModel(FOREVER, per_worker=slots, cpu=0.01)
    world = World(around.node_delay, around.start_up, cpu_request=1.0)
    rate = crowd.size * slots / _FILLS_IN
    run = callers(crowd.policy, model, rate, 0, crowd.size, world, _CROWDED_FOR)
    grown = next((step.at for step in steps(run, crowd.size) if step.size > crowd.size), None)
    before = sum(
        reading.count(window, "sessions_rejected") for window in run.windows if grown is None or window.end <= grown
    )
    numbers: dict[str, int | float | str] = {
        "workers": crowd.size, "sessions_until_closed": slots * crowd.size,
        "callers": reading.count(run.total, "sessions_arrived"), "rejected_before_it_grows": before,
        "grows_after": -1 if grown is None else grown,
    }  # fmt: skip
    return Evidence("callers, simulated", numbers, (0.0, _CROWDED_FOR))
