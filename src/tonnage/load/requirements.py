"""What a plan takes before it is run: how long it may last, how many VUs and how high a rate it needs.

The answers are those of k6's execution requirements (k6.md 1.2): every scenario with its start time and its graceful
stop, added up over time, so that scenarios that do not overlap share VUs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeGuard

from tonnage.load.curve import Curve
from tonnage.load.executor import ConstantArrivalRate, Executor, OpenExecutor, RampingArrivalRate, RampingVus
from tonnage.load.plan import Plan, Scenario
from tonnage.load.vus import graceful_vu_steps

_MOST_STEPS: Final = 1_000_000  # of a ramp, which is walked one VU at a time


def is_open(executor: Executor) -> TypeGuard[OpenExecutor]:
    """Whether arrivals do not wait for completions."""
    return isinstance(executor, ConstantArrivalRate | RampingArrivalRate)


def total_duration(plan: Plan) -> float:
    """Seconds from the released start to the end of the last graceful stop."""
    return max((_end(scenario) for scenario in plan.scenarios), default=0.0)


def max_vus(plan: Plan) -> int:
    """The most VUs at any instant; of ramps that move more than 1,000,000 VUs, their peak for their whole length."""
    changes = [change for scenario in plan.scenarios for change in _changes(scenario)]
    return int(_highest(changes))


def peak_rate(scenarios: Sequence[Scenario]) -> float:
    """The highest sum of the arrival rates [1/s] at any instant; closed scenarios have none that could be planned."""
    curves = [(one.start_time, one.executor.curve) for one in scenarios if is_open(one.executor)]
    # A sum of straight lines is highest at a border of one of them, on either side of it.
    borders = sorted({start + border for start, curve in curves for border in _borders(curve)})
    sides = [t for a, b in pairwise(borders) for t in (a + (b - a) * 1e-9, b - (b - a) * 1e-9)]
    return max((sum(curve.value(t - start) for start, curve in curves) for t in sides), default=0.0)


def _end(scenario: Scenario) -> float:
    return scenario.start_time + scenario.executor.duration + scenario.graceful_stop


def _changes(scenario: Scenario) -> Iterator[tuple[float, int]]:
    """(instant, VUs more or fewer)."""
    executor = scenario.executor
    if not isinstance(executor, RampingVus) or _moves(executor) > _MOST_STEPS:
        yield scenario.start_time, executor.max_concurrency
        yield _end(scenario), -executor.max_concurrency
        return
    before = 0
    for step in graceful_vu_steps(executor, graceful_stop=scenario.graceful_stop):
        yield scenario.start_time + step.at, step.vus - before
        before = step.vus


def _moves(executor: RampingVus) -> float:
    """How many VUs start or stop."""
    targets = [executor.start_vus, *(stage.target for stage in executor.stages)]
    return sum(abs(after - before) for before, after in pairwise(targets))


def _highest(changes: Iterable[tuple[float, int]]) -> int:
    # At one instant, those who leave make room for those who come.
    highest = running = 0
    for _, change in sorted(changes):
        running += change
        highest = max(highest, running)
    return highest


def _borders(curve: Curve) -> Iterator[float]:
    for start, length, _, _ in curve.pieces4():
        yield start
        yield start + length
