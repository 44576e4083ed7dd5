"""The rows that a report shows, as data: functions of a Run and nothing else.

Counts are exact, times in seconds, rates 1/s over the duration of the load. What has no samples is None, never NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.reading import Interval, Trend
from tonnage.metrics.threshold import samples_needed
from tonnage.metrics.window import Window
from tonnage.reports.failure import failure_name
from tonnage.runs.run import Run
from tonnage.runs.verdict import delivered

NOT_STARTED = "(not started)"


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile and whether the number of samples supports it; `value` is None without samples."""

    percentile: float
    value: Interval | None
    samples: int

    @property
    def needed(self) -> int:
        return samples_needed(self.percentile)

    @property
    def is_supported(self) -> bool:
        return self.samples >= self.needed


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The requests of one name and method; times are response times, from the intended start."""

    name: str
    method: str
    requests: int
    rate: float
    failed: int
    p50: Percentile
    p95: Percentile
    p99: Percentile

    @property
    def success(self) -> float | None:
        return 1 - self.failed / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of failed request or iteration; `first` and `last` in seconds, None where seconds were not read."""

    name: str
    code: str
    count: int
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check of the script."""

    name: str
    group: str
    passes: int
    fails: int


@dataclass(frozen=True, slots=True)
class Generator:
    """How the generator was, over all generators; times in seconds, None where it was not watched."""

    cpu: float | None = None
    memory: float | None = None
    seconds: int = 0
    saturated: int = 0
    lag_p99: float | None = None
    lag_max: float | None = None
    vu_wait_p99: float | None = None
    loop_lag_p99: float | None = None
    script_lag_p99: float | None = None


def percentile(values: Trend, p: float) -> Percentile:
    """A percentile of a Trend with the number of samples that it rests on."""
    return Percentile(p, values.quantile(p / 100), values.count)


def run_seconds(run: Run) -> float:
    """Seconds over which the rates of the run are taken."""
    return delivered(run.total, run.ending).duration


def per_second(n: float, seconds: float) -> float:
    """A rate; 0 over no time at all."""
    return n / seconds if seconds > 0 else 0.0


# ------------------------------------------------------------------------------------------- endpoints


@dataclass
class _Requests:
    requests: int = 0
    failed: int = 0
    complete: Histogram = field(default_factory=Histogram)
    censored: Histogram = field(default_factory=Histogram)


def endpoints(run: Run) -> tuple[Endpoint, ...]:
    """The endpoints by name and method, the one with the most requests first."""
    found: dict[tuple[str, str], _Requests] = {}
    for series, n in run.total.counters.items():
        if series.metric in ("http_reqs", "http_req_failed/hits"):
            row = found.setdefault((series.tag.get("name", ""), series.tag.get("method", "")), _Requests())
            if series.metric == "http_reqs":
                row.requests += n
            else:
                row.failed += n
    for series, histogram in run.total.histograms.items():
        name = series.tag.get("name", "")
        if series.metric == "http_req_response_time" and name != NOT_STARTED:
            row = found.setdefault((name, series.tag.get("method", "")), _Requests())
            (row.censored if series.is_censored else row.complete).merge(histogram)
    seconds = run_seconds(run)
    rows = [_endpoint(key, row, seconds) for key, row in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.requests, row.name, row.method)))


def _endpoint(key: tuple[str, str], row: _Requests, seconds: float) -> Endpoint:
    times = Trend(row.complete, row.censored, BUILT_IN["http_req_response_time"].resolution)
    quantiles = (percentile(times, p) for p in (50, 95, 99))
    return Endpoint(*key, row.requests, per_second(row.requests, seconds), row.failed, *quantiles)


# ---------------------------------------------------------------------------------------------- errors


COUNTED_BY_SECOND = frozenset({"http_req_failed/hits", "iteration_errors"})
"""What the reports need of each second; everything else they take from the total."""


def failures(run: Run) -> tuple[Failure, ...]:
    """Failed requests by kind, the most frequent first."""
    return _kinds(run, "http_req_failed/hits")


def iteration_failures(run: Run) -> tuple[Failure, ...]:
    """Iterations that raised, by kind of exception, the most frequent first."""
    return _kinds(run, "iteration_errors")


def _kinds(run: Run, counter: str) -> tuple[Failure, ...]:
    seen = dict.fromkeys((key for key, _ in _kinds_of(run.total, counter)), 0)
    for key, n in _kinds_of(run.total, counter):
        seen[key] += n
    first, last = _instants(run.windows, counter)
    rows = [Failure(name, code, n, first.get((name, code)), last.get((name, code))) for (name, code), n in seen.items()]
    return tuple(sorted((row for row in rows if row.count), key=lambda row: (-row.count, row.name)))


def _kinds_of(window: Window, counter: str) -> Iterator[tuple[tuple[str, str], int]]:
    for series, n in window.counters.items():
        if series.metric != counter:
            continue
        if counter == "iteration_errors":
            kind = series.tag.get("kind", "exception")
            yield (kind, kind), n
        else:
            code, status = series.tag.get("error_code", ""), series.tag.get("status", "")
            yield (failure_name(code, status), code or status), n


def _instants(windows: Iterable[Window], counter: str) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """The first and the last second of each kind; none where windows are longer than a second."""
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    for window in windows:
        for key, n in _kinds_of(window, counter):
            if n and window.length <= 1:
                first[key] = min(first.get(key, window.start), window.start)
                last[key] = max(last.get(key, window.start), window.start)
    return first, last


def unended(run: Run) -> int:
    """Requests that were sent and never ended: timed out, or cut off at the end of the run."""
    return sum(
        histogram.count
        for series, histogram in run.total.histograms.items()
        if series.metric == "http_req_response_time" and series.is_censored and series.tag.get("name") != NOT_STARTED
    )


# ---------------------------------------------------------------------------------- checks, generator


def checks(run: Run) -> tuple[CheckRow, ...]:
    """The checks of the script, those that failed most first."""
    hits: dict[tuple[str, str], int] = {}
    totals: dict[tuple[str, str], int] = {}
    for series, n in run.total.counters.items():
        key = (series.tag.get("check", ""), series.tag.get("group", ""))
        if series.metric == "checks/hits":
            hits[key] = hits.get(key, 0) + n
        elif series.metric == "checks/total":
            totals[key] = totals.get(key, 0) + n
    rows = [CheckRow(*key, hits.get(key, 0), n - hits.get(key, 0)) for key, n in totals.items()]
    return tuple(sorted(rows, key=lambda row: (-row.fails, row.group, row.name)))


def generator(run: Run) -> Generator:
    """How the generator was: what limits the validity of the run."""

    def p99(name: str) -> float | None:
        value = reading.trend(run.total, BUILT_IN[name]).quantile(0.99)
        return value.lower if value else None

    cpu = reading.gauge(run.total, "generator_cpu", {"thread": "engine"})
    memory = reading.gauge(run.total, "generator_memory")
    lag = reading.trend(run.total, BUILT_IN["arrival_lag"]).maximum()
    return Generator(
        cpu=cpu.maximum if cpu else None,
        memory=memory.maximum if memory else None,
        seconds=reading.count(run.total, "generator_seconds"),
        saturated=reading.count(run.total, "generator_saturated_seconds"),
        lag_p99=p99("arrival_lag"),
        lag_max=lag.lower if lag else None,
        vu_wait_p99=p99("arrival_vu_wait"),
        loop_lag_p99=p99("generator_loop_lag"),
        script_lag_p99=p99("generator_script_lag"),
    )
