"""Which part of a schedule belongs to one of several generators that share it without talking to each other.

The whole schedule is a row of numbered members: arrivals, or VUs. A sequence of segments deals the numbers out in a
pattern that repeats every `lcd` members; a Stripe is what one segment gets:

    number    0  1  2  3 | 4  5  6  7 | ...        sequence 0,1/4,1   (lcd 4)
    0:1/4     .  x  .  . | .  x  .  . |            start 1, offsets (4,)
    1/4:1     x  .  x  x | x  .  x  x |            start 0, offsets (2, 1, 1)

Every number belongs to exactly one Stripe of a sequence, so the shares of any total add up to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, cycle, pairwise
from math import ceil, lcm
from typing import Final

from tonnage.errors import UnitError

LARGEST_LCD: Final = 100_000  # a pattern is written out member by member
_BORDER: Final = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s*(?:(%)|/\s*([0-9]{1,9}))?\s*")


@dataclass(frozen=True, slots=True)
class Stripe:
    """The members start, start + offsets[0], start + offsets[0] + offsets[1], ..., the offsets repeating without end.

    Invariant: the offsets are positive and add up to `lcd`; 0 <= start < lcd.
    """

    start: int = 0
    offsets: tuple[int, ...] = (1,)
    lcd: int = 1

    def __post_init__(self) -> None:
        if not self.offsets or min(self.offsets) < 1 or sum(self.offsets) != self.lcd or not 0 <= self.start < self.lcd:
            raise ValueError(f"{self}: offsets are positive and add up to lcd, and start lies in 0 to lcd - 1")

    @classmethod
    def of(cls, index: int, count: int) -> Stripe:
        """The share of generator `index` (from 0) among `count` equal ones: members index, index + count, ..."""
        return cls(index, (count,), count)

    @property
    def share(self) -> float:
        """The part of the whole, 0 < share <= 1."""
        return len(self.offsets) / self.lcd

    def members(self) -> Iterator[int]:
        """The member numbers, ascending, without end."""
        return accumulate(cycle(self.offsets), initial=self.start)

    def scale(self, total: int) -> int:
        """How many of the members 0 ... total - 1 are in the stripe."""
        return self.scaler()(total)

    def scaler(self) -> Callable[[int], int]:
        """`scale` for many totals: the positions of one period are laid out once."""
        positions = tuple(accumulate(self.offsets[:-1], initial=self.start))

        def scale(total: int) -> int:
            periods, rest = divmod(total, self.lcd)
            return periods * len(positions) + bisect_left(positions, rest)

        return scale


WHOLE: Final = Stripe()


def parse(segment: str, sequence: str = "") -> Stripe:
    """The Stripe of a k6 execution segment: "20%", "0.2", "1/5" (all from 0), "1/2:3/4", of a sequence "0,1/4,1/2,1".

    An empty segment is the whole; without a sequence, the segment and what is left of 0 to 1 make one.

    Raises:
        UnitError: unreadable border, borders that do not ascend within 0 to 1, a segment that is not of its sequence.
    """
    if not segment.strip():
        if sequence.strip():
            raise UnitError(f"the segment sequence {sequence!r} needs a segment of it, such as {_first(sequence)}")
        return WHOLE
    begin, end = _interval(segment)
    borders = _borders(sequence) if sequence.strip() else _ascending({Fraction(0), begin, end, Fraction(1)})
    pairs = list(pairwise(borders))
    if (begin, end) not in pairs:
        known = ", ".join(f"{a}:{b}" for a, b in pairs[:10])
        raise UnitError(f"segment {segment!r} is not one of the sequence {sequence!r}, whose segments are {known}")
    return deal(borders)[pairs.index((begin, end))]


def parse_sequence(sequence: str) -> tuple[Stripe, ...]:
    """The Stripes of all segments of a sequence such as "0,1/4,2/4,3/4,1", in its order.

    Raises:
        UnitError: unreadable border, or borders that do not ascend from 0 to 1.
    """
    return deal(_borders(sequence))


def deal(borders: Sequence[Fraction]) -> tuple[Stripe, ...]:
    """Deal the `lcd` positions of one period to the segments between ascending borders 0 = b₀ < ... < bₙ = 1.

    The longest segment chooses first (of equal ones, the first): its member j of c would stand at j·lcd/c and takes the
    first free position from there on, around the end if need be. So each segment is spread evenly over the period.

    Raises:
        UnitError: the pattern is longer than LARGEST_LCD.

    Source:
        Found from the patterns that k6 makes; checked against k6/executor_vectors.json, segments.
    """
    lcd = lcm(*(border.denominator for border in borders))
    if lcd > LARGEST_LCD:
        raise UnitError(f"the segments repeat only after {lcd} members, {LARGEST_LCD} at most: use rounder fractions")
    sizes = [int((end - begin) * lcd) for begin, end in pairwise(borders)]
    free = list(range(lcd + 1))  # free[p] leads towards the first free position from p on; lcd means none
    stripes: dict[int, Stripe] = {}
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        taken = sorted(_take(free, ceil(Fraction(j * lcd, sizes[i]))) for j in range(sizes[i]))
        offsets = tuple(b - a for a, b in pairwise([*taken, taken[0] + lcd]))
        stripes[i] = Stripe(taken[0], offsets, lcd)
    return tuple(stripes[i] for i in range(len(sizes)))


def _take(free: list[int], wanted: int) -> int:
    position = _first_free(free, wanted)
    if position == len(free) - 1:
        position = _first_free(free, 0)
    free[position] = position + 1
    return position


def _first_free(free: list[int], position: int) -> int:
    root = position
    while free[root] != root:
        root = free[root]
    while free[position] != root:  # shorten the way for the next one
        free[position], position = root, free[position]
    return root


def _interval(segment: str) -> tuple[Fraction, Fraction]:
    first, colon, second = segment.partition(":")
    begin, end = (_border(first), _border(second)) if colon else (Fraction(0), _border(first))
    if not 0 <= begin < end <= 1:
        raise UnitError(f"segment {segment!r} must ascend within 0 to 1, as 1/4:1/2 does")
    return begin, end


def _borders(sequence: str) -> list[Fraction]:
    borders = [_border(text) for text in sequence.split(",")]
    if borders != _ascending({Fraction(0), *borders, Fraction(1)}):
        raise UnitError(f"the segment sequence {sequence!r} must ascend from 0 to 1, as 0,1/4,1/2,1 does")
    return borders


def _border(text: str) -> Fraction:
    found = _BORDER.fullmatch(text)
    if not found or (found[3] and int(found[3]) == 0):
        raise UnitError(f"segment border {text[:40]!r} cannot be read: write it like 1/5, 0.2 or 20%")
    return Fraction(found[1]) / (100 if found[2] else int(found[3] or 1))


def _ascending(borders: set[Fraction]) -> list[Fraction]:
    return sorted(borders)


def _first(sequence: str) -> str:
    begin, end = _borders(sequence)[:2]
    return f"{begin}:{end}"
