"""The Plan: everything that decides what a run does, as one immutable record.

A Plan holds no callables, no open files and no defaults that are filled in later: two equal Plans make the same load.
`Plan.from_dict(plan.to_dict()) == plan`; an unknown key is an error. It crosses to the native core as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tonnage.load.codec import decode, encode
from tonnage.load.executor import Executor

SCHEMA_VERSION = 1

Late = Literal["queue", "drop"]


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """The script that was run: where it was, what it was."""

    path: str
    sha256: str
    source: str


@dataclass(frozen=True, slots=True)
class RequestSource:
    """The one request of a run without a script."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who iterates, how, and from when; times in seconds after the released start."""

    name: str
    executor: Executor
    exec: str = "default"
    start_time: float = 0.0
    graceful_stop: float = 30.0
    late: Late = "queue"
    env: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit on a statistic: `expression` over the series of `metric` that `selector` names."""

    metric: str
    expression: str
    selector: Mapping[str, str] = field(default_factory=dict)
    abort_on_fail: bool = False
    delay_abort: float = 0.0
    implicit: bool = False

    @property
    def name(self) -> str:
        """The metric with its selector, as k6 writes it."""
        tags = ",".join(f"{name}:{value}" for name, value in self.selector.items())
        return f"{self.metric}{{{tags}}}" if tags else self.metric


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric that the script declares."""

    name: str
    kind: Literal["counter", "gauge", "rate", "trend"]
    contains: Literal["default", "time", "data"] = "default"


@dataclass(frozen=True, slots=True)
class Http:
    """How requests are made unless a request says otherwise."""

    base_url: str | None = None
    timeout: float = 30.0
    max_redirects: int = 10
    insecure: bool = False
    ca_file: str | None = None
    user_agent: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    targets: tuple[str, ...] = ()
    discard_bodies: bool = False
    no_connection_reuse: bool = False
    debug: Literal["off", "headers", "full"] = "off"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run must reach for its numbers to support a conclusion; beyond any of them it is invalid.

    Shares are of 1, times in seconds. `arrival_lag` is the greater of the absolute and the relative limit.
    """

    started: float = 0.99
    arrival_lag: float = 0.010
    arrival_lag_share: float = 0.10
    iteration_errors: float = 0.01
    hung_vus: float = 0.01
    generator_cpu: float = 0.95
    loop_lag: float = 0.100
    open_files: float = 0.95
    duration: float = 0.01


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsed run was computed from: each part as the text that it was read from, and how long it lasted.

    Attributes:
        demand: a curve (`0/s, 2m: 50/s`), a CSV, or the id of a stored run.
        model: what one replica carries, such as `service:demand=20ms,servers=4`.
        policy: the policy file or manifest.
        supply: how replicas come and go, and what they cost.
        horizon: [s]
    """

    demand: str
    model: str
    policy: str
    supply: str = ""
    horizon: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, before it happens. A rehearsed one has no scenarios: its demand stands in `rehearsal`."""

    scenarios: tuple[Scenario, ...]
    script: ScriptSource | None = None
    request: RequestSource | None = None
    rehearsal: Rehearsal | None = None
    thresholds: tuple[Threshold, ...] = ()
    metrics: tuple[CustomMetric, ...] = ()
    http: Http = field(default_factory=Http)
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1
    setup_timeout: float = 60.0
    teardown_timeout: float = 60.0
    no_setup: bool = False
    no_teardown: bool = False
    series_limit: int = 2000
    summary_trend_stats: tuple[str, ...] = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "count")
    schema_version: int = SCHEMA_VERSION

    @property
    def duration(self) -> float:
        """Seconds from the released start to the end of the last scenario's regular duration."""
        if self.rehearsal is not None:
            return self.rehearsal.horizon
        return max((scenario.start_time + scenario.executor.duration for scenario in self.scenarios), default=0.0)

    @property
    def planned_arrivals(self) -> int | None:
        """Arrivals of all open scenarios; None where there is none: closed ones start as many as they can."""
        planned = [scenario.executor.planned_arrivals() for scenario in self.scenarios]
        known = [n for n in planned if n is not None]
        return sum(known) if known else None

    def to_dict(self) -> dict[str, Any]:
        """The Plan as JSON data; executors carry k6's name as `kind`."""
        data: dict[str, Any] = encode(self)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of `to_dict`.

        Raises:
            PlanError: an unknown key, a missing one or a value of another type; all of them at once.
        """
        return decode(cls, data)
