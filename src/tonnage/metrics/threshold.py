"""Thresholds: which metric they speak about, whether they can, and whether they hold.

Everything here is a function of numbers that someone else read; no Window is touched. A statistic over censored data
is an interval, and a threshold holds only if it holds for all of it:

    p(95) < 500        0 ├──────┤ 500          pass: the upper value holds
                       0        ├──┼──┤        undecided
                       0           500 ├──┤    fail: the lower value does not hold
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, isfinite, isnan, log
from types import MappingProxyType
from typing import Final, Literal

from tonnage.errors import Mistake, PlanError
from tonnage.metrics import catalog
from tonnage.metrics.catalog import Kind, Metric
from tonnage.metrics.threshold_grammar import OPS, Expression, Method, Op, ThresholdError, Unit, parse, parse_k6

__all__ = [
    "OPS", "Expression", "Method", "Op", "Outcome", "State", "ThresholdError", "Unit",
    "check", "check_method", "evaluate", "parse", "parse_k6", "parse_selector", "samples_needed",
]  # fmt: skip

State = Literal["pass", "fail", "undecided", "no data"]

LONGEST_SELECTOR: Final = 4096
DOUBT: Final = 0.05  # that all samples lie below the percentile

_METHODS: Final[Mapping[Kind, tuple[Method, ...]]] = MappingProxyType(
    {
        "counter": ("count", "rate"),
        "gauge": ("value",),
        "rate": ("rate",),
        "trend": ("avg", "min", "max", "med", "p"),
    }
)
_HOLDS: Final[Mapping[Op, Callable[[float, float], bool]]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "===": operator.eq,
        "!=": operator.ne,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a threshold ended. `ok` is None when nothing can be said; `lower` <= `upper` bound the statistic.

    `margin` is the distance to the limit as a share of it, positive inside; None without a verdict, and where the limit
    is 0 or not finite.
    """

    state: State
    lower: float | None
    upper: float | None
    margin: float | None

    @property
    def ok(self) -> bool | None:
        return {"pass": True, "fail": False}.get(self.state)


def parse_selector(text: str) -> tuple[str, dict[str, str]]:
    """Metric and tags of "http_req_duration{name:login,scenario:a}"; a series must have every tag exactly.

    Blanks around tags and values do not count. A value in quotes ("..." or '...') is taken as it is, so that it may
    hold commas, braces and blanks; a colon needs none.

    Raises:
        PlanError: no metric name, a brace that does not close, a tag without a value, one tag with two values.
    """
    if len(text) > LONGEST_SELECTOR:
        raise PlanError(Mistake("thresholds", f"a selector has at most {LONGEST_SELECTOR} characters, not {len(text)}"))
    name, brace, rest = text.partition("{")
    name = name.strip()
    if not name:
        raise _bad_selector(text, "there is no metric before the tags")
    if not brace:
        if "}" in name:
            raise _bad_selector(text, "a brace closes that was never opened")
        return name, {}
    inner = rest.rstrip()
    if not inner.endswith("}"):
        raise _bad_selector(text, "the brace does not close")
    tags: dict[str, str] = {}
    for part in _parts(text, inner[:-1]):
        key, colon, value = part.partition(":")
        key, value = _unquoted(key), _unquoted(value)
        if not key or not colon:
            raise _bad_selector(text, f"{part.strip()!r} is no tag: write tag:value")
        if tags.setdefault(key, value) != value:
            raise _bad_selector(text, f"the tag {key!r} cannot be both {tags[key]!r} and {value!r}")
    return name, tags


def check_method(expression: Expression, kind: Kind) -> None:
    """Refuse a statistic that metrics of the kind do not have.

    Raises:
        ThresholdError: names the methods that can be used.
    """
    if expression.method not in _METHODS[kind]:
        known = ", ".join("p(95)" if method == "p" else method for method in _METHODS[kind])
        reason = f"a {kind} has no {expression.method}: use {known}"
        text = expression.text or str(expression)
        begin = len(text) - len(text.lstrip())
        raise ThresholdError(text, (begin, begin + len(expression.method)), reason)


def check(selector: str, expression: Expression, known: Mapping[str, Metric] = catalog.BUILT_IN) -> Metric:
    """The metric that a threshold is about, once it is certain that the threshold can be evaluated on it.

    Raises:
        PlanError: a selector that cannot be read, or an unknown metric.
        ThresholdError: a method that the metric does not have, or a unit of something else.
    """
    name, _ = parse_selector(selector)
    metric = catalog.find(name, known)
    check_method(expression, metric.kind)
    fits: bool = {
        "": True,
        "time": metric.contains == "time",
        "size": metric.contains == "data",
        "share": metric.kind == "rate",
    }[expression.unit]
    if not fits:
        what = {"time": "milliseconds or a time", "data": "bytes or a size", "default": "a plain number"}[
            metric.contains
        ]
        reason = f"{name} is no {expression.unit}: write {what}"
        raise ThresholdError(expression.text, (0, len(expression.text)), reason)
    return metric


def evaluate(expression: Expression, lower: float | None, upper: float | None) -> Outcome:
    """Whether the threshold holds for a statistic between `lower` and `upper`, both in k6's scale.

    With < and <= the upper value must hold to pass and the lower one must not to fail, with > and >= the other way
    round; == and != decide only on one value. Anything else is undecided. None or NaN: there were no samples.

    Raises:
        ValueError: lower > upper.
    """
    if lower is None or upper is None or isnan(lower) or isnan(upper):
        return Outcome("no data", None, None, None)
    if lower > upper:
        raise ValueError(f"a statistic cannot lie between {lower} and {upper}: the lower value comes first")
    op, limit = expression.op, expression.value
    low, high = _HOLDS[op](lower, limit), _HOLDS[op](upper, limit)
    if low != high or (op in {"==", "===", "!="} and lower != upper):
        return Outcome("undecided", lower, upper, None)
    # The value that decided is the one nearer to the limit: beyond a limit, at least so far; inside it, at most.
    below = op.startswith("<")
    decisive = upper if low == below else lower
    return Outcome("pass" if low else "fail", lower, upper, _margin(op, decisive, limit, low))


def samples_needed(percentile: float) -> int:
    """The least number of samples that supports a percentile: 29 for p90, 59 for p95, 299 for p99, 2 995 for p99.9.

        the least n with qⁿ <= 0.05,   q = percentile / 100

    With fewer, the largest sample may lie below the percentile in more than 5 % of all runs. p(100) is the largest
    sample itself, and p(0) the least: one is enough.

    Raises:
        ValueError: the percentile lies outside 0 to 100.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {percentile}")
    q = percentile / 100
    return 1 if q in (0, 1) else max(1, ceil(log(DOUBT) / log(q)))


def _margin(op: Op, value: float, limit: float, held: bool) -> float | None:
    if limit == 0 or not isfinite(limit):
        return None
    if op in {"==", "===", "!="}:
        distance = abs(value - limit) * (1 if held else -1)
    else:
        distance = limit - value if op.startswith("<") else value - limit
    return distance / abs(limit) + 0.0  # no -0.0


def _parts(text: str, inner: str) -> list[str]:
    """The tags between commas; a comma within quotes does not part them."""
    parts, begin, quote, fresh = [], 0, "", True
    for i, c in enumerate(inner):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'" and fresh:
            quote = c
        elif c == ",":
            parts.append(inner[begin:i])
            begin = i + 1
        # A quote opens only where a tag or a value begins: it is an apostrophe anywhere else.
        fresh = c in ":," or (fresh and c.isspace())
    if quote:
        raise _bad_selector(text, f"the quote {quote} does not close")
    return [*parts, inner[begin:]]


def _unquoted(word: str) -> str:
    word = word.strip()
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word


def _bad_selector(text: str, reason: str) -> PlanError:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return PlanError(Mistake("thresholds", f"selector {shown!r}: {reason}; write it like metric{{tag:value}}"))
