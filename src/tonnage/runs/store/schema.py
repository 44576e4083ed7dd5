"""The file of a run: an SQLite database that can be read without this code.

    meta        key, value      schema_version, run_id, origin, started_at, and as JSON: plan, environment, facts,
                                and once the run has ended: verdict, record, and
                                ending where its engine came to one
    series      id, metric, tags                    a metric and its tags as a JSON object, sorted by name
    windows     id, resolution, start, length       seconds; resolution is 1, 10 or 60, and 0 for the total
    counters    window, series, value               integers; beyond 64 bits as decimal text
    gauges      window, series, at, last, minimum, maximum
    histograms  window, series, count, sum, data    sum as decimal text; data is an envelope around HDR V2
    events      id, at, kind, text                  seconds after the start

The windows of one resolution whose start // resolution is equal are parts of one: they add. `meta.covers` is the id of
the newest window of 1 s that the total includes; the total of a run without a verdict is the stored one plus the
windows of 1 s with a greater id. A window holds what completed in [start, start + length) s after the released start,
-1 being what happened before it. One integer step of a metric is worth what `metrics.catalog` says: 1 ns for
http_req_duration. An infinite number in JSON is the text "Infinity" or "-Infinity".

    SELECT start, sum(value) FROM counters JOIN windows w ON w.id = window JOIN series s ON s.id = series
    WHERE resolution = 1 AND metric = 'http_reqs' GROUP BY start;
"""

from __future__ import annotations

import sqlite3
from typing import Final

SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x544E4731  # TNG1

TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, metric TEXT NOT NULL, tags TEXT NOT NULL, UNIQUE (metric, tags));
CREATE TABLE windows (
    id INTEGER PRIMARY KEY, resolution INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL
);
CREATE INDEX windows_in_order ON windows (resolution, start);
CREATE TABLE counters (
    window INTEGER, series INTEGER, value NOT NULL, PRIMARY KEY (window, series)
) WITHOUT ROWID;
CREATE TABLE gauges (
    window INTEGER, series INTEGER, at REAL NOT NULL, last REAL NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL,
    PRIMARY KEY (window, series)
) WITHOUT ROWID;
CREATE TABLE histograms (
    window INTEGER, series INTEGER, count INTEGER NOT NULL, sum TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (window, series)
);
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty database the file of a run, in WAL mode: readers do not wait for the writer, nor it for them."""
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit survives the death of the process; only a power cut can take the last seconds.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; COMMIT;")


def fault_of(connection: sqlite3.Connection) -> str | None:
    """What keeps this database from being read as a run, with the remedy; None where nothing does.

    Raises:
        sqlite3.Error: it is not even a database.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application != APPLICATION_ID or "meta" not in tables:
        if not tables:
            return "it is empty: the run never began; delete it"
        return "it is a database of another program: move it out of the store"
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    version = found[0] if found else None
    if not isinstance(version, int):
        return "it does not say its schema version: the run never began, or the file is damaged; delete it"
    if version > SCHEMA_VERSION:
        return f"it has schema {version} of a newer Tonnage, and this one reads up to {SCHEMA_VERSION}: upgrade tonnage"
    return None
