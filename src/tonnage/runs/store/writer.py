"""Writes one run into its database, a transaction a second."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isinf
from typing import Any, Final, TypeVar

from tonnage.errors import StoreError
from tonnage.load.codec import encode
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window
from tonnage.runs.recorder import Batch
from tonnage.runs.redaction import Redaction
from tonnage.runs.run import Ending, Verdict
from tonnage.runs.store.record import Record, record_of
from tonnage.runs.store.schema import SCHEMA_VERSION, create_tables

_LARGEST: Final = 2**63
V = TypeVar("V", int, Gauge, Histogram)


def to_json(data: Any) -> str:
    """JSON text of JSON data; an infinity becomes a text, as JSON has none."""
    return json.dumps(_finite(encode(data)), ensure_ascii=False, allow_nan=False, sort_keys=True)


def _finite(data: Any) -> Any:
    if isinstance(data, float) and isinf(data):
        return "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(item) for item in data]
    return data


class RunWriter:
    """The Writer of one run. Invariant: a commit that fails changes nothing of what was committed before.

    Args:
        place: how the file is named in messages.
        keep_open: the database is in memory and would be gone with its connection.
        finished: called with the record of the run once it is complete.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        place: str,
        redact: Redaction,
        keep_open: bool,
        finished: Callable[[Record], None],
    ) -> None:
        self._connection, self._place, self._redact = connection, place, redact
        self._keep_open, self._finished = keep_open, finished
        self._series: dict[Series, int] = {}
        self._run: Mapping[str, Any] = {}
        self._total = Window()

    def begin(self, run: Mapping[str, Any]) -> None:
        """Make the tables and write what is known before the load starts.

        Args:
            run: JSON data by key of `meta`: run_id, origin, started_at, plan, environment, facts.
        """
        with self._faults():
            create_tables(self._connection)
        self._run = {key: self._redact.tree(encode(value)) for key, value in run.items()}
        with self._transaction():
            self._connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", (SCHEMA_VERSION,))
            for key, value in self._run.items():
                self._put(key, value)

    def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction.

        Raises:
            StoreError: disk full, read-only or damaged; nothing of the batch is written, all before it stays.
        """
        before = dict(self._series)
        try:
            with self._transaction():
                newest = None
                for resolution, window in batch.windows:
                    written = self._window(resolution, window)
                    newest = written if resolution == 1 else newest
                events = [(event.at, event.kind, self._redact(event.text)) for event in batch.events]
                self._connection.executemany("INSERT INTO events (at, kind, text) VALUES (?, ?, ?)", events)
                if batch.total is not None:
                    self._store_total(batch.total, newest)
        except StoreError:
            # Series that the transaction had numbered are rolled back with it.
            self._series = before
            raise

    def finish(self, ending: Ending | None, verdict: Verdict) -> None:
        """Write how the run ended, and leave one file that needs no other.

        Raises:
            StoreError: as `commit`.
        """
        record = record_of(self._run, self._total, ending, verdict)
        with self._transaction():
            if ending is not None:
                self._put("ending", encode(ending))
            self._put("verdict", self._redact.tree(encode(verdict)))
            self._put("record", encode(record))
        if not self._keep_open:
            self.close()
        self._finished(record)

    def close(self) -> None:
        """Let go of the file; a run that has not ended stays readable."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Without a WAL the file can be read from a read-only folder, or copied alone.
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error:
            pass  # someone reads, or the disk is full: the WAL stays, and is read with the file
        finally:
            self._connection.close()

    def _window(self, resolution: int, window: Window) -> int:
        sql = self._connection
        row = (resolution, window.start, window.length)
        number = sql.execute("INSERT INTO windows (resolution, start, length) VALUES (?, ?, ?)", row).lastrowid
        assert number is not None
        counters = ((number, i, _integer(n)) for i, n in self._by_number(window.counters).items())
        sql.executemany("INSERT INTO counters VALUES (?, ?, ?)", counters)
        gauges = ((number, i, g.at, g.last, g.minimum, g.maximum) for i, g in self._by_number(window.gauges).items())
        sql.executemany("INSERT INTO gauges VALUES (?, ?, ?, ?, ?, ?)", gauges)
        rows = ((number, i, h.count, str(h.sum), h.encode()) for i, h in self._by_number(window.histograms).items())
        sql.executemany("INSERT INTO histograms VALUES (?, ?, ?, ?, ?)", rows)
        return number

    def _by_number(self, table: Mapping[Series, V]) -> dict[int, V]:
        """Values by the number of their series; those that differed in a secret only have become one, and add."""
        numbered: dict[int, V] = {}
        for series, value in table.items():
            number = self._number(series)
            numbered[number] = numbered[number] + value if number in numbered else value
        return numbered

    def _store_total(self, total: Window, newest: int | None) -> None:
        """Replace the stored total; it covers every window of 1 s that was written until now."""
        sql = self._connection
        for table in ("counters", "gauges", "histograms"):
            sql.execute(f"DELETE FROM {table} WHERE window IN (SELECT id FROM windows WHERE resolution = 0)")
        sql.execute("DELETE FROM windows WHERE resolution = 0")
        if newest is None:
            (newest,) = sql.execute("SELECT coalesce(max(id), 0) FROM windows WHERE resolution = 1").fetchone()
        self._window(0, total)
        sql.execute("INSERT OR REPLACE INTO meta VALUES ('covers', ?)", (newest,))
        self._total = total

    def _number(self, series: Series) -> int:
        number = self._series.get(series)
        if number is None:
            tags = {name: self._redact(value) for name, value in series.tags}
            key = (series.metric, to_json(tags))
            sql = self._connection
            sql.execute("INSERT OR IGNORE INTO series (metric, tags) VALUES (?, ?)", key)
            (number,) = sql.execute("SELECT id FROM series WHERE metric = ? AND tags = ?", key).fetchone()
            self._series[series] = number
        return number

    def _put(self, key: str, value: Any) -> None:
        text = value if isinstance(value, str) else to_json(value)
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, text))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            remedy = "free some space, or choose another folder with --store"
            raise StoreError(f"{self._place} cannot be written: {error}; {remedy}") from error


def _integer(n: int) -> int | str:
    return n if -_LARGEST <= n < _LARGEST else str(n)
