"""Print the largest files and functions, so that growth is seen; style.md A.5 says what to aim at."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES, FUNCTIONS = 10, 10


def functions(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}") for node in found
    ]


def main() -> None:
    sources = sorted((ROOT / "src").rglob("*.py"))
    files = sources + sorted((ROOT / "crates").rglob("src/**/*.rs"))
    lengths = sorted(((len(path.read_text(encoding="utf-8").splitlines()), path) for path in files), reverse=True)
    longest = sorted((entry for path in sources for entry in functions(path)), reverse=True)
    write = sys.stdout.write
    write("largest files (aim: at most 400 lines)\n")
    for lines, path in lengths[:FILES]:
        write(f"  {lines:5d}  {path.relative_to(ROOT)}\n")
    write("longest Python functions (aim: at most 50 lines)\n")
    for lines, name in longest[:FUNCTIONS]:
        write(f"  {lines:5d}  {name}\n")


if __name__ == "__main__":
    main()
