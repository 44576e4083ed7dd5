"""A rehearsed run in words: the verdict, what came of callers or requests, the timeline, the cost.

The same lines make the text of the terminal and the Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from tonnage import units
from tonnage.metrics.reading import Interval
from tonnage.reports.scaling_figures import Callers, Requests, Row, ScalingFigures, scaling_figures
from tonnage.reports.text import Column, Paint, Style, table, wrapped
from tonnage.runs.run import Run, Verdict
from tonnage.runs.verdict import judge

SCHEMA_VERSION: Final = 1
_PAINTS: Final[dict[str, Paint]] = {"pass": "pass", "fail": "fail", "invalid": "warn"}
_HEADS: Final = ("time", "demand/s", "desired", "ready", "utilization", "suffered", "cut", "changes", "last reason")


def scaling_text(run: Run, style: Style | None = None) -> str:
    """The report for a terminal, ending with a line break."""
    style = style or Style()
    verdict, figures = _judged(run), scaling_figures(run)
    word = verdict.value.upper()
    lines = list(wrapped(style.clean(f"{word}  {claim(run)}").split(" "), style.width))
    lines[0] = style.paint(word, _PAINTS[verdict.value]) + lines[0][len(word) :]
    lines.append("")
    for label, text in _facts(run, figures):
        lines += wrapped(style.clean(text).split(), style.width, label.ljust(14), " " * 14)
    lines += ["", *_timeline(figures, style), ""]
    for advice in advices(figures):
        lines += wrapped(style.clean(advice).split(), style.width, "Next".ljust(14), " " * 14)
    lines.append(f"{'Exit code'.ljust(14)}{verdict.exit_code}")
    return "\n".join(lines) + "\n"


def scaling_markdown(run: Run) -> str:
    """The report as Markdown."""
    verdict, figures = _judged(run), scaling_figures(run)
    lines = [f"**{verdict.value.upper()}**: {_cell(claim(run))}.", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {_cell(text)} |" for label, text in _facts(run, figures)]
    lines += ["", f"| {' | '.join(_HEADS)} |", f"|---|{'---:|' * 7}---|"]
    lines += [f"| {' | '.join(_cell(cell) for cell in _cells(row))} |" for row in figures.rows]
    lines += ["", *(f"* {_cell(advice)}" for advice in advices(figures))]
    return "\n".join(lines).rstrip() + "\n"


def scaling_document(run: Run) -> dict[str, Any]:
    """The figures as JSON data, under the key "scaling" of a run's document; unbounded values are null."""
    figures = scaling_figures(run)
    data = asdict(figures)
    data["longest_wait"] = figures.longest_wait
    if figures.requests is not None:
        for name in ("p50", "p95", "p99"):
            value: Interval | None = getattr(figures.requests, name)
            data["requests"][name] = None if value is None else value.lower
            data["requests"][f"{name}_is_a_lower_bound"] = value is not None and not value.is_exact
    return {"schema_version": SCHEMA_VERSION, "claim": claim(run), **data}


def claim(run: Run) -> str:
    """What the run says, in one sentence without its full stop."""
    figures, verdict = scaling_figures(run, 1), _judged(run)
    length = units.duration(run.plan.duration)
    if verdict.value == "invalid":
        return verdict.reasons[0] if verdict.reasons else "the run cannot support a conclusion"
    if figures.callers is not None:
        return _claim_of_callers(figures.callers, length)
    if figures.requests is None:
        return f"nothing arrived in {length}"
    if verdict.value == "fail":
        return verdict.reasons[0] if verdict.reasons else "an objective is missed"
    if figures.requests.saturated:
        saturated = _count(figures.requests.saturated)
        return f"requests had to wait for capacity: the replicas were saturated for {saturated} s of {length}"
    return f"the replicas were never saturated in {length}"


def advices(figures: ScalingFigures) -> Iterator[str]:
    """What to change, from what went wrong."""
    start = _time(figures.start_median) if figures.start_median is not None else "the start of a replica"
    if figures.callers is not None and figures.callers.rejected:
        yield (
            f"callers come faster than replicas, which take {start} to be ready: keep more slots free (a lower target "
            "or threshold, a higher minimum), or start replicas sooner"
        )
    if figures.callers is not None and figures.callers.cut:
        yield (
            "sessions are cut by scale-down: give replicas a grace as long as the longest session, and let idle ones "
            "go first"
        )
    if figures.requests is not None and figures.requests.saturated:
        yield f"the replicas saturate before others are ready ({start}): lower the target, or raise the minimum"
    if figures.undecided:
        yield f"{figures.undecided} of {figures.decisions} decisions had no data: the size stayed, right but blind"


def _judged(run: Run) -> Verdict:
    return run.verdict or judge(run.plan, run.total, run.ending, run.events)


def _claim_of_callers(callers: Callers, length: str) -> str:
    if not callers.rejected and not callers.cut and not callers.failed:
        return f"no caller was dropped in {length}: {_count(callers.arrived)} sessions, none rejected, none cut"
    dropped = []
    if callers.rejected:
        share = units.percent(callers.rejected / callers.tries, plain=True)
        dropped.append(f"{_count(callers.rejected)} of {_count(callers.tries)} tries found no place ({share})")
    if callers.cut:
        dropped.append(f"{_count(callers.cut)} sessions were cut by scale-down")
    if callers.failed:
        dropped.append(f"{_count(callers.failed)} sessions ended with a replica that failed")
    return f"callers are dropped: {', '.join(dropped)}"


def _facts(run: Run, figures: ScalingFigures) -> Iterator[tuple[str, str]]:
    """Label and text of every line about the whole."""
    if run.facts.get("demand"):
        yield "Demand", str(run.facts["demand"])
    if run.facts.get("unknown_seconds"):
        yield "Unknown", f"{_time(float(run.facts['unknown_seconds']))} of the demand, whose ends are joined"
    if run.facts.get("taken"):
        yield "From files", "; ".join(map(str, run.facts["taken"]))
    if figures.callers is not None:
        yield "Callers", _callers(figures.callers)
    if figures.requests is not None:
        yield "Requests", _requests(figures.requests)
    per_hour = figures.changes / max(run.plan.duration / 3600, 1e-9)
    yield "Replicas", f"{figures.least} to {figures.most}, {figures.changes} changes of size ({per_hour:.2g} an hour)"
    if figures.start_median is not None and figures.start_most is not None:
        yield (
            "Start",
            f"a replica is ready after {_time(figures.start_median)} (median), {_time(figures.start_most)} at most",
        )
    if figures.waits:
        waits, longest = len(figures.waits), units.duration(round(figures.longest_wait))
        often = f"{waits} times, {longest} at the longest" if waits > 1 else f"once, for {longest}"
        yield "Capacity", f"was waited for {often}"
    unit = "" if figures.cost_unit == "price" else " replica-hours"
    cost = f"{units.number(figures.cost, plain=True)}{unit}"
    yield (
        "Cost",
        cost if unit else f"{cost} for {units.number(figures.replica_hours, plain=True)} replica-hours and nodes",
    )


def _callers(callers: Callers) -> str:
    parts = [f"{_count(callers.arrived)} arrived", f"{_count(callers.rejected)} tries rejected"]
    parts += [f"{_count(callers.lost)} gave up", f"{_count(callers.cut)} cut", f"{_count(callers.failed)} failed"]
    return ", ".join(parts)


def _requests(requests: Requests) -> str:
    times = ", ".join(
        f"{name} {_bound(value)}"
        for name, value in (("p50", requests.p50), ("p95", requests.p95), ("p99", requests.p99))
        if value is not None
    )
    waiting = requests.arrived - requests.served - requests.failed
    rest = f", {_count(requests.failed)} failed" if requests.failed else ""
    rest += f", {_count(waiting)} still wait" if waiting > 0 else ""
    return f"{_count(requests.served)} served{rest}; {times}; saturated for {_count(requests.saturated)} s"


def _bound(value: Interval) -> str:
    return _time(value.lower) if value.is_exact else f"at least {_time(value.lower)}"


def _timeline(figures: ScalingFigures, style: Style) -> list[str]:
    rows = [_cells(row) for row in figures.rows]
    shown = [cells[:8] for cells in rows]
    lines = table([Column(_HEADS[0], right=False), *map(Column, _HEADS[1:8])], shown, style)
    reasons = [f"  {cells[0]}  {style.clip(cells[8], style.width - len(cells[0]) - 4)}" for cells in rows if cells[8]]
    return [*lines, *(["", "  last change of each span", *reasons] if reasons else [])]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        units.duration(row.start),
        units.number(row.rate, plain=True),
        str(row.desired),
        str(row.ready),
        units.percent(row.utilization, plain=True),
        str(row.suffered),
        str(row.cut),
        str(row.changes),
        row.reason,
    )


def _cell(text: str) -> str:
    return Style().clean(text).replace("|", "\\|")


def _count(n: int) -> str:
    return units.count(n, plain=True)


def _time(value: float) -> str:
    return units.seconds(value, plain=True)
