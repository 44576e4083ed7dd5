"""The Run: what happened, in one immutable record.

A measured, a rehearsed and a lived run have the same type, so that they are judged, reported and compared alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tonnage.load.plan import Plan
from tonnage.metrics.window import Window
from tonnage.runs.environment import Environment

Origin = Literal["measured", "rehearsed", "lived"]
Outcome = Literal["completed", "aborted", "stopped", "interrupted", "crashed"]
Value = Literal["pass", "fail", "invalid"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a reader of the run should know; `at` is seconds after the released start."""

    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the load ended.

    Attributes:
        reason: the engine's word: completed, stopped, aborted, setup raised …
        duration: seconds after the released start at which the last regular duration ended.
        ended: seconds at which nothing ran any more.
        hung: VUs that ended inside a request older than the slowest answer.
        vus: VUs that were made.
    """

    reason: str
    duration: float
    ended: float
    hung: int = 0
    vus: int = 0


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """What became of one threshold.

    Attributes:
        ok: True, False, or None where nothing can be said.
        state: pass, fail, no data, undecided, not judged.
        lower, upper: bounds of the statistic in the scale of the threshold; equal where nothing was censored.
        margin: distance to the limit in shares of the limit, positive inside.
        first_failed: seconds at which it failed for the first time.
    """

    name: str
    expression: str
    ok: bool | None
    state: str
    lower: float | None = None
    upper: float | None = None
    limit: float = 0.0
    margin: float | None = None
    samples: int = 0
    implicit: bool = False
    first_failed: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of validity: what was measured, and what is needed."""

    name: str
    ok: bool
    measured: str
    needed: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """pass, fail or invalid, with every reason; a pass has none."""

    value: Value
    exit_code: int
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    thresholds: tuple[ThresholdResult, ...] = ()
    validity: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What of the plan was done; a rate is 1/s over `duration`.

    Attributes:
        due: arrivals of open scenarios that the schedule asked for.
        arrivals: those that started; `started` and `completed` are iterations of all scenarios.
    """

    due: int
    arrivals: int
    started: int
    completed: int
    dropped: int
    censored: int
    duration: float

    @property
    def rate(self) -> float:
        """Started arrivals, as the planned rate is one of arrivals; without an open scenario started iterations."""
        begun = self.arrivals if self.due else self.started
        return begun / self.duration if self.duration > 0 else 0.0


@dataclass(frozen=True)
class Run:
    """One execution. `windows` are at the resolution that was asked for; `total` is their sum."""

    id: str
    origin: Origin
    plan: Plan
    environment: Environment
    started_at: str
    total: Window
    windows: tuple[Window, ...] = ()
    events: tuple[Event, ...] = ()
    ending: Ending | None = None
    verdict: Verdict | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
