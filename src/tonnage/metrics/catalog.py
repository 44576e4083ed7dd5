"""The metrics that exist: name, kind, unit, and the size of one integer step.

Every recorded number is an integer, so that Windows add exactly. `resolution` is what one step is worth in `unit`:

    kind      holds                                    step
    counter   a sum                                    1 for counts and bytes, 1e-9 for custom ones
    gauge     the last value, its least and greatest   1 for counts and bytes, 1e-9 for all else
    rate      how many were true, of how many          1
    trend     a histogram and the exact sum            1 ns for built-in times, 1/1000 of the value for custom ones

Names, kinds and meanings are k6's where k6 has the metric (k6.md 1.8); `in_k6` says the same value in k6's scale, which
writes times in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, Literal, get_args

from tonnage.errors import Mistake, PlanError

Kind = Literal["counter", "gauge", "rate", "trend"]
Contains = Literal["time", "data", "default"]

FIXED_POINT: Final = 1e-9
CUSTOM_TREND: Final = 1e-3  # of the value as the script adds it; times are added in milliseconds
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{1,128}")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number is called, how it is counted, and in which SI unit. Invariant: value = integer · resolution."""

    name: str
    kind: Kind
    contains: Contains
    unit: str
    resolution: float
    meaning: str

    @property
    def in_k6(self) -> float:
        """The factor from `unit` to k6's scale: 1000 for times (s to ms), 1 for all else."""
        return 1000.0 if self.contains == "time" else 1.0


def _count(name: str, meaning: str, unit: str = "1") -> Metric:
    return Metric(name, "counter", "data" if unit == "B" else "default", unit, 1.0, meaning)


def _gauge(name: str, meaning: str, unit: str = "1") -> Metric:
    contains: Contains = "time" if unit == "s" else "data" if unit == "B" else "default"
    return Metric(name, "gauge", contains, unit, 1.0 if unit in {"1", "B"} else FIXED_POINT, meaning)


def _rate(name: str, meaning: str) -> Metric:
    return Metric(name, "rate", "default", "1", 1.0, meaning)


def _time(name: str, meaning: str) -> Metric:
    return Metric(name, "trend", "time", "s", 1e-9, meaning)


_METRICS: Final = (
    _gauge("vus", "active VUs"),
    _gauge("vus_max", "initialised VUs"),
    _count("iterations", "completed iterations, those that ended by an exception included"),
    _time("iteration_duration", "one full iteration, think time included; not setup, teardown or interrupted ones"),
    _count("iterations_started", "iterations begun, of open and closed scenarios"),
    _count("iterations_interrupted", "iterations cut off at the end of the run"),
    _count("iteration_errors", "iterations that ended by an exception, by kind"),
    _count("dropped_iterations", "iterations not started: no free VU, or left at the maximal duration"),
    _count("arrivals_due", "starts that the schedule asked for"),
    _count("arrivals_started", "starts that happened; due minus started is the queue"),
    _time("arrival_vu_wait", "lateness of a start for want of an idle VU"),
    _time("arrival_lag", "all other lateness of a start: the generator's own fault"),
    _rate("checks", "checks that held"),
    _time("group_duration", "one group"),
    _count("http_reqs", "HTTP requests, redirects included"),
    _rate("http_req_failed", "requests outside the expected statuses or without an answer"),
    _time("http_req_duration", "sending + waiting + receiving, of complete answers of any status"),
    _time(
        "http_req_response_time", "from the intended instant to the end of the answer, lateness of the start included"
    ),
    _time("http_req_blocked", "waiting for a connection, making one included"),
    _time("http_req_dns", "looking up the host name"),
    _time("http_req_connecting", "making the TCP connection"),
    _time("http_req_tls_handshaking", "TLS handshake"),
    _time("http_req_sending", "connection ready until request written"),
    _time("http_req_waiting", "request written until first byte of the answer"),
    _time("http_req_receiving", "first byte until the whole answer"),
    _count("http_req_errors", "requests without a complete answer, by error_code"),
    _time("http_req_error_duration", "age of a request when it failed without a complete answer"),
    _count("data_sent", "bytes sent", "B"),
    _count("data_received", "bytes received", "B"),
    _count("series_overflow", "samples counted under (other), beyond the most series of a metric"),
    _count("http_reconnects", "requests sent again because a kept connection was closed before any byte of an answer"),
    _count("generator_seconds", "seconds in which the generator's own health was looked at"),
    _count("generator_saturated_seconds", "seconds in which the engine's thread used more processor than the limit"),
    _gauge("generator_cpu", "processor use of the generator", "cores"),
    _gauge("generator_cpu_limit", "processors that the generator may use", "cores"),
    _time("generator_loop_lag", "lateness of a timer of the generator's own event loop"),
    _time("generator_script_lag", "time that ready script code waited for the interpreter"),
    _gauge("generator_memory", "resident memory of the generator", "B"),
    _gauge("generator_memory_limit", "memory that the generator may use", "B"),
    _gauge("generator_open_files", "open file descriptors of the generator"),
    _gauge("generator_open_files_limit", "file descriptors that the generator may open"),
    _gauge("generator_ports", "local ports in use towards the most used target"),
    _gauge("generator_ports_limit", "local ports that can be used towards one target"),
    _gauge("generator_threads", "threads of the generator"),
    _gauge("generator_clock_step", "difference of wall clock and monotonic clock since the start", "s"),
    _count("sessions_arrived", "callers, each once"),
    _count("sessions_started", "callers who found a free slot, at once or on another try"),
    _count("sessions_rejected", "tries that found no free slot"),
    _count("sessions_lost", "callers who gave up after a rejection"),
    _count("sessions_finished", "sessions that ended by themselves"),
    _count("sessions_cut", "sessions that ended with the grace of their draining replica"),
    _count("sessions_failed", "sessions that ended with a replica that failed"),
    _rate("session_blocked", "tries that found no free slot, of all"),
    _gauge("sessions_active", "sessions on replicas that take some"),
    _gauge("sessions_draining", "sessions on replicas that are draining"),
    _gauge("demand_rate", "arrivals per second", "1/s"),
    _gauge(
        "utilization", "busy share of the ready servers, or of the slots of all replicas that are not draining", "share"
    ),
    _gauge("backlog", "requests that wait because the replicas are saturated"),
    _count("saturated_seconds", "seconds in which more arrived than the ready replicas can carry"),
    _gauge("replicas_desired", "replicas that the policy asks for"),
    _gauge("replicas_starting", "replicas on their way to be ready"),
    _gauge("replicas_ready", "replicas that take load"),
    _gauge("replicas_draining", "replicas that finish what they have"),
    _gauge("nodes", "machines for replicas, ordered ones included"),
    _count("replica_seconds", "time that replicas exist, from creation to end"),
    _count("node_seconds", "time that nodes exist"),
    _count("replica_changes", "changes of the size that a policy made"),
    _count("decisions", "decisions of a policy"),
    _count("decisions_without_data", "decisions that left the size as it was because something was unknown"),
    _time("replica_start_duration", "from the creation of a replica to its readiness"),
    _gauge("cost", "cost since the start: by the prices given, else replica-hours", "cost"),
)

BUILT_IN: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in _METRICS})


def custom(name: str, kind: Kind, contains: Contains = "default") -> Metric:
    """The metric that a script declares; a built-in one when the script declares just that.

    A custom Trend keeps a thousandth of what the script adds. Scripts add times in milliseconds, so one step is 1 µs.

    Raises:
        PlanError: a name outside k6's rule, an unknown kind or content, or a built-in name of another kind.
    """
    if not _NAME.fullmatch(name):
        shown = repr(name if len(name) <= 40 else name[:37] + "...")
        text = f"{shown} is no metric name: 2 to 129 letters (a-z, A-Z), digits and _, not starting with a digit"
        raise PlanError(Mistake("metrics", text))
    if kind not in get_args(Kind):
        raise PlanError(Mistake(f"metrics.{name}", f"unknown kind {kind!r}: use {', '.join(get_args(Kind))}"))
    if contains not in get_args(Contains):
        raise PlanError(
            Mistake(f"metrics.{name}", f"unknown content {contains!r}: use {', '.join(get_args(Contains))}")
        )
    known = BUILT_IN.get(name)
    if known is not None:
        if (known.kind, known.contains) == (kind, contains):
            return known
        text = f"a built-in {known.kind} ({known.contains}) has this name: choose another for the {kind} ({contains})"
        raise PlanError(Mistake(f"metrics.{name}", text))
    unit = {"time": "s", "data": "B", "default": "1"}[contains]
    if kind == "rate":
        return Metric(name, kind, contains, unit, 1.0, "custom rate")
    step = CUSTOM_TREND if kind == "trend" else FIXED_POINT
    if contains == "time":
        step /= 1000  # from the milliseconds that the script adds to seconds
    return Metric(name, kind, contains, unit, step, f"custom {kind}")


def find(name: str, known: Mapping[str, Metric] = BUILT_IN) -> Metric:
    """The metric of that name.

    Raises:
        PlanError: there is none; names the nearest ones.
    """
    metric = known.get(name)
    if metric is None:
        near = get_close_matches(name[:129], known, n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(near)}?" if near else "declare it in the script, or use a built-in one"
        raise PlanError(Mistake(name[:60], f"there is no such metric: {remedy}"))
    return metric


def table(metrics: Iterable[Metric] = _METRICS) -> str:
    """The metrics as a Markdown table for the documentation."""
    rows = [f"| `{m.name}` | {m.kind} | {m.unit} | {m.meaning} |" for m in metrics]
    return "\n".join(["| Metric | Kind | Unit | Meaning |", "|---|---|---|---|", *rows])
