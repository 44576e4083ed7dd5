"""Threshold expressions as text: k6's grammar, and ours, which is k6's with units.

    assertion  ->  method ws* op ws* value
    method     ->  avg | min | max | med | count | rate | value | p | p(percentile)
    op         ->  <=  <  >=  >  ===  ==  !=     searched in this order; the first with anything to its right wins
    value      ->  k6: a float as Go reads it;   ours: finite, with a unit if wanted (500ms, 1m30s, 1%, 10MiB)

A value is kept in k6's scale: times in milliseconds, shares as 0 to 1, sizes in bytes. Reading is linear in the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Final, Literal

from tonnage import units
from tonnage.errors import Mistake, PlanError, UnitError

Method = Literal["avg", "min", "max", "med", "p", "count", "rate", "value"]
Op = Literal["<=", "<", ">=", ">", "===", "==", "!="]
Unit = Literal["", "time", "share", "size"]

LONGEST_TEXT: Final = 256
OPS: Final[tuple[Op, ...]] = ("<=", "<", ">=", ">", "===", "==", "!=")
METHODS: Final[tuple[Method, ...]] = ("avg", "min", "max", "med", "p", "count", "rate", "value")
# What Go's strings.TrimSpace trims; str.strip takes four control characters more.
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_OTHER_NAMES: Final = {"mean": "avg", "average": "avg", "median": "med", "sum": "count", "percentile": "p(95)"}


class ThresholdError(PlanError):
    """A threshold that cannot be used: what is wrong with it, where, and what to write instead.

        p95 < 500
        ^^^  unknown method 'p95': write p(95)

    `place` is the range of characters of `text` that is wrong.
    """

    def __init__(self, text: str, place: tuple[int, int], reason: str, path: str = "thresholds") -> None:
        self.text, self.place, self.reason = text, place, reason
        begin, end = place
        if len(text) <= LONGEST_TEXT and text.isprintable():
            pointer = f"\n    {text}\n    {' ' * begin}{'^' * max(1, end - begin)}"
        else:
            pointer = ""
        super().__init__(Mistake(path, reason + pointer))


@dataclass(frozen=True, slots=True)
class Expression:
    """One assertion about one statistic of one metric, the value in k6's scale; `text` is what was written."""

    method: Method
    percentile: float | None
    op: Op
    value: float
    unit: Unit = ""
    text: str = ""

    @property
    def sink(self) -> str:
        """k6's name of the statistic: "avg", "p(95)"; a p without a percentile is p(0)."""
        return f"p({_shortest(self.percentile or 0.0)})" if self.method == "p" else self.method

    def __str__(self) -> str:
        return self.text or f"{self.sink}{self.op}{_shortest(self.value)}"


def parse_k6(text: str) -> Expression:
    """Read an expression exactly as k6 does: no units, no spaces inside p(); NaN and Inf are accepted.

    Raises:
        ThresholdError: where k6 refuses, with the place and the remedy.

    Source:
        k6.md 1.7; checked against k6/metrics_vectors.json, threshold_parse.
    """
    left, op, right = _split(text)
    method, percentile = _method(text, left, spaces=False)
    word, begin = _word(text, right)
    try:
        value = units.parse_number(word)
    except UnitError as error:
        raise _bad_value(text, (begin, begin + len(word)), str(error)) from None
    return Expression(method, percentile, op, value, "", text)


def parse(text: str) -> Expression:
    """Read an expression as k6 does, and with a unit on the value; without one a time is in milliseconds.

    Raises:
        ThresholdError: not an expression, longer than 256 characters, NaN, Inf, or a unit that cannot be.
    """
    if len(text) > LONGEST_TEXT:
        raise ThresholdError(text, (0, 0), f"a threshold has at most {LONGEST_TEXT} characters, not {len(text)}")
    left, op, right = _split(text)
    method, percentile = _method(text, left, spaces=True)
    word, begin = _word(text, right)
    place = (begin, begin + len(word))
    try:
        value, unit = _value(word)
    except UnitError as error:
        raise _bad_value(text, place, str(error)) from None
    if not isfinite(value):
        raise ThresholdError(text, place, f"{word} is no limit: write a finite number")
    if unit == "share" and method != "rate":
        raise ThresholdError(
            text, place, f"per cent is for the rate of a rate metric, not for {method}: write a number"
        )
    if unit == "time" and method in ("count", "rate"):
        raise ThresholdError(text, place, f"a {method} is no time: write a number without a unit")
    return Expression(method, percentile, op, value, unit, text)


def _split(text: str) -> tuple[tuple[int, int], Op, tuple[int, int]]:
    """The places of method and value around the operator."""
    for op in OPS:
        at = text.find(op)
        if at >= 0 and text[at + len(op) :].strip(_SPACE):
            return (0, at), op, (at + len(op), len(text))
    whole = (0, len(text))
    if not text.strip(_SPACE):
        raise ThresholdError(text, whole, "a threshold is empty: write it like p(95)<500")
    for op in OPS:
        if op in text:
            raise ThresholdError(text, (len(text), len(text)), f"there is no value after {op}: write it like p(95)<500")
    if "=" in text:
        at = text.index("=")
        raise ThresholdError(text, (at, at + 1), "= does not compare: write ==, <= or >=")
    raise ThresholdError(text, whole, f"there is no comparison: write it like {text.strip(_SPACE)[:20]}<500")


def _method(text: str, place: tuple[int, int], *, spaces: bool) -> tuple[Method, float | None]:
    word, begin = _word(text, place)
    for method in METHODS:
        if word == method:
            return method, None
    if not (word.startswith("p(") and word.endswith(")")):
        raise ThresholdError(text, (begin, begin + max(len(word), 1)), _unknown_method(word))
    inner = word[2:-1].strip(_SPACE) if spaces else word[2:-1]
    inside = (begin + 2, begin + len(word) - 1)
    try:
        percentile = units.parse_number(inner)
    except UnitError:
        raise ThresholdError(text, inside, f"{inner[:40]!r} is no percentile: write one like p(95)") from None
    if not 0 <= percentile <= 100:
        raise ThresholdError(text, inside, f"a percentile lies between 0 and 100, not at {percentile:g}")
    return "p", percentile


def _unknown_method(word: str) -> str:
    known = "avg, min, max, med, p(95), count, rate or value"
    if not word:
        return f"there is no method before the comparison: use {known}"
    shown = repr(word[:40])
    if word.endswith(("=", "!")):
        return f"{shown} ends in a sign of the comparison: write <=, >=, == or !="
    lower = word.lower()
    digits = lower.removeprefix("p").strip("(){}[]. " + _SPACE)
    if lower[:1] == "p" and digits.replace(".", "", 1).isdecimal() and digits.isascii():
        return f"unknown method {shown}: write p({digits})"
    near = [_OTHER_NAMES[lower]] if lower in _OTHER_NAMES else get_close_matches(lower[:20], METHODS, n=1)
    return f"unknown method {shown}: " + (f"did you mean {near[0]}?" if near else f"use {known}")


def _value(word: str) -> tuple[float, Unit]:
    """A number with or without a unit, in k6's scale.

    Raises:
        UnitError: neither a number, nor a share, size or duration.
    """
    try:
        return units.parse_number(word), ""
    except UnitError as error:
        plain = error
    sign = -1 if word.startswith("-") else 1
    amount = word.lstrip("+-") if word[:1] in {"+", "-"} and word[1:2] not in {"+", "-"} else word
    if amount.endswith("%"):
        return sign * units.parse_number(amount[:-1].strip(_SPACE)) / 100, "share"
    if not any("0" <= c <= "9" for c in amount) or set(amount.lower()) <= set("0123456789._e+-"):
        raise plain
    if amount.lower().endswith("b"):
        return float(sign * units.parse_size(amount)), "size"
    # 2.3ms is 2.3, though 0.0023 · 1000 is not quite.
    return float(f"{sign * units.parse_duration(amount) * 1000:.15g}"), "time"


def _bad_value(text: str, place: tuple[int, int], reason: str) -> ThresholdError:
    word = text[place[0] : place[1]]
    if "&" in word or "|" in word or " and " in word or " or " in word:
        reason = "a threshold compares once: write two thresholds instead"
    elif word[:1] in "<>=!":
        reason = f"unknown comparison: use one of {', '.join(OPS)}"
    return ThresholdError(text, place, reason)


def _word(text: str, place: tuple[int, int]) -> tuple[str, int]:
    """The text of a place without the space around it, and where it begins."""
    part = text[place[0] : place[1]]
    return part.strip(_SPACE), place[0] + len(part) - len(part.lstrip(_SPACE))


def _shortest(number: float) -> str:
    return repr(number).removesuffix(".0")
