"""Plain text for a terminal: cleaned, measured, aligned, coloured last.

Names come from servers and scripts and may be hostile: nothing that a terminal would obey survives `Style.clean`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Paint = Literal["fail", "pass", "warn", "strong", "faint"]

_LONGEST: Final = 4096  # characters of a name that are looked at
# CSI and OSC sequences as a whole, so that their parameters do not stay behind as text.
_ESCAPES: Final = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ASCII: Final[Mapping[int, str]] = str.maketrans(
    {"≥": ">=", "–": "-", "…": "...", "µ": "u", "×": "x", "∞": "inf", "\u2212": "-", "\u202f": " ", "\u00a0": " "}
)
_COLORS: Final[Mapping[Paint, str]] = {"fail": "1;31", "pass": "32", "warn": "1;33", "strong": "1", "faint": "2"}


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show."""

    color: bool = False
    ascii: bool = False
    width: int = 80

    def clean(self, text: str) -> str:
        """The text in one line, without anything that a terminal obeys or that turns or hides other characters."""
        text = _ESCAPES.sub("", text[:_LONGEST])
        text = "".join(" " if c in "\t\n\r" else c for c in text if c in "\t\n\r" or _is_seen(c))
        text = " ".join(text.split())
        return text.translate(_ASCII).encode("ascii", "replace").decode("ascii") if self.ascii else text

    def clip(self, text: str, width: int) -> str:
        """The clean text in at most `width` columns, its end cut off visibly."""
        text = self.clean(text)
        if columns(text) <= width:
            return text
        mark = "..." if self.ascii else "…"
        kept = ""
        for c in text:
            if columns(kept + c + mark) > width:
                break
            kept += c
        return kept.rstrip() + mark

    def clip_middle(self, text: str, width: int) -> str:
        """The clean text in at most `width` columns, its middle cut out visibly: both ends tell it from others."""
        text = self.clean(text)
        if columns(text) <= width:
            return text
        tail = ""
        for c in reversed(text):
            if columns(c + tail) > width * 3 // 5:
                break
            tail = c + tail
        return self.clip(text, width - columns(tail)) + tail

    def paint(self, text: str, paint: Paint | None) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_COLORS[paint]}m{text}\x1b[0m" if self.color and paint else text


def columns(text: str) -> int:
    """How many columns of a terminal the clean text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, width: int, right: bool = False) -> str:
    """The text with blanks to fill `width` columns, before it where `right`."""
    blanks = " " * max(0, width - columns(text))
    return blanks + text if right else text + blanks


def wrapped(words: Iterable[str], width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Lines of words that are never broken, `first` before the first line and `rest` before the others."""
    line, empty = first, True
    for word in words:
        if not empty and columns(line) + 1 + columns(word) > width:
            yield line.rstrip()
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
    if not empty:
        yield line.rstrip()


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, and whether its cells stand at the right."""

    head: str
    right: bool = True


def table(head: Sequence[Column], rows: Sequence[Sequence[str]], style: Style, indent: str = "  ") -> list[str]:
    """Aligned lines, the head first; the first column takes what the others leave of the width, and is cut to it."""
    cells = [[style.clean(cell) for cell in row] for row in rows]
    heads = [column.head for column in head]
    widths = [max([columns(heads[i]), *(columns(row[i]) for row in cells)]) for i in range(len(head))]
    room = style.width - len(indent) - sum(widths[1:]) - 2 * (len(head) - 1)
    widths[0] = max(8, min(widths[0], room))
    lines = []
    for row in [heads, *cells]:
        first = padded(style.clip(row[0], widths[0]), widths[0])
        others = [padded(row[i], widths[i], head[i].right) for i in range(1, len(head))]
        lines.append((indent + "  ".join([first, *others])).rstrip())
    return lines


def _is_seen(c: str) -> bool:
    return (c.isascii() and c.isprintable()) or (not c.isascii() and unicodedata.category(c) not in _UNSEEN)
