"""How many VUs run at each instant of a closed executor, whole or one generator's stripe of them, in steps.

A ramp moves one VU at a time. While rising, VU v starts when the line reaches v; while falling, it stops when the line
reaches v - 1: the floor of the line on the way up, its ceiling on the way down. The whole schedule is walked and each
stripe keeps its own members, so at every instant the stripes add up to the whole.

    vus   4 |     ┌───┐
          3 |   ┌─┘   └─┐       raw: what should run
          2 | ┌─┘       └─┐     reserved: what must be kept, because a stopped VU may still be ending its iteration
          0 +─┘           └──
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from tonnage.load.executor import ClosedExecutor, RampingVus, nanoseconds
from tonnage.load.segment import WHOLE, Stripe

_NEVER = 2**80  # [ns] later than any schedule


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` seconds on, `vus` VUs."""

    at: float
    vus: int


def vu_steps(executor: ClosedExecutor, stripe: Stripe = WHOLE) -> list[Step]:
    """The steps of the VUs that should run, from the first at t = 0 to zero at the end of the regular duration.

    Source:
        Times are whole nanoseconds as k6.md 1.4 says; checked against k6/executor_vectors.json, ramping_vus raw.
    """
    steps = list(_regular(executor, stripe))
    if steps[-1][1]:
        steps.append((nanoseconds(executor.duration), 0))
    return [Step(at / 1e9, vus) for at, vus in steps]


def graceful_vu_steps(executor: ClosedExecutor, stripe: Stripe = WHOLE, graceful_stop: float = 30.0) -> list[Step]:
    """The steps of the VUs that must be reserved: those that run, and those that may still be ending.

        reserved(t) = max of the VUs that should run over (t - graceful_ramp_down, t]
        and zero from the end + graceful_stop on

    Only ramping VUs are taken away before the end; the VUs that are left at the end have `graceful_stop` seconds.

    Source:
        k6.md 1.4; checked against k6/executor_vectors.json, ramping_vus graceful.
    """
    regular = list(_regular(executor, stripe))
    hold = nanoseconds(executor.graceful_ramp_down) if isinstance(executor, RampingVus) else 0
    cut = nanoseconds(executor.duration) + nanoseconds(graceful_stop)
    first, *later = _held(regular, hold)
    steps = [first, *(step for step in later if step[0] < cut)]
    if steps[-1][1]:
        steps.append((cut, 0))
    return [Step(at / 1e9, vus) for at, vus in steps]


def _regular(executor: ClosedExecutor, stripe: Stripe) -> Iterator[tuple[int, int]]:
    """(ns, VUs of the stripe) at every change before the end, the first at 0."""
    scale = stripe.scaler()
    if not isinstance(executor, RampingVus):
        yield 0, scale(executor.vus)
        return
    last = scale(executor.start_vus)
    yield 0, last
    for at, whole in _walk(executor):
        vus = scale(whole)
        if vus != last:
            yield at, vus
            last = vus


def _walk(executor: RampingVus) -> Iterator[tuple[int, int]]:
    """(ns, VUs of the whole) one VU at a time, a jump at once."""
    vus, end = executor.start_vus, 0
    for stage in executor.stages:
        length, target = nanoseconds(stage.duration), int(stage.target)
        end += length
        change = abs(target - vus)
        if length == 0:
            if change:
                yield end, target
        elif target > vus:
            for v in range(vus + 1, target + 1):
                yield end - length * (target - v) // change, v
        else:
            for v in range(vus - 1, target - 1, -1):
                yield end - length * (v - target) // change, v
        vus = target


def _held(steps: list[tuple[int, int]], hold: int) -> Iterator[tuple[int, int]]:
    """The steps of the sliding maximum: each value counts until `hold` ns after it was left, the last one for ever.

    Values wait in a heap, the highest first, with the instant at which they expire. At one instant rises come before
    falls, so that a dip of no length is none.
    """
    waiting: list[tuple[int, int]] = []
    reserved = -1
    ends = [at + hold for at, _ in steps[1:]] + [_NEVER]
    for (at, vus), end in zip([*steps, (_NEVER, 0)], [*ends, _NEVER], strict=True):
        while waiting and waiting[0][1] < at:
            expired = waiting[0][1]
            # The value before `at` expires at or after it, so the heap never runs empty here.
            while waiting[0][1] <= expired:
                heapq.heappop(waiting)
            if -waiting[0][0] < reserved:
                reserved = -waiting[0][0]
                yield expired, reserved
        heapq.heappush(waiting, (-vus, end))
        if vus > reserved:
            reserved = vus
            yield at, vus
