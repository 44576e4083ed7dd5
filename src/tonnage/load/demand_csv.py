"""Demand from a CSV file.

A header with `time` and exactly one of `arrival_rate` [1/s], `arrivals` (since this row until the next), `concurrency`.
Times are RFC 3339 with a zone, or seconds. A row holds until the next one is due, one interval later; where more time
passes, what happened is unknown.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from statistics import median
from typing import Final

from tonnage.errors import Mistake, PlanError
from tonnage.load.demand import Demand, stairs

VALUES: Final = ("arrival_rate", "arrivals", "concurrency")
LARGEST: Final = 1e9
LATE: Final = 1.5  # intervals after which a row is missing
MOST_MISTAKES: Final = 50


@dataclass
class _Rows:
    """Rows as far as they could be read, and every mistake with its line."""

    source: str
    mistakes: list[Mistake] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    zones: dict[str, int] = field(default_factory=dict)

    def say(self, line: int, text: str) -> None:
        self.mistakes.append(Mistake(f"line {line}", text, self.source))


def read_demand_csv(text: str, source: str) -> Demand:
    """The demand of a CSV file.

    Raises:
        PlanError: with every mistake and its line: a header without the two columns, times that are no times, unsorted,
            double or of several zones, values that are no numbers, negative or absurd.
    """
    rows = _Rows(source)
    lines = csv.reader(text.lstrip("\ufeff").splitlines())
    header = [name.strip() for name in next(lines, [])]
    columns = [name for name in VALUES if name in header]
    if "time" not in header or len(columns) != 1:
        rows.say(
            1, f"the header needs time and exactly one of {', '.join(VALUES)}: it is {', '.join(header) or 'empty'}"
        )
        raise PlanError(*rows.mistakes)
    at, value = header.index("time"), header.index(columns[0])
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            rows.say(number, f"has {len(cells)} cells, the header {len(header)}")
            continue
        _row(rows, number, cells[at].strip(), cells[value].strip())
    _zones(rows)
    _order(rows)
    if len(rows.times) < 2 and not rows.mistakes:
        rows.say(1, f"{len(rows.times)} rows: two at least say how long an interval is")
    if rows.mistakes:
        more = len(rows.mistakes) - MOST_MISTAKES
        rest = [Mistake("", f"{more} more mistakes", source)] if more > 0 else []
        raise PlanError(*rows.mistakes[:MOST_MISTAKES], *rest)
    return _demand(rows, columns[0], text)


def _row(rows: _Rows, number: int, at: str, value: str) -> None:
    """One row; an empty value is a row that is not there."""
    when = _time(rows, number, at)
    if when is None or not value:
        return
    try:
        amount = float(value)
    except ValueError:
        rows.say(number, f"{value!r} is no number")
        return
    if not isfinite(amount) or amount > LARGEST:
        rows.say(number, f"{value} is absurd: the most is {LARGEST:g}")
    elif amount < 0:
        rows.say(number, f"{value} is negative")
    else:
        rows.times.append(when)
        rows.values.append(amount)
        rows.lines.append(number)


def _time(rows: _Rows, number: int, text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if isfinite(seconds):
            rows.zones.setdefault("seconds", number)
            return seconds
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        rows.say(number, f"{text!r} is no time: write seconds or 2026-11-24T08:30:00Z")
        return None
    offset = found.utcoffset()
    if offset is None:
        rows.say(number, f"{text} has no zone: write {text}Z or {text}+01:00")
        return None
    rows.zones.setdefault(f"the zone {offset}", number)
    return found.timestamp()


def _zones(rows: _Rows) -> None:
    if len(rows.zones) > 1:
        (first, _), (second, line), *_ = rows.zones.items()
        rows.say(line, f"is in {second}, earlier rows in {first}: use one of them")


def _order(rows: _Rows) -> None:
    for i in range(1, len(rows.times)):
        if rows.times[i] == rows.times[i - 1]:
            rows.say(rows.lines[i], f"has the time of line {rows.lines[i - 1]}")
        elif rows.times[i] < rows.times[i - 1]:
            rows.say(rows.lines[i], f"lies before line {rows.lines[i - 1]}: sort the rows by time")


def _demand(rows: _Rows, column: str, text: str) -> Demand:
    gaps = [b - a for a, b in zip(rows.times, rows.times[1:], strict=False)]
    step = median(gaps)
    lengths = [gap if gap <= LATE * step else step for gap in (*gaps, step)]
    counted = column == "arrivals"
    steps = [
        (at, length, value / length if counted else value)
        for at, length, value in zip(rows.times, lengths, rows.values, strict=True)
    ]
    curve, _, unknown = stairs(steps)
    return Demand(curve, "concurrency" if column == "concurrency" else "arrivals", unknown, "", text)
