"""The run as one JSON document, for machines: `tonnage run --json`, `tonnage report RUN --json`.

`schemas/summary.schema.json` says what is in it. Metrics are in k6's shape and scale, so that what reads k6's summary
reads this one. There is no NaN and no infinity: a number that does not exist is null, and a statistic that is known
only from below stands with its lower value and is named under `censored`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tonnage.metrics.reading import Interval
from tonnage.reports import figures
from tonnage.reports.values import Values, values_of
from tonnage.runs.run import Run, ThresholdResult, Verdict
from tonnage.runs.verdict import delivered, judge

SCHEMA_VERSION: Final = 1


def json_document(run: Run) -> dict[str, Any]:
    """The document of a run as JSON data; one that was never judged is judged by what there is."""
    verdict = run.verdict or judge(run.plan, run.total, run.ending, run.events)
    values = values_of(run)
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.id,
        "verdict": verdict.value,
        "reasons": list(verdict.reasons),
        "exit_code": verdict.exit_code,
        "outcome": verdict.outcome,
        "planned": _planned(run),
        "delivered": _delivered(run),
        "generator": _generator(run),
        "thresholds": _thresholds(verdict),
        "metrics": {value.name: _metric(value) for value in values},
        "censored": {value.name: names for value in values if (names := _censored(value))},
        "checks": [
            {"name": row.name, "group": row.group, "passes": row.passes, "fails": row.fails}
            for row in figures.checks(run)
        ],
        "errors": [
            *_failures("request", figures.failures(run)),
            *_failures("iteration", figures.iteration_failures(run)),
        ],
    }


def _planned(run: Run) -> dict[str, Any]:
    arrivals, duration = run.plan.planned_arrivals, run.plan.duration
    rate = None if arrivals is None or duration <= 0 else arrivals / duration
    return {"arrivals": arrivals, "duration": _number(duration), "rate": _number(rate)}


def _delivered(run: Run) -> dict[str, Any]:
    done = delivered(run.total, run.ending)
    return {
        "arrivals": None if run.plan.planned_arrivals is None else done.arrivals,
        "started": done.started,
        "completed": done.completed,
        "dropped": done.dropped,
        "censored": done.censored,
        "duration": _number(done.duration),
        "rate": _number(done.rate),
    }


def _generator(run: Run) -> dict[str, Any]:
    found = figures.generator(run)
    return {
        "cpu": _number(found.cpu),
        "memory": _number(found.memory),
        "seconds": found.seconds,
        "saturated_seconds": found.saturated,
        "arrival_lag": {"p(99)": _milliseconds(found.lag_p99), "max": _milliseconds(found.lag_max)},
        "arrival_vu_wait": {"p(99)": _milliseconds(found.vu_wait_p99)},
        "loop_lag": {"p(99)": _milliseconds(found.loop_lag_p99)},
        "script_lag": {"p(99)": _milliseconds(found.script_lag_p99)},
    }


def _thresholds(verdict: Verdict) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for result in verdict.thresholds:
        found.setdefault(result.name, {})[result.expression] = _threshold(result)
    return found


def _threshold(result: ThresholdResult) -> dict[str, Any]:
    return {"ok": result.ok, "value": _number(result.lower), "margin": _number(result.margin)}


def _metric(values: Values) -> dict[str, Any]:
    numbers = {name: _lower(value) for name, value in values.values.items()}
    return {"type": values.metric.kind, "contains": values.metric.contains, "values": numbers}


def _censored(values: Values) -> list[str]:
    return [name for name, value in values.values.items() if value is not None and not value.is_exact]


def _failures(what: str, rows: Iterable[figures.Failure]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {"of": what, "kind": row.name, "code": row.code, "count": row.count, "first": row.first, "last": row.last}


def _lower(value: Interval | None) -> float | int | None:
    return None if value is None else _number(value.lower)


def _milliseconds(seconds: float | None) -> float | int | None:
    return None if seconds is None else _number(seconds * 1000)


def _number(value: float | None) -> float | int | None:
    """The number as JSON has it: null for what is none, a whole number without a point."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    # Twelve significant digits: more are the rounding of the scale.
    tidy = float(f"{value:.12g}")
    return int(tidy) if tidy.is_integer() and abs(tidy) < 2**53 else tidy
