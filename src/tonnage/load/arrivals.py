"""The instants at which an open executor starts iterations, whole or one generator's stripe of them.

Instants are seconds from the start of the scenario. They are exact answers of the Curve: no instant is computed from
the one before, so nothing accumulates over a long run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from tonnage.load.executor import ConstantArrivalRate, OpenExecutor
from tonnage.load.segment import WHOLE, Stripe


def arrival(executor: OpenExecutor, n: int) -> float:
    """The instant [s] of start `n`: n·time_unit/rate from n = 0 at a constant rate, F⁻¹(n) from n = 1 on a ramping one.

    Raises:
        ValueError: there is no such start; a constant rate has none at t = duration.
    """
    first = _first(executor)
    planned = executor.planned_arrivals()
    if not first <= n < first + planned:
        last = first + planned - 1
        raise ValueError(f"start {n} lies outside {first} to {last}: {executor.kind} plans {planned} starts")
    return next(_instants(executor, iter((n,))))


def arrivals(executor: OpenExecutor, stripe: Stripe = WHOLE) -> Iterator[float]:
    """The instants [s] of all starts of the stripe, ascending.

    Source:
        Checked against k6/executor_vectors.json, ramping_arrival_rate, within 1 µs.
    """
    first, planned = _first(executor), executor.planned_arrivals()
    return _instants(executor, (first + i for i in takewhile(lambda i: i < planned, stripe.members())))


def _first(executor: OpenExecutor) -> int:
    """k6 starts at t = 0 when the rate is constant, and after the first whole area when it ramps."""
    return 0 if isinstance(executor, ConstantArrivalRate) else 1


def _instants(executor: OpenExecutor, numbers: Iterator[int]) -> Iterator[float]:
    if isinstance(executor, ConstantArrivalRate):
        return (n * executor.time_unit / executor.rate for n in numbers)
    curve = executor.curve
    # The number of starts is counted exactly; the floating-point area may miss the last one by a rounding.
    return (curve.when(min(n, curve.total)) for n in numbers)
