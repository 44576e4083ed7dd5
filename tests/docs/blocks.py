"""The fenced blocks of the documentation, and what the comments above them ask for.

<!-- run: -d 1s -->            flags that shorten every `tonnage run` of the block in tests
<!-- run: tonnage … -->        a shorter command in place of the block's only one
<!-- exit: 99 -->              the exit code of the block's last command, where the output does not say it
<!-- file: shop.py -->         the block is this file for the blocks that follow on the page
<!-- not run: why -->          the block is not run
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_COMMENT = re.compile(r"<!-- (run|exit|file|not run): (.*?) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    asks: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """README and every page of docs, decision records aside."""
    own = (path for path in (ROOT / "docs").rglob("*.md") if "adr" not in path.parts)
    return [ROOT / "README.md", *sorted(own)]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    asks: dict[str, str] = {}
    lines = page.read_text(encoding="utf-8").splitlines()
    begin = None
    for number, line in enumerate(lines, start=1):
        if begin is None and line.startswith("```"):
            begin = number
        elif begin is not None and line.startswith("```"):
            language = lines[begin - 1].removeprefix("```").strip()
            yield Block(page, begin, language, "\n".join(lines[begin : number - 1]) + "\n", asks)
            begin, asks = None, {}
        elif begin is None:
            found = dict(_COMMENT.findall(line))
            asks = asks | found if found or not line.strip() else {}


def all_blocks() -> list[Block]:
    return [block for page in pages() for block in blocks(page)]


@dataclass(frozen=True)
class Step:
    """A command of a console block, and the output that is shown after it."""

    command: str
    shown: str


def steps(block: Block) -> list[Step]:
    """The commands of a console block; a backslash at the end of a line goes on in the next."""
    found: list[Step] = []
    command, shown, more = None, list[str](), False
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                found.append(Step(command, "\n".join(shown)))
            command, shown, more = line[2:].partition("  #")[0], [], line.endswith("\\")
        elif more and command is not None:
            command, more = f"{command[:-1]}{line.lstrip('> ')}", line.endswith("\\")
        else:
            shown.append(line)
    if command is not None:
        found.append(Step(command, "\n".join(shown)))
    return found
