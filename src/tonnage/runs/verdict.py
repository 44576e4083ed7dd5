"""The one place that judges: pass, fail or invalid.

    invalid   the run cannot support a conclusion: load not delivered, generator saturated, no data
    fail      it can, and a threshold failed
    pass      it can, and every threshold held

Exit codes are k6's where the meaning is the same; where several hold, the one that comes first in PRECEDENCE is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tonnage.load.plan import Plan, Threshold
from tonnage.metrics import catalog, reading
from tonnage.metrics.catalog import Metric
from tonnage.metrics.threshold import evaluate, parse, samples_needed
from tonnage.metrics.window import Window
from tonnage.runs.run import Delivered, Ending, Event, Outcome, ThresholdResult, Value, Verdict
from tonnage.runs.validity import validity

PRECEDENCE = (109, 104, 113, 107, 108, 100, 101, 105, 115, 112, 111, 114, 110, 99, 0)

_ENDINGS = {
    "setup raised": 107,
    "teardown raised": 107,
    "hook raised": 107,
    "setup timed out": 100,
    "start timed out": 100,
    "stop timed out": 101,
    "teardown timed out": 101,
}
_EVENTS: dict[str, tuple[int, Outcome | None]] = {
    "signal": (105, "interrupted"),
    "script_aborted": (108, "aborted"),
    "threshold_abort": (99, "aborted"),
    "engine_crashed": (109, "crashed"),
    "data_lost": (112, None),
    "script_marked_failed": (110, None),
    "absurd_decision": (114, None),
}


def judge(plan: Plan, total: Window, ending: Ending | None, events: Sequence[Event]) -> Verdict:
    """The verdict over a whole run.

    Args:
        total: the sum of all windows.
        ending: how the load ended; None where the run never came to its end, as after a crash.
    """
    seconds = ending.duration if ending else float(max(total.end, 0))
    thresholds = tuple(judge_thresholds(plan, total, seconds, events))
    checks = tuple(validity(plan, total, ending, events))
    codes, outcome, reasons = _ended(ending, events)
    invalid = [f"{check.name}: {check.measured}, needed {check.needed}" for check in checks if not check.ok]
    invalid += [f"{result.name} {result.expression}: {result.note}" for result in thresholds if result.ok is None]
    failed = [result for result in thresholds if result.ok is False]
    if invalid:
        codes.append(111)
    if failed:
        codes.append(99)
        reasons += [_failure(result) for result in failed]
    value: Value = "invalid" if invalid or set(codes) - {99, 110} else "fail" if codes else "pass"
    code = min(codes or [0], key=PRECEDENCE.index)
    return Verdict(value, code, outcome, tuple(invalid + reasons), thresholds, checks)


def judge_thresholds(
    plan: Plan, total: Window, seconds: float, events: Sequence[Event] = ()
) -> Sequence[ThresholdResult]:
    """What each threshold says of the window; `seconds` is the time over which a counter's rate is taken."""
    metrics = known_metrics(plan)
    first_failed = {event.text: event.at for event in reversed(events) if event.kind == "threshold_failed"}
    return [_judge(threshold, metrics, total, seconds, first_failed) for threshold in plan.thresholds]


def delivered(total: Window, ending: Ending | None) -> Delivered:
    """What of the plan was done."""
    censored = sum(
        histogram.count
        for series, histogram in total.histograms.items()
        if series.metric == "http_req_response_time" and series.is_censored
    )
    return Delivered(
        due=reading.count(total, "arrivals_due"),
        arrivals=reading.count(total, "arrivals_started"),
        started=reading.count(total, "iterations_started"),
        completed=reading.count(total, "iterations"),
        dropped=reading.count(total, "dropped_iterations"),
        censored=censored,
        duration=ending.duration if ending else float(max(total.end, 0)),
    )


def known_metrics(plan: Plan) -> Mapping[str, Metric]:
    """The built-in metrics and those that the plan's script declares."""
    custom = {metric.name: catalog.custom(metric.name, metric.kind, metric.contains) for metric in plan.metrics}
    return {**catalog.BUILT_IN, **custom}


def _judge(
    threshold: Threshold,
    metrics: Mapping[str, Metric],
    total: Window,
    seconds: float,
    first_failed: Mapping[str, float],
) -> ThresholdResult:
    expression = parse(threshold.expression)
    metric = metrics[threshold.metric]
    interval = reading.statistic(total, metric, expression, threshold.selector, seconds)
    outcome = evaluate(expression, interval.lower, interval.upper) if interval else evaluate(expression, None, None)
    samples = reading.samples(total, metric, threshold.selector)
    return ThresholdResult(
        name=threshold.name,
        expression=threshold.expression,
        ok=outcome.ok,
        state=outcome.state,
        lower=outcome.lower,
        upper=outcome.upper,
        limit=expression.value,
        margin=outcome.margin,
        samples=samples,
        implicit=threshold.implicit,
        first_failed=first_failed.get(f"{threshold.name} {threshold.expression}"),
        note=_note(outcome.state, expression.percentile, samples),
    )


def _note(state: str, percentile: float | None, samples: int) -> str:
    if state == "no data":
        return "no samples, so nothing can be said; is the name right, and did the requests get an answer?"
    if state == "undecided":
        return "requests that never ended decide it: the limit lies between what they reached and what they might have"
    if percentile is not None and samples < samples_needed(percentile):
        return f"p({percentile:g}) needs {samples_needed(percentile)} samples, there are {samples}"
    return ""


def _ended(ending: Ending | None, events: Sequence[Event]) -> tuple[list[int], Outcome, list[str]]:
    codes: list[int] = []
    reasons: list[str] = []
    outcome: Outcome = "completed" if ending else "crashed"
    for event in events:
        if event.kind in _EVENTS:
            code, becomes = _EVENTS[event.kind]
            codes.append(code)
            reasons.append(event.text)
            if becomes:
                outcome = becomes
    if ending and ending.reason in _ENDINGS:
        codes.append(_ENDINGS[ending.reason])
        reasons.append(f"the run ended because {ending.reason}")
        outcome = "aborted"
    if ending is None and 109 not in codes:
        codes.append(105)
        reasons.append("the run did not come to its end: its process was killed")
        outcome = "interrupted"
    return codes, outcome, reasons


def _failure(result: ThresholdResult) -> str:
    from_when = "" if result.first_failed is None else f", first at {result.first_failed:.0f} s"
    return f"{result.name} {result.expression}: {result.lower:.6g} measured{from_when}"
