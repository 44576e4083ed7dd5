"""Runs conformance files: from a path to the cases that differ."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance import hpa_behavior, hpa_calculator, hpa_parts, hpa_reconcile, knative

Case = Mapping[str, Any]
Suite = Callable[[Case], Mapping[str, Any]]

SHARED = Path(os.environ.get("TONNAGE_SHARED", "../shared"))
FOLDER = SHARED / "conformance"
OWN = Path(__file__).parent.parent / "scaling"

SUITES: Mapping[str, Suite] = {
    "quantity": hpa_parts.quantity,
    "group_pods": hpa_parts.group_pods,
    "requests": hpa_parts.requests,
    "utilization": hpa_parts.utilization,
    "metrics_client": hpa_parts.metrics_client,
    "replica_calculator": hpa_calculator.calculate,
    "behavior": hpa_behavior.behave,
    "reconcile": hpa_reconcile.reconcile,
    "knative_kpa": knative.outcomes,
    "knative_window": knative.window_outcomes,
}
# Where a case spreads its expectations over steps, what they are altogether.
EXPECTATIONS: Mapping[str, Suite] = {
    "knative_kpa": knative.expectations,
    "knative_window": knative.window_expectations,
}


@dataclass(frozen=True)
class Difference:
    """A case that does not hold: what was expected of a field, and what came."""

    case: str
    expected: Mapping[str, Any]
    got: Mapping[str, Any]


def files(*patterns: str) -> list[Path]:
    """The conformance files that are there, of the patterns given."""
    return sorted(path for pattern in patterns for path in FOLDER.glob(pattern))


def own_files() -> list[Path]:
    """The repository's own cases, written from the specification where upstream's leave a rule unasserted."""
    return sorted(OWN.rglob("cases_*.json"))


def cases(path: Path) -> Iterator[tuple[str, Case]]:
    """Suite and case of everything in one file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for case in document["cases"]:
        yield document["suite"], case


def run(suite: str, case: Case) -> Difference | None:
    """The case's difference, None when it holds."""
    asserted = EXPECTATIONS[suite](case) if suite in EXPECTATIONS else case["expected"]
    expected = {key: value for key, value in asserted.items() if value is not None}
    try:
        got = SUITES[suite](case)
    except Exception as error:
        # A case that breaks the product is a failing case, and the others still run.
        got = {"raised": repr(error)}
    wanted, found = {}, {}
    for key, value in expected.items():
        if not agrees(key, value, got.get(key)):
            wanted[key], found[key] = value, got.get(key, got)
    return Difference(case["id"], wanted, found) if wanted else None


def agrees(key: str, expected: Any, got: Any) -> bool:
    """Whether an answer is the expected one; `error_contains` is a substring, numbers are compared to 1e-9."""
    if key == "error_contains":
        return isinstance(got, str) and expected in got
    if isinstance(expected, int | float) and isinstance(got, int | float) and not isinstance(expected, bool):
        return abs(got - expected) <= (1e-9 * max(1.0, abs(expected)) if isinstance(expected, float) else 0)
    return bool(expected == got) and type(expected) is type(got)
