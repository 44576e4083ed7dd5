"""A configuration file as a Layer: TOML, each key with its line.

The standard library's reader gives values without places, so a second, linear walk over the tokens of the (by then
valid) text finds the line of every key and array element.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Generator, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from tonnage.errors import Mistake
from tonnage.load.options_layer import Layer, Tier

LARGEST: Final = 1_000_000  # [B]
_MOST_PLACES: Final = 20_000  # more keys than any option takes
_MOST_DOTS: Final = 10_000  # of a line: the standard reader's time grows with the square of a key's parts

_TOKEN: Final = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>\#[^\n]*)|(?P<sign>[\[\]{}=,.\n])|(?P<word>[^\s\[\]{}=,.\"'\#]+)",
    re.DOTALL,
)


def read_toml(content: bytes | str, source: str, tier: Tier = "project file") -> Layer:
    """The options of `tonnage.toml`, or of `[tool.tonnage]` when `source` is a pyproject.toml; never raises.

    What cannot be read (larger than 1 MB, not UTF-8, not TOML) is a mistake of the layer, with its line.
    """
    try:
        values, text = _parse(content)
    except _Unreadable as error:
        line, message = error.args
        return Layer(source, tier=tier, mistakes=(Mistake("", message, f"{source}:{line}" if line else source),))
    prefix = ""
    if source.rpartition("/")[2] == "pyproject.toml":
        prefix = "tool.tonnage."
        for name in ("tool", "tonnage"):
            values = values.get(name, {}) if isinstance(values, Mapping) else {}
    if not isinstance(values, Mapping):
        return Layer(source, tier=tier, mistakes=(Mistake("tool.tonnage", "a table is needed", source),))
    own = (entry for entry in key_lines(text) if entry[0].startswith(prefix))
    places = {path.removeprefix(prefix): f"{source}:{line}" for path, line in islice(own, _MOST_PLACES)}
    return Layer(source, values, places, tier)


class _Unreadable(Exception):
    """(line or 0, message)."""


def _parse(content: bytes | str) -> tuple[Any, str]:
    if len(content) > LARGEST:
        raise _Unreadable(0, "the file is larger than 1 MB: options are a few lines; load data in the script instead")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, "the file is not UTF-8 text: save it as UTF-8") from None
    for number, line_text in enumerate(text.split("\n"), start=1):
        if line_text.count(".") > _MOST_DOTS:
            raise _Unreadable(number, f"the line has more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = re.search(r"\(at line ([0-9]+), column [0-9]+\)", message)
        line = int(found[1]) if found else text.count("\n") + 1
        raise _Unreadable(line, f"no TOML: {message}") from None
    except RecursionError:
        raise _Unreadable(0, "values are nested too deeply: options need three levels at most") from None
    except ValueError as error:  # an integer of thousands of digits
        raise _Unreadable(0, f"a value cannot be read: {str(error)[:80]}") from None


def key_lines(text: str) -> Iterator[tuple[str, int]]:
    """(dotted path, line) of every table, key and array element of a valid TOML text."""
    tokens = list(_tokens(text))
    table, counts, at = "", dict[str, int](), 0
    while at < len(tokens):
        token, line = tokens[at]
        if token == "\n":
            at += 1
        elif token == "[":
            is_array = tokens[at + 1][0] == "["
            path, at = _key(tokens, at + (2 if is_array else 1), "]")
            table = _numbered(path, counts)
            if is_array:
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            yield table, line
            at += 2 if is_array else 1
        else:
            path, at = _key(tokens, at, "=")
            path = f"{table}.{path}" if table else path
            yield path, line
            at = yield from _value(tokens, at + 1, path)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Tokens without comments, and the line on which each begins."""
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        if match.lastgroup != "comment":
            yield match[0], line


def _key(tokens: list[tuple[str, int]], at: int, end: str) -> tuple[str, int]:
    """The dotted key from `at` to the token `end`, and where that is."""
    begin = at
    while tokens[at][0] != end:
        at += 1
    return ".".join(_bare(token) for token, _ in tokens[begin:at] if token != "."), at


def _bare(token: str) -> str:
    return token[1:-1] if token[:1] in {'"', "'"} else token


def _numbered(path: str, counts: Mapping[str, int]) -> str:
    """The path with the index of the latest element of each array of tables on the way: a.b → a[1].b."""
    found = ""
    parts = path.split(".")
    for i, part in enumerate(parts):
        found = f"{found}.{part}" if found else part
        if found in counts and i < len(parts) - 1:
            found = f"{found}[{counts[found]}]"
    return found


def _value(tokens: list[tuple[str, int]], at: int, path: str) -> Generator[tuple[str, int], None, int]:
    """The places inside the value at `at`, elements of arrays and keys of inline tables; returns where it ends."""
    around: list[tuple[str, int]] = []  # path and number of the element; -1 in an inline table
    begins = False  # an element or a key
    while at < len(tokens) and (around or tokens[at][0] != "\n"):
        token, line = tokens[at]
        if begins and token not in {"\n", "]", "}", ","}:
            begins = False
            owner, number = around[-1]
            if number < 0:
                key, at = _key(tokens, at, "=")
                path = f"{owner}.{key}"
            else:
                path = f"{owner}[{number}]"
            yield path, line
        token = tokens[at][0]
        if token in {"[", "{"}:
            around.append((path, 0 if token == "[" else -1))
            begins = True
        elif token in {"]", "}"}:
            path, _ = around.pop()
        elif token == "," and around:
            owner, number = around[-1]
            around[-1] = (owner, number if number < 0 else number + 1)
            begins = True
        at += 1
    return at
