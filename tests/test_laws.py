"""Laws that import-linter cannot see."""

import ast
from pathlib import Path

import tonnage

SOURCE = Path(__file__).parent.parent / "src" / "tonnage"
DOORS = {"demo", "engine", "metrics/histogram.py", "scaling/kernel.py"}


def importers_of_the_core() -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)]
            module = getattr(node, "module", None) or ""
            if (
                module == "tonnage._engine"
                or "tonnage._engine" in names
                or (module == "tonnage" and "_engine" in names)
            ):
                found.add(path.relative_to(SOURCE).as_posix())
    return found


def test_the_native_core_has_four_doors_and_no_more():
    outside = {path for path in importers_of_the_core() if not any(path.startswith(door) for door in DOORS)}
    assert not outside
    assert importers_of_the_core()


def test_the_public_names_are_sorted_and_exist():
    assert tonnage.__all__ == sorted(tonnage.__all__)
    assert all(hasattr(tonnage, name) for name in tonnage.__all__)


def test_only_the_world_reads_the_process():
    for path in (SOURCE / "cli").glob("*.py"):
        if path.name == "world.py":
            continue
        text = path.read_text(encoding="utf-8")
        assert "import os" not in text, path
        assert "sys.argv" not in text, path
        assert "import signal" not in text, path
