"""A floor by the time of day, from days of demand: what a forecast is worth where days resemble each other.

    need(b) = max over days, over t in [b, b + half an hour + lead]:  rate(t) / rate of one replica
    floor(b) = ⌈share · need(b)⌉

The lead is how long a replica takes to be ready, so that those for a peak are there when it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, Final

from tonnage.load.curve import Curve
from tonnage.scaling.schedule import DAY, Span

BLOCK: Final = 1800.0  # [s]
STEP: Final = 60.0  # [s] at which demand is looked at


def needs(days: Sequence[Curve], per_replica: float, lead: float) -> tuple[float, ...]:
    """Replicas needed in each block of a day.

    Args:
        days: arrivals [1/s] of whole days.
        per_replica: arrivals [1/s] that one replica carries.
        lead: [s]
    """
    steps = round(DAY / STEP)
    rates = [max((day.value(i * STEP) for day in days), default=0.0) for i in range(steps)]
    block = round(BLOCK / STEP)
    width = block + ceil(lead / STEP) + 1
    return tuple(
        max(rates[i % steps] for i in range(start, start + width)) / per_replica for start in range(0, steps, block)
    )


def spans(floors: Sequence[float], share: float, most: int) -> tuple[Span, ...]:
    """The table of a schedule, blocks of one floor joined; no floor lies above `most`."""
    found: list[Span] = []
    for i, need in enumerate(floors):
        floor = min(ceil(share * need - 1e-9), most)
        if found and found[-1].floor == floor:
            found[-1] = Span(found[-1].start, (i + 1) * BLOCK, floor)
        else:
            found.append(Span(i * BLOCK, (i + 1) * BLOCK, floor))
    return tuple(span for span in found if span.floor)


def written(table: Sequence[Span]) -> Iterator[dict[str, Any]]:
    """The spans as a policy.yaml has them."""
    for span in table:
        yield {"from": _clock(span.start), "to": _clock(span.end), "floor": span.floor}


def _clock(at: float) -> str:
    hours, minutes = divmod(round(at / 60), 60)
    return f"{hours:02d}:{minutes:02d}"
