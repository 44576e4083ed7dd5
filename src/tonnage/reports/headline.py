"""The verdict in one sentence, why, and what to do next.

A sentence says nothing that the numbers do not carry: an invalid run says nothing about the service, and a pass is
never more than the thresholds that held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tonnage import units
from tonnage.load.plan import Plan
from tonnage.metrics import reading
from tonnage.metrics.catalog import Metric
from tonnage.reports.figures import failures
from tonnage.runs.run import Check, Run, ThresholdResult, Verdict
from tonnage.runs.verdict import known_metrics

_WRONG: Final[Mapping[str, str]] = {
    "load delivered": "the planned load was not delivered",
    "samples": "no iteration was started",
    "answers": "no request was answered",
    "start lateness p99": "starts came too late",
    "script lag p99": "the script could not keep up with the load",
    "generator CPU": "the generator was saturated",
    "loop lag p99": "the generator was saturated",
    "open files": "the generator ran out of file descriptors",
    "local ports": "the generator ran out of local ports",
    "script errors": "too many iterations ended by an exception",
    "hung VUs": "VUs hung in requests that never ended",
    "generator": "the generator failed",
    "clock": "the clock of the generator jumped",
    "script": "a script never gave the engine's thread back",
}
_NEXT: Final[Mapping[str, str]] = {
    "load delivered": "allow more VUs: --max-vus, or ask for less load",
    "start lateness p99": "ask for less load, or share it with a generator on another machine",
    "script lag p99": "do less in the script, or ask for less load",
    "generator CPU": "ask for less load, or share it with a generator on another machine",
    "loop lag p99": "ask for less load, or share it with a generator on another machine",
    "open files": "raise the limit of open files: ulimit -n 65536",
    "local ports": "keep connections alive, or share the load with a generator on another machine",
    "samples": "run for longer, or start at least one VU",
    "script errors": "mend the script: the exceptions are listed under Errors",
    "answers": "look whether the service runs, and at the Errors below",
    "script": "end what loops or blocks in the script: the line is among the events",
    "hung VUs": "set a shorter time-out, or give the requests more time to end: a longer graceful stop",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence about the verdict, sentences that explain it, and what can be done."""

    claim: str
    reasons: tuple[str, ...]
    next: tuple[str, ...]


def headline(run: Run, verdict: Verdict) -> Headline:
    """What is said first about a run."""
    subject = subject_of(run.plan)
    claim, reasons = {"fail": _failed, "pass": _passed, "invalid": _invalid}[verdict.value](run, verdict)
    return Headline(f"{subject}: {claim}" if subject else claim, tuple(reasons), tuple(_next(run, verdict)))


def subject_of(plan: Plan) -> str:
    """What was run, in a few words: the script's file name, or method and URL."""
    if plan.script:
        return plan.script.path.replace("\\", "/").rpartition("/")[2]
    if plan.rehearsal:
        return f"rehearsal of {plan.rehearsal.model}"
    return f"{plan.request.method} {plan.request.url}" if plan.request else ""


def measured(result: ThresholdResult, metric: Metric) -> tuple[str, str]:
    """The measured statistic of a threshold and its limit, as they are printed; "no data" where there is none."""
    if result.lower is None or result.upper is None:
        return "no data", ""
    scale, render = scale_of(metric)
    value, limit = units.apart(result.lower * scale, result.limit * scale, render, plain=True)
    return (value if result.lower == result.upper else f"≥ {value}"), limit


def scale_of(metric: Metric) -> tuple[float, units.Renderer]:
    """The factor from k6's scale, in which thresholds are written, to what the renderer takes."""
    if metric.contains == "time":
        return 1e-3, units.seconds
    if metric.kind == "rate":
        return 1.0, _share
    return 1.0, units.size if metric.contains == "data" else units.number


def _share(amount: float, *, digits: int = 3, plain: bool = False) -> str:
    return units.percent(amount, digits=digits, plain=plain)


def _failed(run: Run, verdict: Verdict) -> tuple[str, list[str]]:
    failed = sorted(
        (r for r in verdict.thresholds if r.ok is False), key=lambda r: -1e9 if r.margin is None else r.margin
    )
    if not failed:
        return "the script marked the run as failed", list(verdict.reasons)
    worst = failed[0]
    threshold = next(t for t in run.plan.thresholds if (t.name, t.expression) == (worst.name, worst.expression))
    metric = known_metrics(run.plan)[threshold.metric]
    value, limit = measured(worst, metric)
    statistic = _statistic(worst.expression)
    when = "" if worst.first_failed is None else f", first beyond it after {units.duration(round(worst.first_failed))}"
    reasons = [f"{statistic} of {threshold.metric} is {value}, limit {limit}{when}."]
    if len(failed) > 1:
        more = len(failed) - 1
        reasons.append(f"{more} more {'threshold has' if more == 1 else 'thresholds have'} failed.")
    return _complaint(threshold.selector, metric, worst), reasons


def _complaint(selector: reading.Selector, metric: Metric, result: ThresholdResult) -> str:
    who = selector.get("name") or ", ".join(f"{name} {value}" for name, value in selector.items())
    above = "<" in result.expression
    if metric.name == "http_req_failed" and above:
        return f"{who} fails too often" if who else "requests fail too often"
    if metric.name == "checks" and not above:
        return f"checks of {who} fail too often" if who else "checks fail too often"
    if metric.kind == "trend" and metric.contains == "time" and above:
        what = "iterations are" if metric.name == "iteration_duration" else "requests are"
        custom = metric.meaning.startswith("custom")
        return f"{who or metric.name} is too slow" if who or custom else f"{what} too slow"
    return f"{result.name} is beyond its limit"


def _statistic(expression: str) -> str:
    for i, c in enumerate(expression):
        if c in "<>=!":
            return expression[:i].strip()
    return expression


def _passed(run: Run, verdict: Verdict) -> tuple[str, list[str]]:
    n = len(verdict.thresholds)
    if not n:
        return "the run is complete; no threshold was set", []
    vus = reading.gauge(run.total, "vus")
    load = f" up to {units.count(round(vus.maximum), plain=True)} VU{'s' * (vus.maximum != 1)}" if vus else ""
    claim = f"all {n} thresholds held{load}" if n > 1 else f"the threshold held{load}"
    close = [result for result in verdict.thresholds if result.margin is not None]
    if not close:
        return claim, []
    least = min(close, key=lambda result: result.margin or 0.0)
    margin = units.percent(least.margin or 0.0, plain=True, signed=True)
    return claim, [f"The smallest margin is {margin}: {least.name} {least.expression}."]


def _invalid(run: Run, verdict: Verdict) -> tuple[str, list[str]]:
    broken = [check for check in verdict.validity if not check.ok]
    unclear = [result for result in verdict.thresholds if result.ok is None]
    nothing = ["Nothing is said about the service. Nothing here is a pass or a fail."]
    if verdict.exit_code not in (99, 111):
        # The way in which the run ended comes first; its reasons stand behind those of validity.
        ended = verdict.reasons[len(broken) + len(unclear) :]
        return (ended[0] if ended else "the run did not come to its end"), [*_found(broken[:1]), *nothing]
    if broken:
        return _WRONG.get(broken[0].name, broken[0].name), [*_found(broken[:1]), *nothing]
    if unclear:
        return _unclear(unclear), [f"{unclear[0].name} {unclear[0].expression}: {sentence(unclear[0].note)}", *nothing]
    return "the run cannot support a conclusion", [*verdict.reasons[:1], *nothing]


def _unclear(results: list[ThresholdResult]) -> str:
    without = sum(result.state == "no data" for result in results)
    n, what = (without, "no samples") if without else (len(results), "no verdict")
    return f"a threshold has {what}" if n == 1 else f"{n} thresholds have {what}"


def sentence(text: str) -> str:
    """The text with a full stop, where it does not end with a mark of its own."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _found(checks: list[Check]) -> Iterator[str]:
    for check in checks:
        yield f"{check.name[:1].upper()}{check.name[1:]}: {check.measured}, needed {check.needed}."


def _next(run: Run, verdict: Verdict) -> Iterator[str]:
    said = set()
    for check in verdict.validity:
        advice = _NEXT.get(check.name)
        if not check.ok and advice and advice not in said:
            said.add(advice)
            yield advice
    requests, failed = reading.count(run.total, "http_reqs"), sum(row.count for row in failures(run))
    if requests and failed == requests:
        yield f"every request failed ({failures(run)[0].name}): is the service up, and the URL right?"
    for result in verdict.thresholds:
        if result.state == "no data" and failed < requests:
            yield f"{result.name} has no samples: is the name right in the script?"
