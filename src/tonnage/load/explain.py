"""What `--explain` shows: which load will be made, when, against whom, and where each setting comes from.

    load       each scenario with its executor and the place that decided it
    shape      VUs or arrival rate at every border of a stage, and the arrivals until then
    totals     duration, VUs, arrivals, hosts
    settings   every option with its value and its source; secrets are hidden

Pure: from a Plan and its merged options to rows of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)
from tonnage.load.guard import hosts_of
from tonnage.load.options import Merged, ThresholdOption
from tonnage.load.options_values import written
from tonnage.load.plan import Plan, Scenario
from tonnage.load.requirements import is_open, max_vus, peak_rate, total_duration
from tonnage.load.shortcut import shortcut
from tonnage.units import count, duration

HIDDEN: Final = "***"
_TIMES: Final = frozenset(
    {"duration", "graceful_stop", "timeout", "setup_timeout", "teardown_timeout", "max_duration"}
    | {"limits.arrival_lag", "limits.loop_lag"}
)
_SECRET: Final = re.compile(
    r"authoriz|cookie|token|secret|passw|passphrase|credential|session|signature|private|(?:^|[^a-z]|api)key(?![a-z])|auth(?:$|[^o])",
    re.IGNORECASE,
)
_MOST_ROWS: Final = 40  # of one scenario's shape


@dataclass(frozen=True, slots=True)
class Section:
    """A table of texts with a title; `head` may be empty."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def explain(plan: Plan, merged: Merged) -> tuple[Section, ...]:
    """The sections in reading order; those without a row are left out."""
    sections = (
        Section("load", ("scenario", "function", "executor", "set by"), tuple(_load(plan, merged))),
        Section("shape", ("scenario", "time", "VUs or rate", "arrivals"), tuple(_shape(plan))),
        Section("totals", (), tuple(_totals(plan))),
        Section("thresholds", ("metric", "expression", "set by"), tuple(_thresholds(plan, merged))),
        Section("settings", ("option", "value", "set by"), tuple(settings(merged))),
        Section("notes", (), tuple((note,) for note in _notes(plan, merged))),
    )
    return tuple(section for section in sections if section.rows)


def as_text(sections: tuple[Section, ...]) -> str:
    """The sections as aligned columns."""
    return "\n".join(line for section in sections for line in (*_lines(section), ""))


def settings(merged: Merged) -> Iterator[tuple[str, str, str]]:
    """(option, value, source) of everything that is set or has a default; entries of tables one by one."""
    for option in sorted(merged.values):
        value = merged.values[option]
        if option == "scenarios":
            for name, scenario in value.items():
                yield f"scenarios.{name}", describe(scenario.executor), merged.sources[option]
        elif isinstance(value, Mapping):
            for name, entry in value.items():
                path = f"{option}.{name}"
                yield path, _shown(path, entry), merged.sources.get(path, "default")
        else:
            yield option, _shown(option, value), merged.sources.get(option, "default")


def describe(executor: Executor) -> str:
    """An executor in one line."""
    match executor:
        case ConstantVus(vus, length):
            return f"{_vus(vus)} for {duration(length)}"
        case RampingVus(start, stages, _):
            steps = ", ".join(f"{s.target:g} in {duration(s.duration)}" for s in stages[:8])
            return f"{start} VUs → {steps}{_more(stages)}"
        case SharedIterations(vus, iterations, longest):
            return f"{count(iterations, plain=True)} iterations shared by {_vus(vus)}, at most {duration(longest)}"
        case PerVuIterations(vus, iterations, longest):
            return f"{count(iterations, plain=True)} iterations by each of {_vus(vus)}, at most {duration(longest)}"
        case ConstantArrivalRate(rate, unit, length, _, most):
            return f"{_rate(rate, unit)} for {duration(length)}, at most {_vus(most)}"
        case RampingArrivalRate(start, unit, stages, _, most):
            steps = ", ".join(f"{_rate(s.target, unit)} in {duration(s.duration)}" for s in stages[:8])
            return f"{_rate(start, unit)} → {steps}{_more(stages)}, at most {_vus(most)}"


def redacted(plan: Mapping[str, Any]) -> dict[str, Any]:
    """`Plan.to_dict()` for people's eyes: bodies and secrets are hidden; secrets are known by their names."""
    data = dict(plan)
    if plan["script"] is not None:
        data["script"] = {**plan["script"], "source": HIDDEN}
    data["env"] = _hidden_table(plan["env"])
    data["scenarios"] = [{**scenario, "env": _hidden_table(scenario["env"])} for scenario in plan["scenarios"]]
    http = dict(plan["http"])
    http["headers"] = [[name, hidden(name, value)] for name, value in http["headers"]]
    http["base_url"] = http["base_url"] and safe_url(http["base_url"])
    data["http"] = http
    if plan["request"] is not None:
        request = dict(plan["request"])
        request["url"] = safe_url(request["url"])
        request["body"] = None if request["body"] is None else _body(request["body"])
        request["headers"] = [[name, hidden(name, value)] for name, value in request["headers"]]
        data["request"] = request
    return data


def hidden(name: str, value: str) -> str:
    """The value, or asterisks where the name says that it is a secret."""
    return HIDDEN if _SECRET.search(name) else value


def safe_url(url: str) -> str:
    """A URL without user, password, and the values of query parameters with secret names."""
    parts = urlsplit(url)
    netloc = f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    query = parts.query
    if any(_SECRET.search(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, hidden(name, value)) for name, value in pairs], safe="*")
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def _load(plan: Plan, merged: Merged) -> Iterator[tuple[str, ...]]:
    for scenario in plan.scenarios:
        start = f", from {duration(scenario.start_time)}" if scenario.start_time else ""
        yield scenario.name, scenario.exec, describe(scenario.executor) + start, _decided(scenario, plan, merged)


def _decided(scenario: Scenario, plan: Plan, merged: Merged) -> str:
    table = merged.get("scenarios")
    if table and scenario.name in table and table[scenario.name].executor == scenario.executor:
        return merged.sources["scenarios"]
    options = ("duration", "iterations", "stages", "rate", "vus")
    given = [option for option in options if option in merged.values]
    above = [option for option in given if merged.is_above_script(option)]
    if above:
        return ", ".join(dict.fromkeys(merged.sources[option] for option in above))
    if plan.script and _same_as_declared(scenario, merged, given):
        return plan.script.path
    return merged.sources[given[0]] if given else "default"


def _same_as_declared(scenario: Scenario, merged: Merged, given: list[str]) -> bool:
    """Without a shape in the options, anything but k6's default (once, by one VU) is the script's own."""
    if not given:
        return scenario.executor != PerVuIterations()
    options = (*given, "max_vus") if "max_vus" in merged.values else given
    return scenario.executor != shortcut(**{option: merged.values[option] for option in options})


def _shape(plan: Plan) -> Iterator[tuple[str, ...]]:
    for scenario in plan.scenarios:
        rows = list(_borders(scenario))
        for row in rows[:_MOST_ROWS]:
            yield scenario.name, *row
        if len(rows) > _MOST_ROWS:
            yield scenario.name, "…", f"{len(rows) - _MOST_ROWS} more", ""


def _borders(scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """(time, value, arrivals until then) at each border; at a jump the value before and the one after."""
    executor, curve = scenario.executor, scenario.executor.curve
    unit, last = ("/s", executor.planned_arrivals()) if is_open(executor) else (" VUs", None)
    pieces = curve.pieces4()
    previous: float | None = None
    for start, length, begin, end in pieces:
        if begin != previous:
            yield _at(scenario, start), f"{begin:g}{unit}", _until(curve.area(start), last)
        if length:
            is_end = start + length >= curve.length
            until = (last or 0) if is_end else curve.area(start + length)
            yield _at(scenario, start + length), f"{end:g}{unit}", _until(until, last)
        elif end != begin:
            yield _at(scenario, start), f"{end:g}{unit}", _until(curve.area(start), last)
        previous = end


def _at(scenario: Scenario, t: float) -> str:
    return duration(scenario.start_time + t)


def _until(area: float, planned: int | None) -> str:
    return "" if planned is None else count(min(int(area + 1e-6), planned), plain=True)


def _totals(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "regular duration", duration(plan.duration)
    yield "with graceful stop, at most", duration(total_duration(plan))
    yield "most VUs", count(max_vus(plan), plain=True)
    if plan.planned_arrivals is None:
        yield "planned arrivals", "closed load: as many iterations as the VUs can do"
    else:
        yield "planned arrivals", count(plan.planned_arrivals, plain=True)
        yield "highest arrival rate", f"{peak_rate(plan.scenarios):.6g}/s"
    hosts = ", ".join(hosts_of(plan))
    yield "hosts", hosts or "those that the script names"
    yield "targets", ", ".join(plan.http.targets) or "any host but metadata addresses"


def _thresholds(plan: Plan, merged: Merged) -> Iterator[tuple[str, str, str]]:
    for threshold in plan.thresholds:
        names = (path for path in merged.sources if path.startswith(f"thresholds.{threshold.metric}"))
        source = "implicit" if threshold.implicit else merged.sources.get(f"thresholds.{threshold.name}", "")
        yield threshold.name, threshold.expression, source or merged.sources.get(next(names, ""), "")


def _notes(plan: Plan, merged: Merged) -> Iterator[str]:
    yield from merged.notes
    shaping = [option for option in ("duration", "iterations", "stages", "rate", "vus") if option in merged.values]
    if len(plan.scenarios) > 1 and any(merged.is_above_script(option) for option in shaping):
        yield f"each of the {len(plan.scenarios)} scenarios takes the load of the command line: the totals add up"
    if merged.get("scenarios") and shaping:
        yield f"`{shaping[0]}` has no effect beside `scenarios`"
    if merged.get("max_rate") is not None and any(not is_open(scenario.executor) for scenario in plan.scenarios):
        yield "max_rate judges arrival rates only: how fast VUs iterate is not known before the run"
    if plan.http.insecure:
        yield "TLS certificates are not verified"


def _shown(path: str, value: Any) -> str:
    table, _, name = path.partition(".")
    if table in {"env", "headers"} and hidden(name, "") == HIDDEN:
        return HIDDEN
    if path in _TIMES:
        return duration(value)
    if path == "data":
        return _body(value)
    if path == "base_url":
        return safe_url(value)
    if table == "thresholds":
        return ", ".join(_threshold(option) for option in value)
    return written(value)


def _threshold(option: ThresholdOption) -> str:
    delay = f" after {duration(option.delay_abort)}" if option.delay_abort else ""
    return option.expression + (f" (aborts{delay})" if option.abort_on_fail else "")


def _body(text: str) -> str:
    """A body may hold anything, so only its size is told."""
    return f"{HIDDEN} ({count(len(text), plain=True)} characters)"


def _hidden_table(table: Mapping[str, str]) -> dict[str, str]:
    return {name: hidden(name, value) for name, value in table.items()}


def _vus(vus: int) -> str:
    return f"{count(vus, plain=True)} VU{'' if vus == 1 else 's'}"


def _rate(rate: float, unit: float) -> str:
    return f"{rate:g}/s" if unit == 1 else f"{rate:g}/{duration(unit)}"


def _more(stages: tuple[Any, ...]) -> str:
    return f" and {len(stages) - 8} more stages" if len(stages) > 8 else ""


def _lines(section: Section) -> Iterator[str]:
    rows = [row for row in (section.head, *section.rows) if row]
    columns = max(len(row) for row in rows)
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(columns)]
    yield section.title
    for row in rows:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        # A value from a file must not speak to the terminal.
        yield "".join(c if c.isprintable() else "�" for c in f"  {cells}".rstrip())
