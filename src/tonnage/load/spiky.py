"""Days of spiky calls, for policies that have no recorded demand yet.

spiky            the day of seed 1
spiky:3          another day
spiky:3*200      the same with 200 times the callers: requests of a service rather than calls
"""

from __future__ import annotations

from math import pi, sin
from random import Random
from typing import Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.load.curve import Curve
from tonnage.load.demand import Demand
from tonnage.units import duration, number, parse_number

SPIKY: Final = "spiky"


def is_spiky(text: str) -> bool:
    """Whether a demand's text names spiky days."""
    return text.partition(":")[0].strip() == SPIKY


def parse_spiky(text: str, days: int = 1) -> Demand:
    """The days of `spiky:SEED*SCALE`, of seeds from SEED on, one after the other.

    Raises:
        PlanError: no such seed or scale.
    """
    given = text.partition(":")[2]
    first, star, times = (word.strip() for word in (given or "1").partition("*"))
    try:
        if not (first.isascii() and first.isdigit() and len(first) <= 9):
            raise UnitError(f"{first!r} is no seed: write it like {SPIKY}:3 or {SPIKY}:3*200")
        scale = parse_number(times) if star else 1.0
        if not 0 < scale <= 1e6:
            raise UnitError(f"the scale {times} is not above 0 and at most 1000000")
    except UnitError as error:
        raise PlanError(Mistake("demand", str(error))) from None
    found = [spiky_day(int(first) + i, scale) for i in range(days)]
    if days == 1:
        return found[0]
    pieces = tuple(piece for day in found for piece in day.curve.pieces)
    return Demand(Curve(pieces), text=f"{days} spiky days from {first} on, times {number(scale, plain=True)}")


def spiky_day(seed: int = 1, scale: float = 1.0) -> Demand:
    """A day of calls with a clinic's Monday-morning peak, a pizza chain's Friday-evening one, and a surge.

    Callers per second, a step a minute: 0.02 at night, 0.45 at half past eight, 0.5 at seven in the evening, each with
    a tenth of noise; the surge multiplies ten minutes of the early afternoon by three to five.
    """
    random = Random(seed)
    surge, height = random.uniform(13.0, 15.0), random.uniform(3.0, 5.0)
    steps = []
    for minute in range(1440):
        hour = minute / 60
        day = 0.02 + 0.13 * max(0.0, sin(pi * (hour - 7) / 14)) if 7 <= hour <= 21 else 0.02
        rate = day + 0.33 * _bump(hour, 8.5, 0.5) + 0.40 * _bump(hour, 19.0, 0.8)
        rate *= height if surge <= hour < surge + 1 / 6 else 1.0
        steps.append((60.0, scale * rate * random.uniform(0.9, 1.1)))
    peak = max(rate for _, rate in steps)
    return Demand(Curve.stairs(steps), text=f"spiky day {seed}: up to {peak:.3g}/s, surge of {duration(600)}")


def _bump(hour: float, centre: float, width: float) -> float:
    """A parabola of height 1 that is 0 from `width` hours off its centre on."""
    return max(0.0, 1 - ((hour - centre) / width) ** 2)
