"""Texts of named values, `demand=20ms,servers=4`, and the same as a mapping: all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.units import parse_duration, parse_number

Readers = Mapping[str, Callable[[str], Any]]


def split(text: str, source: str) -> dict[str, str]:
    """The values by name, as written.

    Raises:
        PlanError: a part that is no `name=value`, or a name that is given twice.
    """
    found: dict[str, str] = {}
    mistakes = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not name or not value:
            mistakes.append(Mistake(source, f"{part!r} cannot be read: write it like name=value"))
        elif name in found:
            mistakes.append(Mistake(f"{source}.{name}", "is given twice"))
        else:
            found[name] = value
    if mistakes:
        raise PlanError(*mistakes)
    return found


def read(given: Mapping[str, Any], readers: Readers, source: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Each value through its reader.

    Raises:
        PlanError: every unknown name with the nearest known one, every missing one, every value that cannot be read.
    """
    found, mistakes = {}, []
    for name, value in given.items():
        reader = readers.get(str(name))
        if reader is None:
            near = get_close_matches(str(name), readers, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(readers)}"
            mistakes.append(Mistake(f"{source}.{name}", f"there is no such value: {remedy}"))
            continue
        try:
            found[str(name)] = reader(str(value))
        except UnitError as error:
            mistakes.append(Mistake(f"{source}.{name}", str(error)))
    mistakes += [Mistake(f"{source}.{name}", "is missing") for name in required if name not in given]
    if mistakes:
        raise PlanError(*mistakes)
    return found


def seconds(text: str) -> float:
    """A time: 20ms, 3m."""
    return parse_duration(text)


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UnitError(f"{text!r} is no count: write a whole number such as 4")
    return int(text)


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    found = count(text)
    if found == 0:
        raise UnitError("is 0: it is at least 1")
    return found


def amount(text: str) -> float:
    """A number, 0 or more and finite."""
    found = parse_number(text)
    if not 0 <= found < float("inf"):
        raise UnitError(f"{text} is not 0 or more and finite")
    return found


def share(text: str) -> float:
    """A number from 0 to 1."""
    found = amount(text)
    if found > 1:
        raise UnitError(f"{text} is above 1")
    return found
