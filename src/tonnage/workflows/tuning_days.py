"""Days that a policy is tuned on, days that it must survive, and days that it never sees.

training, test    whole days of the demand, the first 70 % for training
stress            made from the busiest training day: growth, a burst before its peak, an outage of its metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tonnage.capacity import fields
from tonnage.errors import Mistake, PlanError
from tonnage.load.curve import Curve, Piece
from tonnage.load.demand import DAY, Demand
from tonnage.scaling.tune import Days

BURST: Final = 600.0  # [s] that a burst lasts
BEFORE: Final = 1800.0  # [s] before the peak at which it begins


@dataclass(frozen=True)
class Case:
    """One day of demand; a stress day may take its metrics away. Hashable by its name."""

    name: str
    demand: Demand
    seed: int
    gap: tuple[float, float] | None = None

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Stress:
    """What a policy must survive beside its days; a factor of 1 and an outage of 0 leave the stress day out.

    Attributes:
        growth: the whole day times this.
        burst: ten minutes before the peak times this.
        outage: how long no metric can be read, from the peak on [s].
    """

    growth: float = 1.5
    burst: float = 2.0
    outage: float = 600.0

    @classmethod
    def parse(cls, text: str) -> Stress:
        """The stress of `growth=1.5,burst=3,outage=10m`; what is not named stays.

        Raises:
            PlanError: with every mistake.
        """
        readers = {"growth": fields.amount, "burst": fields.amount, "outage": fields.seconds}
        found = fields.read(fields.split(text, "--stress"), readers, "--stress")
        mistakes = [
            Mistake(f"--stress.{name}", f"is {found[name]:g}: a stress day has more load, so it is 1 or more")
            for name in ("growth", "burst")
            if found.get(name, 1) < 1
        ]
        if mistakes:
            raise PlanError(*mistakes)
        return cls(**found)

    def cases(self, busiest: Demand, seed: int) -> Iterator[Case]:
        """The stress days of a day: the burst first, because it is what most candidates break on."""
        peak = _peak(busiest.curve)
        if self.burst > 1:
            yield Case("burst", _burst(busiest, peak, self.burst), seed)
        if self.growth > 1:
            yield Case("growth", replace(busiest, curve=_times(busiest.curve, self.growth)), seed)
        if self.outage > 0:
            yield Case("metrics absent", busiest, seed, (peak, peak + self.outage))


def days_of(demand: Demand, count: int, seed: int, stress: Stress | None = None) -> Days:
    """Training, stress and test days of a demand: as many whole days of it as there are, `count` at most.

    Raises:
        TooFewPoints: the demand has fewer than two whole days.
    """
    cases = [Case(f"day {i + 1}", one, seed + i) for i, one in enumerate(_whole_days(demand)) if i < count]
    split = Days.split(cases)
    busiest = max(training(split), key=lambda case: case.demand.curve.total)
    return replace(split, stress=tuple((stress or Stress()).cases(busiest.demand, seed)))


def training(days: Days) -> tuple[Case, ...]:
    """The training days as what they are."""
    return tuple(case for case in days.training if isinstance(case, Case))


def _whole_days(demand: Demand) -> Iterator[Demand]:
    for i in range(int(demand.curve.length // DAY)):
        yield replace(demand, curve=_clip(demand.curve, i * DAY, (i + 1) * DAY), unknown=())


def _clip(curve: Curve, begin: float, end: float) -> Curve:
    """The part of a curve between two instants, from its own zero on."""
    pieces, at = [], 0.0
    for piece in curve.pieces:
        low, high = max(begin, at), min(end, at + piece.length)
        if high > low:
            pieces.append(Piece(high - low, piece.value(low - at), piece.value(high - at)))
        at += piece.length
    return Curve(tuple(pieces))


def _times(curve: Curve, factor: float) -> Curve:
    return Curve(tuple(Piece(one.length, one.begin * factor, one.end * factor) for one in curve.pieces))


def _peak(curve: Curve) -> float:
    """The instant of the largest value."""
    at, best, where = 0.0, -1.0, 0.0
    for piece in curve.pieces:
        if max(piece.begin, piece.end) > best:
            best, where = max(piece.begin, piece.end), at
        at += piece.length
    return where


def _burst(demand: Demand, peak: float, factor: float) -> Demand:
    begin = max(0.0, peak - BEFORE)
    parts = (
        *_clip(demand.curve, 0.0, begin).pieces,
        *_times(_clip(demand.curve, begin, begin + BURST), factor).pieces,
        *_clip(demand.curve, begin + BURST, demand.curve.length).pieces,
    )
    return replace(demand, curve=Curve(parts))
