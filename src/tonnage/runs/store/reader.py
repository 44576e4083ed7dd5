"""Reads one run from its database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from typing import Any, Final, Literal, TypeVar

from tonnage.errors import PlanError, StoreError
from tonnage.load.codec import decode
from tonnage.load.plan import Plan
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window, WindowSum
from tonnage.runs.environment import Environment
from tonnage.runs.run import Ending, Event, Run, Verdict
from tonnage.runs.store.record import Record, record_of
from tonnage.runs.store.schema import fault_of
from tonnage.runs.verdict import judge

Resolution = Literal[1, 10, 60]
"""Length of the windows that are read [s]."""

T = TypeVar("T")

_INFINITE: Final = {"Infinity": float("inf"), "-Infinity": float("-inf")}
_UNCHANGED: Final = "the file was not changed"


class RunReader:
    """The contents of one run database, which it never changes.

    Args:
        place: how the file is named in messages.

    Raises:
        StoreError: it is no run, damaged, or of a newer Tonnage; names the file, the cause and the remedy.
    """

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection, self._place = connection, place
        self._known: dict[int, Series] = {}
        fault = self._guarded(lambda: fault_of(connection))
        if fault:
            raise StoreError(f"{place} cannot be read: {fault} ({_UNCHANGED})")

    def run(self, resolution: Resolution | None = 1, counters: Collection[str] | None = None) -> Run:
        """The whole run with its windows; one without an ending is judged by what there is.

        Args:
            counters: read these counters into the windows and nothing else, so that a long run with thousands of
                series does not fill the memory; None for all there is. The total is always whole.
        """
        return self._guarded(lambda: self._run(resolution, counters))

    def record(self) -> Record:
        """The line about the run: the stored one, or one about what there is until now."""
        return self._guarded(self._record)

    def _run(self, resolution: Resolution | None, counters: Collection[str] | None) -> Run:
        meta = self._meta()
        plan = Plan.from_dict(meta["plan"])
        ending = decode(Ending, meta["ending"]) if "ending" in meta else None
        ended = "verdict" in meta
        total, events = self._total(meta, ended), self._events()
        verdict = decode(Verdict, meta["verdict"]) if ended else judge(plan, total, ending, events)
        return Run(
            id=meta["run_id"],
            origin=meta["origin"],
            plan=plan,
            environment=decode(Environment, meta["environment"]),
            started_at=meta["started_at"],
            total=total,
            windows=tuple(self._windows(resolution, ended, counters)) if resolution else (),
            events=events,
            ending=ending,
            verdict=verdict,
            facts=meta["facts"],
        )

    def _record(self) -> Record:
        meta = self._meta()
        if "record" in meta:
            return decode(Record, meta["record"])
        total = self._total(meta, ended=False)
        return record_of(
            meta, total, None, judge(Plan.from_dict(meta["plan"]), total, None, self._events()), ended=False
        )

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            # One transaction: all of it is of one instant, even while the run goes on.
            self._connection.execute("BEGIN")
            try:
                return read()
            finally:
                self._connection.execute("COMMIT")
        except (sqlite3.Error, ValueError, KeyError, TypeError, PlanError) as error:
            cause = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)
            remedy = (
                f"it is damaged or no run; move it out of the store, or read what is left with sqlite3 ({_UNCHANGED})"
            )
            raise StoreError(f"{self._place} cannot be read: {cause}; {remedy}") from error

    def _meta(self) -> dict[str, Any]:
        plain = {"run_id", "origin", "started_at", "schema_version", "covers"}
        rows = self._connection.execute("SELECT key, value FROM meta")
        return {key: value if key in plain else _infinite(json.loads(value)) for key, value in rows}

    def _events(self) -> tuple[Event, ...]:
        rows = self._connection.execute("SELECT at, kind, text FROM events ORDER BY id")
        return tuple(Event(at, kind, text) for at, kind, text in rows)

    def _windows(self, resolution: Resolution, ended: bool, counters: Collection[str] | None) -> Iterator[Window]:
        rows = self._rows("resolution = ?", resolution)
        if not ended and resolution > 1:
            # The roll-up under way was never written: its seconds were.
            stored = {start // resolution for _, start, _ in rows}
            rows += [row for row in self._rows("resolution = ?", 1) if row[1] // resolution not in stored]
            rows.sort(key=lambda row: row[1])
        for _, parts in groupby(rows, key=lambda row: row[1] // resolution):
            yield self._sum(list(parts), counters)

    def _total(self, meta: dict[str, Any], ended: bool) -> Window:
        rows = self._rows("resolution = ?", 0)
        if not ended:
            rows += self._rows("resolution = 1 AND id > ?", meta.get("covers", 0))
        return self._sum(rows)

    def _rows(self, which: str, argument: int) -> list[tuple[int, int, int]]:
        query = f"SELECT id, start, length FROM windows WHERE {which} ORDER BY start, id"
        return self._connection.execute(query, (argument,)).fetchall()

    def _sum(self, rows: list[tuple[int, int, int]], counters: Collection[str] | None = None) -> Window:
        if len(rows) == 1:
            return self._window(rows[0], counters)
        total = WindowSum()
        for row in rows:
            total.add(self._window(row, counters))
        return total.take()

    def _window(self, row: tuple[int, int, int], wanted: Collection[str] | None) -> Window:
        number, start, length = row
        series, sql = self._series(), self._connection
        if wanted is not None:
            numbers = [i for i, one in series.items() if one.metric in wanted]
            marks = ",".join("?" * len(numbers))
            query = f"SELECT series, value FROM counters WHERE window = ? AND series IN ({marks})"
            counts = sql.execute(query, (number, *numbers))
            return Window(start, length, {series[i]: int(value) for i, value in counts})
        counters = sql.execute("SELECT series, value FROM counters WHERE window = ?", (number,))
        columns = "series, at, last, minimum, maximum"
        gauges = sql.execute(f"SELECT {columns} FROM gauges WHERE window = ?", (number,))
        histograms = sql.execute("SELECT series, data FROM histograms WHERE window = ?", (number,))
        return Window(
            start,
            length,
            {series[i]: int(value) for i, value in counters},
            {series[i]: Gauge(*values) for i, *values in gauges},
            {series[i]: Histogram.decode(data) for i, data in histograms},
        )

    def _series(self) -> dict[int, Series]:
        # Series are never changed, only added: what was read once holds.
        newest = max(self._known, default=0)
        for i, metric, tags in self._connection.execute("SELECT * FROM series WHERE id > ?", (newest,)):
            self._known[i] = Series(metric, tuple(sorted(json.loads(tags).items())))
        return self._known


def _infinite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _infinite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_infinite(item) for item in data]
    return _INFINITE.get(data, data) if isinstance(data, str) else data
