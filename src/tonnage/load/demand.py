"""Demand for a rehearsal: a Curve of arrivals, and what is not known of it.

    text      0/s, 2m: 50/s, 10m: 50/s         from a rate, in each time to the next one
    CSV       time,arrival_rate | arrivals | concurrency      one row an interval, which holds until the next
    counts    arrivals of a recorded run, span by span

A span without rows is unknown, not zero: there the Curve joins its ends, and the Demand says so. Concurrency turns into
arrivals by Little's law, λ = N / S, and is labelled reconstructed: where callers were rejected, it is too low.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.load.curve import Curve, Piece
from tonnage.units import parse_duration, parse_rate

Kind = Literal["arrivals", "concurrency"]
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Demand:
    """A Curve of arrivals [1/s] or of concurrency [1].

    Attributes:
        unknown: spans (begin, end) [s] of which nothing is known.
        label: what a reader of the result must know about it, "" for nothing.
        text: what it was read from.
    """

    curve: Curve
    kind: Kind = "arrivals"
    unknown: tuple[tuple[float, float], ...] = ()
    label: str = ""
    text: str = ""

    def arrivals(self, mean_session: float | None) -> Demand:
        """The demand as arrivals; concurrency needs the mean length of a session [s].

        Raises:
            PlanError: concurrency, without sessions.
        """
        if self.kind == "arrivals":
            return self
        if mean_session is None:
            text = "concurrency is demand for sessions: a model of requests needs arrival_rate or arrivals"
            raise PlanError(Mistake("demand", text))
        pieces = tuple(Piece(p.length, p.begin / mean_session, p.end / mean_session) for p in self.curve.pieces)
        label = "reconstructed from concurrency: too low where callers were rejected"
        return replace(self, curve=Curve(pieces), kind="arrivals", label=label)

    def repeated(self, horizon: float) -> Demand:
        """The demand again and again until `horizon` [s], or as much of it."""
        length = self.curve.length
        if length <= 0:
            raise PlanError(Mistake("demand", "lasts no time: there is nothing to rehearse"))
        pieces: list[Piece] = []
        unknown: list[tuple[float, float]] = []
        start = 0.0
        while start < horizon:
            pieces += _until(self.curve.pieces, horizon - start)
            unknown += [(start + a, min(start + b, horizon)) for a, b in self.unknown if start + a < horizon]
            start += length
        return replace(self, curve=Curve(tuple(pieces)), unknown=tuple(unknown))


def parse_demand(text: str) -> Demand:
    """The demand of `0/s, 2m: 50/s`: a rate, then how long it takes to the next one; a jump takes 0s.

    Raises:
        PlanError: with every part that cannot be read.
    """
    first, *rest = (part.strip() for part in text.split(","))
    mistakes: list[Mistake] = []
    stages: list[tuple[float, float]] = []
    start = 0.0
    try:
        start = parse_rate(first)
    except UnitError as error:
        mistakes.append(Mistake("demand", str(error)))
    for part in rest:
        length, colon, rate = part.partition(":")
        try:
            if not colon:
                raise UnitError(f"{part!r} cannot be read: write it like 2m: 50/s")
            stages.append((parse_duration(length), parse_rate(rate)))
        except UnitError as error:
            mistakes.append(Mistake("demand", str(error)))
    if not rest and not mistakes:
        mistakes.append(Mistake("demand", f"{first!r} does not say for how long: write {first}, 1h: {first}"))
    if mistakes:
        raise PlanError(*mistakes)
    return Demand(Curve.through(start, stages), text=text)


def demand_of_counts(counts: Iterable[tuple[float, float, float]], text: str) -> Demand:
    """The demand of counted arrivals, (start [s], length [s], number) in order; what lies between them is unknown."""
    steps: list[tuple[float, float, float]] = [(start, length, number / length) for start, length, number in counts]
    return Demand(*stairs(steps), label="as it was recorded", text=text)


def stairs(steps: list[tuple[float, float, float]]) -> tuple[Curve, Kind, tuple[tuple[float, float], ...]]:
    """A Curve of (start, length, rate), with a straight line over each gap."""
    pieces: list[Piece] = []
    unknown: list[tuple[float, float]] = []
    origin = steps[0][0] if steps else 0.0
    end, last = origin, 0.0
    for start, length, rate in steps:
        if start - end > 1e-6:
            pieces.append(Piece(start - end, last, rate))
            unknown.append((end - origin, start - origin))
        pieces.append(Piece(length, rate, rate))
        end, last = start + length, rate
    return Curve(tuple(pieces)), "arrivals", tuple(unknown)


def _until(pieces: tuple[Piece, ...], left: float) -> Iterable[Piece]:
    for piece in pieces:
        if left <= 0:
            return
        if piece.length <= left:
            yield piece
        else:
            yield Piece(left, piece.begin, piece.value(left))
        left -= piece.length
