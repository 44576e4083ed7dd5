"""The index of a store: one record a run that has ended, so that a list opens no run.

It holds nothing that the runs do not hold. Where it cannot be read it is made anew, and where it cannot be written the
list is only slower.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from tonnage.errors import PlanError
from tonnage.load.codec import decode, encode
from tonnage.runs.store.record import Record

_TABLE = "CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID"
_BUSY = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR"})
_PATIENCE = 5.0  # [s] for another process that writes


class Index:
    """Records by run id."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Record]:
        """All records; none where the index is missing, and a damaged one is deleted."""
        if not self._path.exists():
            return {}
        try:
            with closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
            ) as sql:
                rows = sql.execute("SELECT id, record FROM runs").fetchall()
            return {run_id: decode(Record, json.loads(text)) for run_id, text in rows}
        except sqlite3.Error as error:
            self._remove_unless_busy(error)
        except (ValueError, TypeError, PlanError):
            self.remove()
        return {}

    def put(self, records: Iterable[Record], gone: Iterable[str] = ()) -> None:
        """Add or replace records, and forget those of runs that are gone; one that cannot be written stays as it is."""
        rows = [(record.id, json.dumps(encode(record), allow_nan=False)) for record in records]
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as sql, sql:
                sql.execute(_TABLE)
                sql.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", rows)
                sql.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in gone])
        except sqlite3.Error as error:
            self._remove_unless_busy(error)

    def remove(self) -> None:
        """Delete the index; a folder that cannot be written keeps it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _remove_unless_busy(self, error: sqlite3.Error) -> None:
        # Extended names such as SQLITE_READONLY_DIRECTORY begin with the plain one.
        if not any(error.sqlite_errorname.startswith(name) for name in _BUSY):
            self.remove()
