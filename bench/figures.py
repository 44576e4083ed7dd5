"""Figures with their spread, tables of them, and sections of the results."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """What several rounds gave: the median, and the least and the greatest value."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        rounds = list(values)
        return cls(statistics.median(rounds), min(rounds), max(rounds))

    def text(self, digits: int = 2) -> str:
        """The median with its range, such as `0.93 (0.91 to 0.97)`; one round has no range."""
        if self.low == self.high:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


@dataclass(frozen=True)
class Section:
    """What one command found.

    Attributes:
        title: heading.
        method: how it was measured, in words.
        header, rows: the table.
        missed: a sentence for each aim that was missed: which, by how much.
        notes: what else the reader has to know.
    """

    title: str
    method: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    missed: Sequence[str] = ()
    notes: Sequence[str] = ()


def verdict(what: str, value: float, aim: float, unit: str, digits: int = 2) -> list[str]:
    """No sentence where the value is at most the aim, else one that says by how much it is missed."""
    if value <= aim:
        return []
    over = f"{100 * (value / aim - 1):.0f} % over" if aim else f"{value:.{digits}f} {unit} over"
    return [f"{what}: {value:.{digits}f} {unit} where at most {aim:g} {unit} was the aim, {over}."]


def in_terminal(section: Section) -> str:
    """A section as plain text: the title, aligned columns, then misses and notes."""
    table = [tuple(section.header), *(tuple(row) for row in section.rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(section.header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    missed = [f"aim missed: {sentence}" for sentence in section.missed]
    return "\n".join([section.title, *(f"  {line}" for line in lines), *missed, *section.notes, ""])


def in_markdown(section: Section) -> str:
    """A section of bench/RESULTS.md."""
    lines = [f"## {section.title}", "", section.method, ""]
    lines += [_row(section.header), "|---" * len(section.header) + "|", *map(_row, section.rows)]
    for note in section.notes:
        lines += ["", note]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
