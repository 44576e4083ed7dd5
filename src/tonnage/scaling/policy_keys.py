"""The keys of `kind: knative` and `kind: schedule` as specs; all mistakes at once, with paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from math import inf, isfinite
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.knative import KnativeSpec
from tonnage.scaling.policy import Policy
from tonnage.scaling.schedule import DAY, WEEK, Schedule, Span
from tonnage.units import parse_duration

_TIMES: Final = {"stable_window", "scale_down_delay", "zero_grace"}
# Field of a KnativeSpec: (least, most, whether the least itself may be).
_RANGES: Final = {
    "target": (0, inf, False),
    "capacity": (0, inf, False),
    "burst_capacity": (-1, inf, True),
    "panic_threshold": (1, 10, False),
    "up_rate": (1, inf, False),
    "down_rate": (1, inf, False),
    "stable_window": (6, 3600, True),
    "scale_down_delay": (0, 3600, True),
    "activation_scale": (1, 2**31 - 1, True),
    "least": (0, 2**31 - 1, True),
    "most": (0, 2**31 - 1, True),
    "zero_grace": (0, 3600, True),
}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AT: Final = re.compile(rf"(?:({'|'.join(_DAYS)}) )?([0-2]?[0-9]):([0-5][0-9])", re.IGNORECASE | re.ASCII)
_SPAN: Final = ("from", "to", "floor", "ceiling")


# ------------------------------------------------------------------------------------------------- knative


def knative_spec(node: Mapping[str, Any]) -> KnativeSpec:
    """A KnativeSpec of its own field names; times are durations, `metric` is concurrency or rps.

    Raises:
        PlanError: with every mistake.

    Source:
        Bounds as Knative's pkg/autoscaler/config and pkg/apis/autoscaling/annotation_validation.go.
    """
    kinds = {field.name: type(field.default) for field in fields(KnativeSpec)}
    found: dict[str, Any] = {}
    mistakes = unknown_keys(node, tuple(kinds), "a Knative policy")
    for key in kinds.keys() & node.keys():
        try:
            found[key] = _duration(node[key]) if key in _TIMES else _typed(node[key], kinds[key])
            _in_range(key, found[key])
        except UnitError as error:
            mistakes.append(Mistake(key, str(error)))
    if found.get("metric", "rps") not in ("concurrency", "rps"):
        mistakes.append(Mistake("metric", f"is {found['metric']!r}: write concurrency or rps"))
    if not mistakes:
        spec = KnativeSpec(**found)
        if not spec.most or spec.least <= spec.most:
            return spec
        mistakes.append(Mistake("least", f"is {spec.least}, above most, which is {spec.most}"))
    raise PlanError(*sorted(mistakes, key=lambda each: list(node).index(each.path) if each.path in node else -1))


def _typed(value: Any, kind: type) -> Any:
    if kind is bool or isinstance(value, bool):
        if kind is not bool or not isinstance(value, bool):
            raise UnitError(f"is {value!r}: write {'true or false' if kind is bool else 'a number'}")
        return value
    if kind is str and not isinstance(value, str):
        raise UnitError(f"is {value!r}, not a text")
    if kind is float and not isinstance(value, int | float):
        raise UnitError(f"is {value!r}, not a number")
    if kind is int and not isinstance(value, int):
        raise UnitError(f"is {value!r}, not a whole number")
    return value


def _in_range(key: str, value: Any) -> None:
    if key not in _RANGES:
        return
    least, most, included = _RANGES[key]
    if not isfinite(value) or not least <= value <= most or (value == least and not included):
        above = f"at least {least}" if included else f"above {least}"
        raise UnitError(f"is {value:g}: it is {above}{f' and at most {most}' if most < inf else ''}")


def _duration(value: Any) -> float:
    return parse_duration(value, bare="s")


# ------------------------------------------------------------------------------------------------- schedule


def schedule(node: Mapping[str, Any], inner: Policy[Any] | None) -> Schedule[Any] | None:
    """A Schedule of `spans`, a list of {from, to, floor, ceiling}, and `origin`; None without the policy inside.

    `from` and `to` are times of the day such as "08:00", or of the week such as "mon 08:00"; one with a day makes the
    schedule a weekly one, that begins on Monday. `origin` is the instant at which it begins, a duration.

    Raises:
        PlanError: with every mistake.
    """
    mistakes = unknown_keys(node, ("spans", "origin"), "a schedule")
    origin = 0.0
    try:
        origin = _duration(node.get("origin", 0))
    except UnitError as error:
        mistakes.append(Mistake("origin", str(error)))
    entries = node.get("spans")
    if not isinstance(entries, list) or not entries:
        mistakes.append(Mistake("spans", "is a list of spans such as {from: 08:00, to: 18:00, floor: 10}"))
        entries = []
    is_weekly = any(
        isinstance(entry, Mapping) and any(str(entry.get(key))[:3].lower() in _DAYS for key in ("from", "to"))
        for entry in entries
    )
    spans = []
    for i, entry in enumerate(entries):
        span, wrong = _span(entry, f"spans[{i}]", is_weekly)
        mistakes += wrong
        spans += [span] if span else []
    if mistakes:
        raise PlanError(*mistakes)
    if inner is None:
        return None
    return Schedule(inner, tuple(spans), origin=origin, length=WEEK if is_weekly else DAY)


def _span(node: Any, path: str, is_weekly: bool) -> tuple[Span | None, list[Mistake]]:
    if not isinstance(node, Mapping):
        return None, [Mistake(path, "is a mapping such as {from: 08:00, to: 18:00, floor: 10}")]
    mistakes = [replace(each, path=f"{path}.{each.path}") for each in unknown_keys(node, _SPAN, "a span")]
    found: dict[str, Any] = {}
    for key, field, read in (
        ("from", "start", lambda value: _at(value, is_weekly)),
        ("to", "end", lambda value: _at(value, is_weekly)),
        ("floor", "floor", _count),
        ("ceiling", "ceiling", _count),
    ):
        if key not in node:
            if key in ("from", "to"):
                mistakes.append(Mistake(f"{path}.{key}", "is missing"))
            continue
        try:
            found[field] = read(node[key])
        except UnitError as error:
            mistakes.append(Mistake(f"{path}.{key}", str(error)))
    if not {"floor", "ceiling"} & node.keys():
        mistakes.append(Mistake(path, "bounds nothing: write floor, ceiling or both"))
    floor, ceiling = found.get("floor", 0), found.get("ceiling")
    if ceiling is not None and floor > ceiling:
        mistakes.append(Mistake(f"{path}.floor", f"is {floor}, above ceiling, which is {ceiling}"))
    return (None, mistakes) if mistakes else (Span(**found), [])


def _at(value: Any, is_weekly: bool) -> float:
    """Seconds since the start of the day or of the week."""
    read = _AT.fullmatch(value.strip()) if isinstance(value, str) else None
    if read is None or int(read[2]) > 24 or (int(read[2]) == 24 and read[3] != "00"):
        raise UnitError(f"is {value!r}: write a time such as 08:00 or mon 08:00")
    if is_weekly and not read[1]:
        raise UnitError(f"is {value!r}: another span has a day, so write one here too, such as mon 08:00")
    days = _DAYS.index(read[1].lower()) if read[1] else 0
    return days * DAY + int(read[2]) * 3600.0 + int(read[3]) * 60.0


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnitError(f"is {value!r}: write a whole number from 0")
    return value


def unknown_keys(node: Mapping[str, Any], known: tuple[str, ...], what: str) -> list[Mistake]:
    """A mistake for every key that is not known, with the nearest that is."""
    found = []
    for key in node:
        if key not in known:
            near = get_close_matches(str(key), known, 1, 0.5)
            found.append(Mistake(str(key), f"is no key of {what}{f': did you mean {near[0]}?' if near else ''}"))
    return found
