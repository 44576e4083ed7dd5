"""A search for a policy beside the policies in use: what a report of it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tonnage.load.plan import Threshold
from tonnage.scaling.tune import Days, DayScore, Tuning


@dataclass(frozen=True)
class Fared:
    """How a policy fared on the days that the search did not see, and on the stress days."""

    tested: tuple[DayScore, ...]
    stressed: tuple[DayScore, ...]


@dataclass(frozen=True)
class Comparison:
    """What was found, and what is in use beside it.

    Attributes:
        others: policies in use by the names of their files; the first is the one that was tuned.
        days: the days of all of them; the stress days' names are in it.
    """

    tuning: Tuning
    others: Mapping[str, Fared]
    days: Days
    objectives: tuple[Threshold, ...]
