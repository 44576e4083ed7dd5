"""The store: a folder with one database a run, and an index that can always be made anew.

    <folder>/<run id>.db
    <folder>/index.sqlite

A run is locked by nobody but its own writer, so any number of runs can be written at once. `:memory:` keeps runs for
as long as the Store lives. The default folder is the caller's business.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from tonnage.errors import StoreError
from tonnage.load.plan import Plan
from tonnage.runs.crash import CrashReport
from tonnage.runs.environment import Environment
from tonnage.runs.redaction import Redaction
from tonnage.runs.run import Origin, Run
from tonnage.runs.store.index import Index
from tonnage.runs.store.reader import Resolution, RunReader
from tonnage.runs.store.record import Record
from tonnage.runs.store.writer import RunWriter

IN_MEMORY: Final = ":memory:"
LAST: Final = "last"

_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_PATIENCE: Final = 5.0  # [s] for a reader's lock


def run_id(at: datetime, noise: bytes) -> str:
    """The id of a run that starts at `at` (UTC): "20261124-194312-7f3a"; ids sort by time.

    Args:
        noise: two random bytes, which part runs of the same second.
    """
    return f"{at:%Y%m%d-%H%M%S}-{noise[:2].hex()}"


@dataclass(frozen=True)
class Origins:
    """Where a run comes from besides its plan: measured unless said otherwise, and any facts worth keeping."""

    origin: Origin = "measured"
    facts: Mapping[str, Any] = field(default_factory=dict)


class Store:
    """Runs by id. A file that is no run is named in a StoreError, and never changed.

    Args:
        folder: made when the first run is; ":memory:" for none.
    """

    def __init__(self, folder: Path | str) -> None:
        self._in_memory: dict[str, sqlite3.Connection] | None = {} if str(folder) == IN_MEMORY else None
        self._folder = Path(folder)
        self._index = Index(self._folder / "index.sqlite")

    def path(self, run_id: str) -> Path:
        """The file of a run."""
        return self._folder / f"{run_id}.db"

    def write_crash(self, report: CrashReport) -> Path | None:
        """Write the report beside the run, readable by its owner alone; None where runs are kept in memory.

        Raises:
            StoreError: it cannot be written.
        """
        if self._in_memory is not None:
            return None
        path = self._folder / f"{report.run_id}.crash.txt"
        try:
            path.touch(mode=0o600)
            path.write_text(report.text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise StoreError(f"the crash report {path} cannot be written: {error}") from error
        return path

    def create(
        self, plan: Plan, environment: Environment, started_at: str, run_id: str, origins: Origins | None = None
    ) -> RunWriter:
        """A new run, from now on in the store; the writer of its Windows.

        Args:
            started_at: ISO 8601, UTC.

        Raises:
            StoreError: the folder cannot be written, or there is a run of that id.
        """
        if not _ID.fullmatch(run_id):
            raise StoreError(f"{run_id!r} is no run id: use letters, digits, '.', '_' and '-', at most 64")
        origins = origins or Origins()
        connection, place = self._new(run_id)
        writer = RunWriter(connection, place, Redaction.of(plan), self._in_memory is not None, self._ended)
        run = {"run_id": run_id, "origin": origins.origin, "started_at": started_at, "plan": plan.to_dict()}
        try:
            writer.begin({**run, "environment": environment, "facts": origins.facts})
        except StoreError:
            connection.close()
            self._forget(run_id)
            raise
        return writer

    def load(
        self, which: str = LAST, resolution: Resolution | None = 1, counters: Collection[str] | None = None
    ) -> Run:
        """A run, by its id, the beginning of one, or "last"; a run without an ending is judged as interrupted.

        Args:
            resolution: length of `Run.windows` [s]; None leaves them out, which is fast however long the run was.
            counters: only these counters in the windows; None for all that they hold.

        Raises:
            StoreError: there is no such run, there are several, or the file cannot be read.
        """
        with self._reader(self.resolve(which)) as reader:
            return reader.run(resolution, counters)

    def list(self) -> tuple[Record, ...]:
        """One record a run, the oldest first; of a file that cannot be read, why."""
        ids = self._ids()
        if self._in_memory is not None:
            return tuple(self._record(run_id) for run_id in ids)
        known = self._index.read()
        records = {run_id: known.get(run_id) or self._record(run_id) for run_id in ids}
        # A run without a verdict may go on, and a damaged file may be mended: neither is put into the index.
        ended = [record for run_id, record in records.items() if run_id not in known and record.ended]
        gone = known.keys() - set(ids)
        if ended or gone:
            self._index.put(ended, gone)
        return tuple(records.values())

    def rebuild_index(self) -> None:
        """Make the index anew from the runs."""
        self._index.remove()
        self.list()

    def resolve(self, which: str) -> str:
        """The id that "last", an id or the beginning of one means.

        Raises:
            StoreError: none, or several.
        """
        ids = self._ids()
        if not ids:
            raise StoreError(f"there is no run in {self._folder} yet: make one with `tonnage run`")
        if which == LAST:
            return ids[-1]
        found = [which] if which in ids else [run_id for run_id in ids if which and run_id.startswith(which)]
        if len(found) == 1:
            return found[0]
        shown = which if len(which) <= 64 else which[:61] + "..."
        if found:
            more = ", ..." if len(found) > 4 else ""
            raise StoreError(f"{shown!r} is the beginning of {len(found)} runs: {', '.join(found[:4])}{more}")
        near = get_close_matches(which[:64], ids, n=1, cutoff=0.6)
        remedy = f"did you mean {near[0]}?" if near else "see `tonnage runs`"
        raise StoreError(f"there is no run {shown!r} in {self._folder}: {remedy}")

    def _new(self, run_id: str) -> tuple[sqlite3.Connection, str]:
        if self._in_memory is not None:
            if run_id in self._in_memory:
                raise StoreError(f"there is a run {run_id} already: choose another id")
            connection = _connect(IN_MEMORY)
            self._in_memory[run_id] = connection
            return connection, f"run {run_id} in memory"
        path = self.path(run_id)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # What a run holds is its owner's business alone; nobody else's run is opened by accident.
            path.touch(mode=0o600, exist_ok=False)
            return _connect(path.absolute().as_uri()), str(path)
        except FileExistsError as error:
            raise StoreError(f"there is a file {path} already: choose another run id") from error
        except (OSError, sqlite3.Error) as error:
            remedy = "choose a folder that can be written with --store, or --store :memory:"
            raise StoreError(f"the store {self._folder} cannot be written: {error}; {remedy}") from error

    def _forget(self, run_id: str) -> None:
        """Take away what `_new` made: a run that never began leaves no trace."""
        if self._in_memory is not None:
            del self._in_memory[run_id]
            return
        for suffix in ("", "-wal", "-shm"):
            path = self.path(run_id)
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def _ended(self, record: Record) -> None:
        if self._in_memory is None:
            self._index.put([record])

    def _ids(self) -> tuple[str, ...]:
        if self._in_memory is not None:
            return tuple(sorted(self._in_memory))
        return tuple(sorted(path.stem for path in self._folder.glob("*.db") if path.is_file()))

    def _record(self, run_id: str) -> Record:
        try:
            with self._reader(run_id) as reader:
                return reader.record()
        except StoreError as error:
            return Record(run_id, fault=str(error))

    @contextmanager
    def _reader(self, run_id: str) -> Iterator[RunReader]:
        if self._in_memory is not None:
            yield RunReader(self._in_memory[run_id], f"run {run_id} in memory")
            return
        path = self.path(run_id)
        with closing(_connect(_read_only(path))) as connection:
            yield RunReader(connection, str(path))


def _read_only(path: Path) -> str:
    # Without a WAL the file is complete, and can be read where no lock can be made: on a read-only disk.
    complete = not path.with_name(path.name + "-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if complete else "")


def _connect(where: str) -> sqlite3.Connection:
    # The thread that delivers Windows is not the one that made the run; they take turns.
    return sqlite3.connect(where, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
