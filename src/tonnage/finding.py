"""Findings: what a check has found, with its numbers and what to do.

A Finding is a claim that its evidence carries. Its code is never reused and never changes its meaning: TN1xx validity
of a run, 2xx audit, 3xx latency and saturation, 4xx capacity, 5xx scaling, 6xx comparison. Codes and their severities
stand in `CODES`; docs/reference/findings.md has a section for each.

Rooms beside each other make findings, so they are defined below all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Severity = Literal["info", "warning", "error"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: a short name, how grave it is, and what it means in a sentence."""

    name: str
    severity: Severity
    meaning: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Numbers behind a claim, by name: of which metric, and from which window [s] (None: an instant)."""

    metric: str
    numbers: Mapping[str, int | float | str]
    window: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `place` says where the cause stands, as file:line."""

    code: str
    severity: Severity
    claim: str
    evidence: tuple[Evidence, ...]
    advice: str
    place: str = ""

    @classmethod
    def of(
        cls, code: str, claim: str, evidence: Evidence, advice: str, place: str = "", severity: Severity | None = None
    ) -> Finding:
        """A finding with the severity of its code, or with a lower one where the case is mild."""
        return cls(code, severity or CODES[code].severity, claim, (evidence,), advice, place)

    @property
    def name(self) -> str:
        """The short name of its code."""
        return CODES[self.code].name

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity,
            "place": self.place,
            "claim": self.claim,
            "evidence": [
                {"metric": each.metric, "window": each.window, "numbers": dict(each.numbers)} for each in self.evidence
            ],
            "advice": self.advice,
        }


CODES: Final[Mapping[str, Code]] = {
    "TN501": Code(
        "thresholds-not-expressible", "warning", "An HPA with this target does not act where the thresholds say."
    ),
    "TN502": Code(
        "buffer-against-threshold",
        "warning",
        "The buffer is so small that a pool of the size it asks for scales up at once.",
    ),
    "TN503": Code("cycling-thresholds", "error", "A pool that has just grown lies below its scale-down threshold."),
    "TN504": Code(
        "value-with-slow-starters",
        "error",
        "A Value target multiplies by ready pods, so slow starts make it overshoot.",
    ),
    "TN505": Code(
        "target-above-pool-limit", "error", "Workers stop taking sessions before the autoscaler adds the first one."
    ),
    "TN506": Code("missing-requests", "error", "A utilization target needs a request in every container."),
    "TN507": Code(
        "disruption-budget-protects-nothing", "warning", "A PodDisruptionBudget does not protect what it seems to."
    ),
    "TN508": Code("short-grace", "error", "The grace period ends before the longest session does."),
    "TN509": Code("scale-down-takes-sessions", "warning", "A scale-down removes workers that carry sessions."),
    "TN510": Code("metric-not-exposed", "error", "The exposition sample does not contain the metric of the policy."),
    "TN511": Code("target-is-alert-line", "warning", "The target is the warning line of an alert."),
    "TN512": Code("default-scale-up", "info", "How fast the HPA grows is left to Kubernetes' defaults."),
    "TN513": Code("single-replica", "warning", "The pool may shrink to one replica."),
    "TN514": Code("slow-ramp", "warning", "Under full demand the largest size is reached late."),
    "TN515": Code("unready-pods-dilute", "info", "Pods that are not ready count in the average of a Pods metric."),
}
