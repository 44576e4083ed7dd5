"""The Recorder: takes Windows as they come, keeps the total, and hands each second to a writer.

                       ┌─► total, last n seconds       for the live display and the thresholds
    window, event ─────┤
                       └─► Batch, once a second ─► Writer

A batch is one transaction: the second's Windows, the 10 s and 60 s roll-ups that are finished, the events since, and
once a minute the total. Whoever reads a run that was killed adds the seconds after the last stored total to it: at most
a minute of Windows, however long the run was, while a second costs what happened in it and not what happened before.

A writer that fails ends nothing. The Recorder says so in an event, keeps the newest batches and tries again with the
next total and at the end. Knows no file and no clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from tonnage.errors import StoreError
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import CENSORED, Series
from tonnage.metrics.window import Window, WindowSum
from tonnage.runs.run import Ending, Event, Verdict

Identity = tuple[int, int, int]
"""(generator, epoch, start): what makes a Window recognisable when it is sent twice."""

ROLL_UPS: Final = (10, 60)  # [s] each made of the one before
TOTAL_EVERY: Final = 60  # [s]
FIRST_TOTAL: Final = 35  # [s] not in a second in which a roll-up is written as well
_GLANCED: Final = frozenset({"http_req_response_time", "arrival_lag"})
KEPT_BATCHES: Final = 600  # while the writer fails


@dataclass(frozen=True, slots=True)
class Batch:
    """What belongs into one transaction.

    Attributes:
        windows: (resolution [s], Window). Several of one resolution and bucket add; the bucket is start // resolution.
        total: the sum of all windows of 1 s until and with this batch; None where it is not due.
    """

    windows: tuple[tuple[int, Window], ...] = ()
    events: tuple[Event, ...] = ()
    total: Window | None = None


class Writer(Protocol):
    """Where a run is written to. A failure is a StoreError, and leaves all that was written before as it was."""

    def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction."""

    def finish(self, ending: Ending | None, verdict: Verdict) -> None:
        """Write how the run ended, None where its engine died; nothing comes after it."""


class Recorder:
    """Adds up the Windows of a run. Invariant: each (generator, epoch, start) is counted once. For one thread.

    Args:
        generators: how many deliver a Window each second; a batch waits for all of them, at most a second.
        keep: how many seconds `last` can look back.
    """

    def __init__(self, writer: Writer, generators: int = 1, keep: int = 10) -> None:
        self._writer, self._generators, self._keep = writer, generators, keep
        self._seen: dict[tuple[int, int], _Seconds] = {}
        self._total = WindowSum()
        self._newest: int | None = None
        self._pending: dict[int, list[Window]] = {}
        self._recent: dict[int, Window] = {}
        self._roll_ups: dict[tuple[int, int], WindowSum] = {}
        self._events: list[Event] = []
        self._stored_events = 0
        self._total_due = FIRST_TOTAL
        self._unwritten: deque[Batch] = deque(maxlen=KEPT_BATCHES)
        self.fault: StoreError | None = None
        """Why the writer failed for the first time; None while all is well."""

    @property
    def events(self) -> tuple[Event, ...]:
        """All events until now, the Recorder's own one about a failed writer included."""
        return tuple(self._events)

    def window(self, identity: Identity, window: Window) -> bool:
        """Take one Window of one generator; False when it was taken before, and is not counted again."""
        generator, epoch, start = identity
        if not self._seen.setdefault((generator, epoch), _Seconds()).add(start):
            return False
        if self._newest is not None and start > self._newest:
            self._commit()  # a generator that is late has its second written in a later batch
        self._total.add(window)
        self._newest = start if self._newest is None else max(self._newest, start)
        self._pending.setdefault(start, []).append(window)
        glance = glance_at(window)
        self._recent[start] = self._recent[start] + glance if start in self._recent else glance
        for old in [second for second in self._recent if second <= self._newest - self._keep]:
            del self._recent[old]
        self._roll_up(ROLL_UPS[0], start, window)
        if len(self._pending.get(self._newest, ())) >= self._generators:
            self._commit()
        return True

    def event(self, event: Event) -> None:
        """Take an event; it is written with the next second."""
        self._events.append(event)

    def total(self) -> Window:
        """The sum of all Windows; it shares histograms with the Recorder and holds until the next `window`."""
        return self._total.view()

    def last(self, seconds: int) -> Window:
        """The sum of the newest `seconds` seconds, 1 to `keep`, as `glance_at` keeps them.

        Raises:
            ValueError: the Recorder does not look back that far.
        """
        if not 1 <= seconds <= self._keep:
            raise ValueError(f"the last {seconds} s cannot be read: the recorder keeps 1 to {self._keep} s")
        found = WindowSum()
        for start, window in self._recent.items():
            if self._newest is not None and start > self._newest - seconds:
                found.add(window)
        return found.take()

    def finish(self, ending: Ending | None, verdict: Verdict) -> None:
        """Write what is left, the total and how the run ended.

        Raises:
            StoreError: it could not be written; what was written before can still be read.
        """
        for batch in self._waiting(self._batch(last=True)):
            self._write(batch)
        self._writer.finish(ending, verdict)

    def _commit(self) -> None:
        if not self._pending:
            return
        batch = self._batch()
        if self.fault is not None and batch.total is None:
            self._keep_back(batch)
            return
        waiting = self._waiting(batch)
        while waiting:
            try:
                self._write(waiting[0])
            except StoreError as error:
                self._degrade(error)
                for left in waiting:
                    self._keep_back(left)
                return
            waiting.popleft()

    def _write(self, batch: Batch) -> None:
        self._writer.commit(batch)
        self._stored_events += len(batch.events)

    def _waiting(self, batch: Batch) -> deque[Batch]:
        waiting = deque((*self._unwritten, batch))
        self._unwritten.clear()
        return waiting

    def _keep_back(self, batch: Batch) -> None:
        """Keep the Windows only: the total goes on growing, and events are offered again with the next batch."""
        self._unwritten.append(Batch(batch.windows))

    def _degrade(self, error: StoreError) -> None:
        if self.fault is None:
            self.fault = error
            self._events.append(Event(float(self._total.view().end), "data_lost", f"the run is not stored: {error}"))

    def _batch(self, last: bool = False) -> Batch:
        windows = [(1, _sum(parts)) for _, parts in sorted(self._pending.items())]
        self._pending.clear()
        windows += self._finished_roll_ups(last)
        total = None
        if last or (self._newest is not None and self._newest + 1 >= self._total_due):
            total = self._total.view()
            self._total_due = (self._newest or 0) + 1 + TOTAL_EVERY
        return Batch(tuple(windows), tuple(self._events[self._stored_events :]), total)

    def _roll_up(self, resolution: int, start: int, window: Window) -> None:
        self._roll_ups.setdefault((resolution, start // resolution), WindowSum()).add(window)

    def _finished_roll_ups(self, last: bool) -> Iterator[tuple[int, Window]]:
        """The roll-ups whose time has passed, taken out; a Window that comes later starts a second part."""
        for resolution, coarser in zip(ROLL_UPS, (*ROLL_UPS[1:], None), strict=True):
            for size, bucket in sorted(self._roll_ups):
                past = self._newest is not None and (bucket + 1) * size <= self._newest + 1
                if size == resolution and (last or past):
                    window = self._roll_ups.pop((size, bucket)).take()
                    if coarser is not None:
                        self._roll_up(coarser, bucket * size, window)
                    yield size, window


def glance_at(window: Window) -> Window:
    """What a live display shows of a second: each metric summed over its tags, gauges as they are.

    Ten seconds of two thousand series would be some hundred megabytes; ten glances are a few dozen histograms. Whether
    samples are censored stays told apart.
    """
    counters: dict[Series, int] = {}
    for series, n in window.counters.items():
        summed = Series(series.metric)
        counters[summed] = counters.get(summed, 0) + n
    histograms: dict[Series, Histogram] = {}
    for series, histogram in window.histograms.items():
        if series.metric in _GLANCED:
            summed = Series(series.metric, (CENSORED,) if series.is_censored else ())
            histograms.setdefault(summed, Histogram()).merge(histogram)
    return Window(window.start, window.length, counters, window.gauges, histograms)


def _sum(windows: list[Window]) -> Window:
    if len(windows) == 1:
        return windows[0]
    total = WindowSum()
    for window in windows:
        total.add(window)
    return total.take()


class _Seconds:
    """A set of whole numbers, kept as ranges: seconds that follow each other cost nothing, a gap costs one range."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []

    def add(self, second: int) -> bool:
        """False when it was in."""
        i = bisect_right(self._begins, second)
        if i and second < self._ends[i - 1]:
            return False
        follows = i > 0 and self._ends[i - 1] == second
        precedes = i < len(self._begins) and self._begins[i] == second + 1
        if follows and precedes:
            self._ends[i - 1] = self._ends.pop(i)
            self._begins.pop(i)
        elif follows:
            self._ends[i - 1] = second + 1
        elif precedes:
            self._begins[i] = second
        else:
            self._begins.insert(i, second)
            self._ends.insert(i, second + 1)
        return True
