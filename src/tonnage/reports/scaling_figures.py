"""The numbers of a rehearsed run: who suffered, how the replicas followed, what it cost. Functions of a Run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.reading import Interval, Trend
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window
from tonnage.runs.run import Event, Run

ROWS: Final = 24
HOUR: Final = 3600.0
_EPISODES: Final = {"rejecting": "capacity_reached", "saturated": "recovered"}


@dataclass(frozen=True, slots=True)
class Callers:
    """Callers and their sessions; `tries` counts those who call again each time."""

    arrived: int
    tries: int
    rejected: int
    lost: int
    cut: int
    failed: int

    @property
    def blocked(self) -> float | None:
        """The share of tries that found no free slot."""
        return self.rejected / self.tries if self.tries else None


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests, the time for which the replicas were saturated [s], and response times [s]."""

    arrived: int
    served: int
    failed: int
    saturated: int
    p50: Interval | None
    p95: Interval | None
    p99: Interval | None


@dataclass(frozen=True, slots=True)
class Row:
    """A span of the timeline: its means and extremes, the size at its end, and the last reason for a change."""

    start: int
    length: int
    rate: float
    desired: int
    ready: int
    utilization: float
    suffered: int
    cut: int
    changes: int
    reason: str


@dataclass(frozen=True, slots=True)
class ScalingFigures:
    """Everything that the report of a rehearsed run tells; `callers` or `requests` is None, by the kind of service.

    Attributes:
        waits: (start, length) [s] of each time in which callers were rejected or the replicas were saturated: the time
            to capacity; an open end is that of the run.
        start_median, start_most: from a replica's creation to its readiness [s]; None where none was created.
    """

    callers: Callers | None
    requests: Requests | None
    least: int
    most: int
    changes: int
    decisions: int
    undecided: int
    waits: tuple[tuple[float, float], ...]
    start_median: float | None
    start_most: float | None
    cost: float
    cost_unit: str
    replica_hours: float
    rows: tuple[Row, ...]

    @property
    def longest_wait(self) -> float:
        """The longest time to capacity [s]; 0 where nobody had to wait for it."""
        return max((length for _, length in self.waits), default=0.0)


def scaling_figures(run: Run, rows: int = ROWS) -> ScalingFigures:
    """The figures of a rehearsed run, with a timeline of at most `rows` spans."""
    total = run.total
    ready = reading.gauge(total, "replicas_desired")
    starts = reading.trend(total, BUILT_IN["replica_start_duration"])
    median, most = starts.quantile(0.5), starts.maximum()
    cost = reading.gauge(total, "cost")
    return ScalingFigures(
        _callers(total),
        _requests(total),
        int(ready.minimum) if ready else 0,
        int(ready.maximum) if ready else 0,
        reading.count(total, "replica_changes"),
        reading.count(total, "decisions"),
        reading.count(total, "decisions_without_data"),
        tuple(_waits(run)),
        median.lower if median else None,
        most.lower if most else None,
        cost.last if cost else 0.0,
        str(run.facts.get("cost_unit", "replica-hours")),
        reading.count(total, "replica_seconds") / HOUR,
        tuple(_rows(run, rows)),
    )


def _callers(total: Window) -> Callers | None:
    arrived = reading.count(total, "sessions_arrived")
    if not arrived:
        return None
    blocked = reading.rate(total, "session_blocked")
    names = ("sessions_lost", "sessions_cut", "sessions_failed")
    return Callers(arrived, blocked.total, blocked.hits, *(reading.count(total, name) for name in names))


def _requests(total: Window) -> Requests | None:
    times: Trend = reading.trend(total, BUILT_IN["http_req_response_time"])
    if not times.count:
        return None
    names = ("arrivals_due", "http_reqs", "http_req_errors", "saturated_seconds")
    arrived, ended, failed, saturated = (reading.count(total, name) for name in names)
    return Requests(arrived, ended - failed, failed, saturated, *(times.quantile(q) for q in (0.5, 0.95, 0.99)))


def _waits(run: Run) -> Iterator[tuple[float, float]]:
    """Times in which somebody waited for capacity, from the events."""
    end = run.ending.ended if run.ending else float(run.total.end)
    began: dict[str, float] = {}
    for event in run.events:
        if event.kind in _EPISODES:
            began[_EPISODES[event.kind]] = event.at
        elif event.kind in began:
            start = began.pop(event.kind)
            yield start, event.at - start
    for start in began.values():
        yield start, end - start


def _rows(run: Run, most: int) -> Iterator[Row]:
    per_row = max(1, -(-len(run.windows) // most))
    changes = [event for event in run.events if event.kind == "scaled"]
    for i in range(0, len(run.windows), per_row):
        yield _row(run.windows[i : i + per_row], changes)


def _row(windows: tuple[Window, ...], changes: list[Event]) -> Row:
    start, end = windows[0].start, windows[-1].end
    own = [event for event in changes if start <= event.at < end]
    arrived = sum(reading.count(window, "arrivals_due") for window in windows)
    names = ("sessions_rejected", "saturated_seconds")
    return Row(
        start,
        end - start,
        arrived / (end - start),
        int(_last(windows, "replicas_desired")),
        int(_last(windows, "replicas_ready")),
        max((gauge.maximum for gauge in _gauges(windows, "utilization")), default=0.0),
        sum(reading.count(window, name) for window in windows for name in names),
        sum(reading.count(window, "sessions_cut") for window in windows),
        len(own),
        own[-1].text if own else "",
    )


def _gauges(windows: tuple[Window, ...], name: str) -> Iterator[Gauge]:
    series = Series(name)
    return (window.gauges[series] for window in windows if series in window.gauges)


def _last(windows: tuple[Window, ...], name: str) -> float:
    found = list(_gauges(windows, name))
    return found[-1].last if found else 0.0
