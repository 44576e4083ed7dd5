"""How one option is read: from a value of a file or of Python, or from the text of a flag or variable.

Each reader takes the value and whether it came as text (`textual`), and returns what the Plan holds: seconds, numbers,
tuples. A refusal is a `ValueError` that says what is wrong and what to write instead; it shows no value that might be
a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from tonnage.errors import PlanError, UnitError
from tonnage.load.executor import LONGEST, MOST_VUS, Stage
from tonnage.metrics.threshold import ThresholdError, parse, parse_selector
from tonnage.units import duration as written_duration
from tonnage.units import parse_duration, parse_number, parse_rate

T = TypeVar("T")

LONGEST_SHOWN: Final = 60
MOST_ENTRIES: Final = 10_000  # of a list or table
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_TREND_STAT: Final = re.compile(r"(?:avg|min|med|max|count)|p\(([0-9]{1,3}(?:\.[0-9]{1,10})?)\)")


@dataclass(frozen=True, slots=True)
class ThresholdOption:
    """One expression of a threshold, as it was configured; the delay in seconds."""

    expression: str
    abort_on_fail: bool = False
    delay_abort: float = 0.0


class Wrong(ValueError):
    """Several mistakes in one value: where inside it (".name" or "[0]"), and what."""

    def __init__(self, *items: tuple[str, str]) -> None:
        self.items = items
        super().__init__("; ".join(message for _, message in items))


def shown(value: Any) -> str:
    """A value in a message: short, and printable."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def whole(value: Any, textual: bool, least: int = 0, most: int = MOST_VUS) -> int:
    """A whole number between `least` and `most`."""
    if textual and isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a whole number is needed, not {shown(value)}")
    if not least <= value <= most:
        raise ValueError(f"{shown(value)} lies outside {least} to {most}")
    return value


def number(value: Any, textual: bool, most: float = 1e12) -> float:
    """A finite number from 0 to `most`."""
    if textual and isinstance(value, str):
        try:
            value = parse_number(value.strip())
        except UnitError as error:
            raise ValueError(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number is needed, not {shown(value)}")
    if not isfinite(value):
        raise ValueError(f"{value} is not finite: write a number from 0 to {most:g}")
    if not 0 <= value <= most:
        raise ValueError(f"{shown(value)} lies outside 0 to {most:g}")
    return float(value)


def flag(value: Any, textual: bool) -> bool:
    """True or false."""
    if textual and isinstance(value, str):
        word = value.strip().lower()
        value = word in _TRUE if word in _TRUE | _FALSE else value
    if not isinstance(value, bool):
        raise ValueError(f"true or false is needed, not {shown(value)}")
    return value


def text(value: Any, textual: bool) -> str:
    """A text without control characters."""
    if not isinstance(value, str):
        raise ValueError(f"a text is needed, not {shown(value)}")
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("the text has a line break or another control character in it")
    return value


def body(value: Any, textual: bool) -> str:
    """A text of any characters."""
    if not isinstance(value, str):
        raise ValueError(f"a text is needed, not {type(value).__name__}")
    return value


def time(value: Any, textual: bool) -> float:
    """Seconds of "1m30s", or of a number of seconds; a text needs its unit."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a duration is needed, such as 1m30s or a number of seconds, not {shown(value)}")
    try:
        found = parse_duration(value, bare=None if isinstance(value, str) else "s")
    except UnitError as error:
        raise ValueError(str(error)) from None
    if found > LONGEST:
        raise ValueError(f"{shown(value)} is too long: at most {LONGEST:g} s, 285 years")
    return found


def rate(value: Any, textual: bool) -> float:
    """Starts per second of "50/s", "3000/m", or of a number of them."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a rate is needed, such as 50/s or a number per second, not {shown(value)}")
    try:
        return parse_rate(value)
    except UnitError as error:
        raise ValueError(str(error)) from None


def url(value: Any, textual: bool) -> str:
    """An absolute http or https URL."""
    address = text(value, textual).strip()
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"the URL cannot be read: {error}") from None
    if parts.scheme.lower() not in {"http", "https"} or not host or any(c.isspace() for c in address):
        raise ValueError("an absolute URL is needed, such as http://127.0.0.1:8080")
    return address


def texts(value: Any, textual: bool) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one, in the environment one with commas."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()] if textual else [value]
    items = _list(value, "texts")
    return tuple(_each(((f"[{i}]", item) for i, item in enumerate(items)), lambda item: text(item, textual)))


def trend_stats(value: Any, textual: bool) -> tuple[str, ...]:
    """Statistics of a trend as k6 names them: avg, min, med, max, count, p(95)."""
    found = texts(value, True)
    for stat in found:
        match = _TREND_STAT.fullmatch(stat)
        if match is None or (match[1] and float(match[1]) > 100):
            raise ValueError(f"{shown(stat)} is no statistic: use avg, min, med, max, count or p(95)")
    return found


def hosts(value: Any, textual: bool) -> tuple[str, ...]:
    """Hosts as "name" or "name:port", lower case, IPv6 without brackets; of a URL its host and port."""
    return tuple(_host(item) for item in texts(value, textual))


def _host(written: str) -> str:
    try:
        parts = urlsplit(written if "://" in written else f"//{written}")
        name, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{shown(written)} is no host: {error}") from None
    if not name or parts.username or any(c.isspace() for c in written) or "*" in name:
        raise ValueError(f"{shown(written)} is no host: write a name or address, with or without :port")
    return name if port is None else f"{name}:{port}"


def plain_table(value: Any, textual: bool) -> dict[str, str]:
    """A table of names and texts; numbers and truth values are written out. In the environment, "a=1,b=2"."""
    table = _table(value, textual)
    return dict(zip(table, _each(((f".{name}", item) for name, item in table.items()), _word), strict=True))


def _word(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float) and isfinite(item):
        return str(item)
    if not isinstance(item, str):
        raise ValueError(f"a text or a number is needed, not {type(item).__name__}")
    if "\0" in item:
        raise ValueError("the text has a NUL character in it")
    return item


def headers(value: Any, textual: bool) -> dict[str, tuple[str, ...]]:
    """A table of header names and texts; a list of texts sends the header once for each."""
    table = _table(value, False)
    lines = _each(((f".{name}", (name, item)) for name, item in table.items()), _header)
    return dict(zip(table, lines, strict=True))


def _header(field: tuple[str, Any]) -> tuple[str, ...]:
    name, value = field
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{shown(name)} is no header name")
    lines = tuple(value) if isinstance(value, list | tuple) else (value,)
    for line in lines:
        if not isinstance(line, str) or any(c in "\r\n\0" for c in line):
            raise ValueError("the value must be a text of one line")
    return tuple(line.strip() for line in lines)


def stages(value: Any, textual: bool) -> tuple[Stage, ...]:
    """Stages from "30s:10" texts, k6's {duration, target} tables or [duration, target] pairs."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    items = _list(value, "stages, such as 30s:10")
    if not items:
        raise ValueError("at least one stage is needed, such as 30s:10")
    return tuple(_each(((f"[{i}]", item) for i, item in enumerate(items)), _stage))


def _stage(item: Any) -> Stage:
    if isinstance(item, Stage):
        return item
    if isinstance(item, str):
        length, colon, target = item.partition(":")
        if not colon:
            raise ValueError(f"{shown(item)} is no stage: write duration:target, such as 30s:10")
        return Stage(time(length, True), number(target, True, MOST_VUS))
    if isinstance(item, Mapping):
        unknown = [key for key in item if key not in {"duration", "target"}]
        if unknown or len(item) != 2:
            text = f"unknown key `{str(unknown[0])[:40]}`" if unknown else "a key is missing"
            raise ValueError(f"{text}: a stage has duration and target")
        return Stage(time(item["duration"], False), number(item["target"], False, MOST_VUS))
    if isinstance(item, list | tuple) and len(item) == 2:
        return Stage(time(item[0], False), number(item[1], False, MOST_VUS))
    raise ValueError(f"{shown(item)} is no stage: write duration:target, such as 30s:10")


def thresholds(value: Any, textual: bool) -> dict[str, tuple[ThresholdOption, ...]]:
    """k6's table: metric with selector → an expression, or a list of expressions and of tables."""
    if textual and isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError('JSON is needed, such as {"http_req_duration": ["p(95)<300ms"]}') from None
    table = _table(value, False)
    lists = _each(((f".{selector}", (selector, items)) for selector, items in table.items()), _metric_thresholds)
    return dict(zip(table, lists, strict=True))


def _metric_thresholds(entry: tuple[str, Any]) -> tuple[ThresholdOption, ...]:
    selector, value = entry
    try:
        parse_selector(selector)
    except PlanError as error:
        raise ValueError(error.mistakes[0].message) from None
    if not isinstance(value, list | tuple):
        return (_threshold(value),)
    if not value:
        raise ValueError("there is no expression: write one like p(95)<300ms")
    return tuple(_each(((f"[{i}]", item) for i, item in enumerate(_list(value, "thresholds"))), _threshold))


def _threshold(item: Any) -> ThresholdOption:
    if isinstance(item, ThresholdOption):
        return item
    fields = dict(item) if isinstance(item, Mapping) else {"threshold": item}
    names = {"abortOnFail": "abort_on_fail", "delayAbortEval": "delay_abort_eval"}
    fields = {names.get(key, key): found for key, found in fields.items()}
    unknown = [key for key in fields if key not in {"threshold", "abort_on_fail", "delay_abort_eval"}]
    if unknown:
        text = f"unknown key `{str(unknown[0])[:40]}`: a threshold has threshold, abort_on_fail and delay_abort_eval"
        raise ValueError(text)
    expression = fields.get("threshold")
    if not isinstance(expression, str):
        raise ValueError(f"an expression such as p(95)<300ms is needed, not {shown(expression)}")
    try:
        parse(expression)
    except ThresholdError as error:
        raise ValueError(f"{shown(expression)}: {error.reason}") from None
    delay = fields.get("delay_abort_eval")
    return ThresholdOption(
        expression,
        flag(fields.get("abort_on_fail", False), False),
        0.0 if delay is None else time(delay, False),
    )


def written(value: Any) -> str:
    """An option's value as people write it; times as durations where the caller says so."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Stage):
        return f"{written_duration(value.duration)}:{value.target:g}"
    if isinstance(value, float):
        return f"{value:g}" if value == float(f"{value:g}") else repr(value)
    if isinstance(value, list | tuple):
        return ", ".join(written(item) for item in value)
    return str(value)


def _each(entries: Iterable[tuple[str, Any]], read: Callable[[Any], T]) -> list[T]:
    """What `read` makes of each entry; all refusals together."""
    found: list[T] = []
    wrong: list[tuple[str, str]] = []
    for path, item in entries:
        try:
            found.append(read(item))
        except Wrong as error:
            wrong += [(path + inside, message) for inside, message in error.items]
        except ValueError as error:
            wrong.append((path, str(error)))
    if wrong:
        raise Wrong(*wrong)
    return found


def _list(value: Any, what: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError(f"a list of {what} is needed, not {shown(value)}")
    if len(value) > MOST_ENTRIES:
        raise ValueError(f"the list has {len(value)} entries, at most {MOST_ENTRIES} are taken")
    return value


def _table(value: Any, textual: bool) -> dict[str, Any]:
    if textual and isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(name.strip() and equals for name, equals, _ in pairs):
            raise ValueError("NAME=VALUE is needed, several with commas between them")
        value = {name.strip(): item for name, _, item in pairs}
    if not isinstance(value, Mapping):
        raise ValueError(f"a table of names and values is needed, not {type(value).__name__}")
    if len(value) > MOST_ENTRIES:
        raise ValueError(f"the table has {len(value)} entries, at most {MOST_ENTRIES} are taken")
    if not all(isinstance(name, str) and name for name in value):
        raise ValueError("each name must be a text that is not empty")
    return dict(value)
