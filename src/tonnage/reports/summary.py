"""The summary at the end of a run, for a terminal: at most 80 columns and about 45 lines.

    verdict   one sentence, why, whether the run is valid
    rows      thresholds, checks, errors, endpoints, metrics by k6's names
    end       what to do next, the run's id, the exit code

A part without data is left out; thresholds and errors are always there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tonnage import units
from tonnage.metrics.reading import Interval
from tonnage.reports import figures
from tonnage.reports.figures import Endpoint, Failure, Percentile
from tonnage.reports.headline import headline, measured, sentence
from tonnage.reports.metric_lines import metric_lines
from tonnage.reports.text import Column, Paint, Style, columns, table, wrapped
from tonnage.runs.run import Check, Run, ThresholdResult, Verdict
from tonnage.runs.verdict import delivered, judge, known_metrics

MOST_THRESHOLDS: Final = 10
MOST_CHECKS: Final = 5
MOST_FAILURES: Final = 6
MOST_ENDPOINTS: Final = 8
_LABEL: Final = 14  # columns of the labels at the left

_PAINTS: Final[dict[str, Paint]] = {"fail": "fail", "pass": "pass", "invalid": "warn"}


def summary(run: Run, style: Style | None = None) -> str:
    """The summary of a run, ending with a line break; one that was never judged is judged by what there is."""
    style = style or Style()
    verdict = run.verdict or judge(run.plan, run.total, run.ending, run.events)
    parts = [
        _verdict(run, verdict, style),
        _thresholds(run, verdict, style),
        _checks(run, style),
        _errors(run, style),
        _endpoints(run, style),
        metric_lines(run, style),
        _end(run, verdict, style),
    ]
    text = "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines)
    return text + "\n"


def _count(n: int) -> str:
    return units.count(n, plain=True)


def _seconds(value: float) -> str:
    return units.seconds(value, plain=True)


def _labelled(label: str, text: str, style: Style) -> list[str]:
    blanks = " " * _LABEL
    return list(wrapped(style.clean(text).split(), style.width, label.ljust(_LABEL), blanks))


# ---------------------------------------------------------------------------------------------- verdict


def _verdict(run: Run, verdict: Verdict, style: Style) -> Iterator[str]:
    said = headline(run, verdict)
    word = verdict.value.upper()
    indent = " " * (len(word) + 2)
    claim = style.clip(said.claim, 2 * (style.width - len(indent)))
    lines = list(wrapped(claim.split(), style.width, f"{word}  ", indent))
    yield style.paint(word, _PAINTS[verdict.value]) + lines[0][len(word) :]
    yield from lines[1:]
    for reason in said.reasons:
        yield from wrapped(style.clip(reason, 3 * style.width).split(), style.width, indent, indent)
    yield from _labelled("Load", _load(run), style)
    if verdict.value == "invalid":
        yield from _invalid(verdict, style)
    else:
        yield from _labelled("Run", _valid(run), style)


def _load(run: Run) -> str:
    """Planned and delivered, side by side."""
    done, planned = delivered(run.total, run.ending), run.plan.planned_arrivals
    rates = f"{_rate(done.rate)} delivered"
    if planned is not None and run.plan.duration > 0:
        rates = f"{_rate(planned / run.plan.duration)} planned, {rates}"
    parts = [f"{_count(done.started)} iterations started", f"{_count(done.completed)} completed"]
    if planned is not None:
        if done.arrivals != done.started:  # closed scenarios ran beside the open ones
            parts.insert(0, f"{_count(done.arrivals)} started")
        parts.insert(0, f"{_count(planned)} arrivals planned")
    if done.dropped:
        parts.append(f"{_count(done.dropped)} dropped")
    unended = figures.unended(run)
    if unended:
        parts.append(f"{_count(unended)} requests without an end")
    return f"{', '.join(parts)} in {_seconds(done.duration)} ({rates})"


def _rate(value: float) -> str:
    return f"{units.number(value, plain=True)}/s"


def _valid(run: Run) -> str:
    found = figures.generator(run)
    parts = []
    if found.lag_p99 is not None:
        parts.append(f"start lateness p99 {_seconds(found.lag_p99)}")
    if found.cpu is not None:
        parts.append(f"generator CPU at most {units.percent(found.cpu, plain=True)} of a core")
    return f"valid: {', '.join(parts)}" if parts else "valid"


def _invalid(verdict: Verdict, style: Style) -> Iterator[str]:
    broken = [check for check in verdict.validity if not check.ok]
    held = [check.name for check in verdict.validity if check.ok]
    if not broken:
        yield from _labelled("Run", f"not valid; {len(held)} checks hold: {', '.join(held)}", style)
        return
    yield "Run           not valid"
    for check in broken[:MOST_CHECKS]:
        yield from _broken(check, style)
    if held:
        yield from wrapped(style.clean(f"{', '.join(held)}").split(), style.width, "  ok    ", " " * 8)


def _broken(check: Check, style: Style) -> Iterator[str]:
    text = style.clip(f"{check.name}: {check.measured}; needed {check.needed}", 3 * style.width)
    lines = list(wrapped(text.split(), style.width, "  FAIL  ", " " * 8))
    yield lines[0].replace("FAIL", style.paint("FAIL", "fail"), 1)
    yield from lines[1:]


# ------------------------------------------------------------------------------------------- thresholds


def _thresholds(run: Run, verdict: Verdict, style: Style) -> Iterator[str]:
    if not verdict.thresholds:
        yield "Thresholds    none"
        return
    invalid = verdict.value == "invalid"
    order = {False: 0, None: 1, True: 2}
    results = sorted(verdict.thresholds, key=lambda result: order[result.ok])
    shown = results[:MOST_THRESHOLDS]
    metrics = known_metrics(run.plan)
    metric_of = {(t.name, t.expression): metrics[t.metric] for t in run.plan.thresholds if t.metric in metrics}
    cells = []
    for result in shown:
        metric = metric_of.get((result.name, result.expression))
        value = measured(result, metric)[0] if metric else "no data"
        cells.append((style.clean(value), _margin(result, invalid), _count(result.samples)))
    # What the figures and the word leave is the name's; the expression is never cut.
    figures_wide = sum(max(8, *(columns(row[i]) for row in cells)) for i in range(3))
    room = style.width - figures_wide - 2 * 3 - len("  FAIL ")
    rows = [(_state(r, invalid) + _name(r, room, style), *row) for r, row in zip(shown, cells, strict=True)]
    heads = [Column("Thresholds", right=False), Column("measured"), Column("margin"), Column("samples")]
    # The rows stand two columns to the right of their head.
    lines = table(heads, rows, replace(style, width=style.width - 2), indent="")
    yield lines[0].replace("Thresholds", "Thresholds  ", 1)
    for result, line in zip(shown, lines[1:], strict=True):
        word = _state(result, invalid).strip()
        paint = None if invalid or result.ok is None else _PAINTS["pass" if result.ok else "fail"]
        yield "  " + line.replace(word, style.paint(word, paint), 1)
    if len(results) > len(shown):
        yield f"  {len(results) - len(shown)} more"
    for result in shown:
        if result.note and not (invalid and result.state == "no data"):
            yield from wrapped(
                style.clean(f"{result.expression}: {sentence(result.note)}").split(), style.width, "  ", "  "
            )


def _state(result: ThresholdResult, invalid: bool) -> str:
    word = {"no data": "none", "undecided": "?"}.get(result.state)
    if word is None:
        word = "--" if invalid else "FAIL" if result.ok is False else "pass"
    return f"{word:<4} "


def _name(result: ThresholdResult, room: int, style: Style) -> str:
    expression = style.clean(result.expression) + (" (implicit)" if result.implicit else "")
    return f"{style.clip_middle(result.name, max(8, room - columns(expression) - 1))} {expression}"


def _margin(result: ThresholdResult, invalid: bool) -> str:
    if result.ok is None:
        return ""
    if invalid:
        return "not judged"
    return "" if result.margin is None else units.percent(result.margin, plain=True, signed=True)


# --------------------------------------------------------------------------------------- checks, errors


def _checks(run: Run, style: Style) -> Iterator[str]:
    rows = figures.checks(run)
    if not rows:
        return
    passes, total = sum(row.passes for row in rows), sum(row.passes + row.fails for row in rows)
    share = units.percent(passes / total, plain=True) if total else "0 %"
    yield from _labelled("Checks", f"{share} held: {_count(passes)} of {_count(total)}", style)
    failed = [row for row in rows if row.fails]
    cells = [
        (f"{row.group} {row.name}".strip(), f"{_count(row.fails)} of {_count(row.passes + row.fails)} failed")
        for row in failed[:MOST_CHECKS]
    ]
    yield from table([Column("", right=False), Column("")], cells, style)[1:]
    if len(failed) > MOST_CHECKS:
        yield f"  {len(failed) - MOST_CHECKS} more"


def _errors(run: Run, style: Style) -> Iterator[str]:
    requests = run_requests(run)
    rows, raised = figures.failures(run), figures.iteration_failures(run)
    failed = sum(row.count for row in rows)
    share = f" ({units.percent(failed / requests, plain=True)})" if failed and requests else ""
    yield from _labelled("Errors", f"{_count(failed)} of {_count(requests)} requests failed{share}", style)
    shown = [*rows[:MOST_FAILURES], *raised[:MOST_FAILURES]]
    if shown:
        heads = [Column("kind", right=False), Column("count"), Column("first"), Column("last")]
        lines = table(heads, [_failure(run, row) for row in shown], style)
        yield from lines
    hidden = max(0, len(rows) - MOST_FAILURES) + max(0, len(raised) - MOST_FAILURES)
    if hidden:
        yield f"  {hidden} more kinds"


def run_requests(run: Run) -> int:
    """Requests that the errors are a part of."""
    return sum(endpoint.requests for endpoint in figures.endpoints(run))


def _failure(run: Run, row: Failure) -> tuple[str, str, str, str]:
    return row.name, _count(row.count), _clock(run, row.first), _clock(run, row.last)


def _clock(run: Run, second: int | None) -> str:
    """The time of day in UTC; seconds after the start where the run does not say when that was."""
    if second is None:
        return ""
    try:
        return f"{datetime.fromisoformat(run.started_at) + timedelta(seconds=second):%H:%M:%S}"
    except ValueError:
        return f"{second} s"


# -------------------------------------------------------------------------------------------- endpoints


def _endpoints(run: Run, style: Style) -> Iterator[str]:
    rows = figures.endpoints(run)
    if not rows:
        return
    shown = rows[:MOST_ENDPOINTS]
    names = ("requests", "/s", "success", "p50", "p95", "p99", "failed")
    heads = [Column("Response time", right=False), *(Column(name) for name in names)]
    yield from table(heads, [_endpoint(row) for row in shown], style, indent="")
    if len(rows) > len(shown):
        rest = rows[MOST_ENDPOINTS:]
        yield f"{len(rest)} more with {_count(sum(row.requests for row in rest))} requests"
    lacking = {p.needed: p for row in shown for p in (row.p50, row.p95, row.p99) if not p.is_supported}
    if lacking:
        needs = ", ".join(f"p{p.percentile:g} needs {_count(needed)}" for needed, p in sorted(lacking.items()))
        yield from wrapped(style.clean(f"– too few samples: {needs}").split(), style.width)


def _endpoint(row: Endpoint) -> tuple[str, ...]:
    name = row.name if row.name.startswith(f"{row.method} ") else f"{row.method} {row.name}".strip()
    success = "–" if row.success is None else _share(row.success)
    rate = units.number(row.rate, plain=True)
    times = (_percentile(p) for p in (row.p50, row.p95, row.p99))
    return (name, _count(row.requests), rate, success, *times, _count(row.failed))


def _share(share: float) -> str:
    """A share with two decimals; 100.00 % only where it is whole."""
    text = f"{share * 100:.2f} %"
    return "> 99.99 %" if share < 1 and text == "100.00 %" else text


def _percentile(found: Percentile) -> str:
    return bounded(found.value) if found.is_supported else "–"


def bounded(value: Interval | None) -> str:
    """A time [s], with ≥ where it is known only from below."""
    if value is None:
        return "–"
    return _seconds(value.lower) if value.is_exact else f"≥ {_seconds(value.lower)}"


# -------------------------------------------------------------------------------------------------- end


def _end(run: Run, verdict: Verdict, style: Style) -> Iterator[str]:
    for advice in headline(run, verdict).next:
        yield from _labelled("Next", style.clip(advice, 2 * style.width), style)
    code = f"exit {verdict.exit_code}"
    name = style.clip(run.id, style.width - _LABEL - len(code) - 2)
    yield f"Run id        {name}".ljust(style.width - len(code)) + code
