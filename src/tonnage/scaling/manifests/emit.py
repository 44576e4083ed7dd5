"""YAML with comments: plain values in, text out, keys in the order given.

Texts that any reader of YAML could take for something else are quoted as in JSON, which is YAML too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*", re.ASCII)
_RESERVED: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with a comment that stands before its key, or before its item."""

    value: Any
    note: str


def emit(*documents: Mapping[str, Any] | Noted) -> str:
    """The documents, `---` between them; the note of a document stands at its top."""
    return "---\n".join("".join(f"{line}\n" for line in _document(each)) for each in documents)


def comment(note: str, indent: str = "") -> Iterator[str]:
    """Comment lines of a note; its own line ends stay."""
    for paragraph in note.splitlines():
        for line in wrap(paragraph, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False) or [""]:
            yield f"{indent}# {line}".rstrip()


def _document(document: Mapping[str, Any] | Noted) -> Iterator[str]:
    value, note = (document.value, document.note) if isinstance(document, Noted) else (document, "")
    yield from comment(note)
    yield from _mapping(value, "")


def _mapping(node: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, each in node.items():
        value, note = (each.value, each.note) if isinstance(each, Noted) else (each, "")
        yield from comment(note, indent)
        head = f"{indent}{_text(key)}:"
        if isinstance(value, Mapping) and value:
            yield head
            yield from _mapping(value, f"{indent}  ")
        elif isinstance(value, list | tuple) and value:
            yield head
            yield from _items(value, f"{indent}  ")
        elif isinstance(value, str) and "\n" in value:
            yield f"{head} |"
            yield from (f"{indent}  {line}".rstrip() for line in value.splitlines())
        else:
            yield f"{head} {_scalar(value)}"


def _items(items: list[Any] | tuple[Any, ...], indent: str) -> Iterator[str]:
    for each in items:
        value, note = (each.value, each.note) if isinstance(each, Noted) else (each, "")
        yield from comment(note, indent)
        if not isinstance(value, Mapping) or not value:
            yield f"{indent}- {_scalar(value)}"
            continue
        # The item's dash takes the place of the first key's indentation; comments before that key come first.
        lines = list(_mapping(value, f"{indent}  "))
        first = next(i for i, line in enumerate(lines) if not line.lstrip().startswith("#"))
        yield from (f"{indent}{line.lstrip()}" for line in lines[:first])
        yield f"{indent}- {lines[first].lstrip()}"
        yield from lines[first + 1 :]


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        return _text(value)
    return "{}" if isinstance(value, Mapping) else json.dumps(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)
