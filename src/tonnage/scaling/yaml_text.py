"""YAML as people hand it in: read strictly, with the line of every value, and never trusted.

Texts are bounded in size, depth, aliases and values; tags that would make objects, keys that stand twice, merge keys
and numbers that are none are refused. Scalars mean what YAML 1.2's core schema says, so that `08:00` and `no` stay
texts. All mistakes of a text are told at once, each with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UsageError

LARGEST: Final = 1_000_000  # [B]
DEEPEST: Final = 40
MOST_ALIASES: Final = 100
MOST_VALUES: Final = 50_000

_CORE_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_NULL: Final = re.compile(r"~|null|Null|NULL|")
_TRUTH: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]{1,400}", re.ASCII)
_OTHER_BASE: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(frozen=True)
class Document:
    """One document of a YAML text: mappings, lists, texts, numbers, truth values and None, and where each stands.

    `lines` maps paths such as "spec.metrics[0].type" to lines, counted from 1; "" is the document itself.
    """

    value: Any
    source: str = ""
    lines: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    mistakes: tuple[Mistake, ...] = ()

    def place(self, path: str) -> str:
        """`source:line` of a path, or of the nearest thing around it that exists."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        line = self.lines.get(path)
        return f"{self.source}:{line}" if line else self.source

    def located(self, mistake: Mistake) -> Mistake:
        """A mistake at a path, with the line as its source."""
        return Mistake(mistake.path, mistake.message, self.place(mistake.path))


class _Refused(Exception):
    """A text that is not read on: what is wrong, and in which line."""

    def __init__(self, message: str, line: int) -> None:
        self.message, self.line = message, line
        super().__init__(message)


def read_documents(content: str | bytes, source: str = "") -> list[Document]:
    """The documents of a YAML text that are not empty.

    Keys that stand twice and numbers that are not finite do not end the reading: they are in `Document.mistakes`.

    Raises:
        PlanError: too large, not UTF-8, not YAML, beyond a limit, or with a tag or merge key; with its line.
        UsageError: PyYAML is not installed.
    """
    text = decoded(content, source)
    try:
        return [document for document in _Builder(source).documents(text) if document.value is not None]
    except _Refused as error:
        raise PlanError(Mistake("", error.message, f"{source}:{error.line}")) from None


def decoded(content: str | bytes, source: str = "") -> str:
    """The text of a policy, not too large and in UTF-8.

    Raises:
        PlanError: it is not.
    """
    if len(content) > LARGEST:
        raise PlanError(Mistake("", f"is larger than {LARGEST} bytes: a policy is a page of text", source))
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PlanError(Mistake("", "is not UTF-8 text: save it as UTF-8", f"{source}:{line}")) from None


def _events(text: str) -> Iterator[Any]:
    """PyYAML's events, from which nothing has been made yet."""
    try:
        import yaml
    except ImportError:
        raise UsageError("reading YAML needs PyYAML: install tonnage[policy]") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise _Refused(f"is no YAML: {problem}", mark.line + 1 if mark else 1) from None


@dataclass
class _Made:
    """A value, how many values it stands for when aliases are written out, and the lines of its parts."""

    value: Any
    size: int
    lines: dict[str, int]


class _Builder:
    """Makes plain values from events, and counts what it makes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.aliases = 0
        self.mistakes: list[Mistake] = []
        self.anchors: dict[str, _Made] = {}

    def documents(self, text: str) -> Iterator[Document]:
        events = _events(text)
        for event in events:
            if type(event).__name__ != "DocumentStartEvent":
                continue
            self.mistakes, self.anchors = [], {}
            made = self.value(next(events), events, "", 1)
            yield Document(made.value, self.source, made.lines, tuple(self.mistakes))

    def value(self, event: Any, events: Iterator[Any], path: str, depth: int) -> _Made:
        kind, line = type(event).__name__, event.start_mark.line + 1
        if depth > DEEPEST:
            raise _Refused(f"is nested deeper than {DEEPEST} levels", line)
        if kind == "AliasEvent":
            return self.alias(event.anchor, path, line)
        if event.tag and event.tag != "!" and event.tag not in _CORE_TAGS:
            raise _Refused(f"tag {event.tag!r} is refused: only plain values are read", line)
        if kind == "ScalarEvent":
            made = _Made(self.scalar(event, path, line), 1, {path: line})
        elif kind == "SequenceStartEvent":
            made = self.sequence(events, path, depth, line)
        else:
            made = self.mapping(events, path, depth, line)
        if made.size > MOST_VALUES:
            raise _Refused(f"stands for more than {MOST_VALUES} values", line)
        if event.anchor:
            self.anchors[event.anchor] = made
        return made

    def alias(self, name: str, path: str, line: int) -> _Made:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise _Refused(f"has more than {MOST_ALIASES} aliases", line)
        made = self.anchors.get(name)
        if made is None:
            raise _Refused(f"alias *{name} has no anchor before it, or stands inside its own", line)
        return _Made(made.value, made.size, {path: line})

    def sequence(self, events: Iterator[Any], path: str, depth: int, line: int) -> _Made:
        values: list[Any] = []
        whole = _Made(values, 1, {path: line})
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            self.add(whole, part := self.value(event, events, f"{path}[{len(values)}]", depth + 1), line)
            values.append(part.value)
        return whole

    def mapping(self, events: Iterator[Any], path: str, depth: int, line: int) -> _Made:
        values: dict[str, Any] = {}
        whole = _Made(values, 1, {path: line})
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            at = event.start_mark.line + 1
            key = self.key(event, at)
            inside = f"{path}.{key}" if path else key
            part = self.value(next(events), events, inside, depth + 1)
            if key in values:
                first = whole.lines[inside]
                message = f"stands twice, first in line {first}: keep one"
                self.mistakes.append(Mistake(inside, message, f"{self.source}:{at}"))
                continue
            self.add(whole, part, line)
            values[key], whole.lines[inside] = part.value, at
        return whole

    def key(self, event: Any, line: int) -> str:
        if type(event).__name__ != "ScalarEvent":
            raise _Refused("a key is a text, not a list, a mapping or an alias", line)
        if event.tag and event.tag != "!" and event.tag not in _CORE_TAGS:
            raise _Refused(f"tag {event.tag!r} is refused: only plain values are read", line)
        if event.value == "<<" and event.implicit[0]:
            raise _Refused("merge keys (<<) are not read: write the keys out", line)
        return str(event.value)

    def scalar(self, event: Any, path: str, line: int) -> Any:
        """A scalar by YAML 1.2's core schema; quoted ones and those tagged !!str are texts."""
        text: str = event.value
        if event.tag in ("tag:yaml.org,2002:str", "!") or not event.implicit[0]:
            return text
        if _NULL.fullmatch(text):
            return None
        value = _TRUTH.get(text, _number(text))
        if isinstance(value, float) and not math.isfinite(value):
            self.mistakes.append(Mistake(path, f"is {text}, which is not finite", f"{self.source}:{line}"))
        return text if value is None else value

    @staticmethod
    def add(whole: _Made, part: _Made, line: int) -> None:
        whole.size += part.size
        whole.lines.update(part.lines)
        if whole.size > MOST_VALUES:
            raise _Refused(f"stands for more than {MOST_VALUES} values", line)


def _number(text: str) -> int | float | None:
    """The number that a plain scalar is, None when it is a text."""
    if _INT.fullmatch(text):
        return int(text)
    if len(text) < 20 and _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if len(text) <= 400 and _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "", 1)) if _NO_NUMBER.fullmatch(text) else None
