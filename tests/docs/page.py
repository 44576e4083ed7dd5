"""Runs the blocks of one page, in order, in a folder of their own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import ROOT, Block, Step, blocks, steps

DEMO = re.compile(r"127\.0\.0\.1:8080")
EXEMPT = ("make ", "git ")
"""Commands that are not run: they build, or last for minutes."""
PATIENCE = 40.0

_WORD = re.compile(r"[^\W\d_][^\W\d]{2,}")
_RUN_ID = r"\d{8}-\d{6}-[0-9a-f]{4}(?:\.db)?"
_UNIT = re.compile(rf"\S*…\S*|{_RUN_ID}|\d ?(?:ns|µs|us|ms|min|[smhd]|[kMG]?i?B)\b")


@dataclass(frozen=True)
class Result:
    """What came of a command."""

    command: str
    code: int
    stdout: str
    stderr: str
    shown: str


class Page:
    """A folder, an environment and a demo service for the commands of one page."""

    def __init__(self, path: Path, folder: Path, demo_url: str) -> None:
        self.path, self.folder = path, folder
        self._host = demo_url.removeprefix("http://")
        self._services: list[subprocess.Popen[str]] = []
        self._environment = environment(folder)
        (folder / "examples").symlink_to(ROOT / "examples")

    def run(self) -> dict[str, list[Result]]:
        """The results of every block, by its id."""
        results: dict[str, list[Result]] = {}
        try:
            for block in blocks(self.path):
                results[block.id] = self._block(block)
        finally:
            for service in self._services:
                service.terminate()
                service.communicate(timeout=10)
        return results

    def _block(self, block: Block) -> list[Result]:
        if name := block.asks.get("file"):
            (self.folder / name).write_text(block.text, encoding="utf-8")
        if "not run" in block.asks:
            return []
        if block.language == "python":
            return [self._python(block)]
        if block.language == "console":
            return self._console(block)
        if block.language == "sql":
            code = (
                "import sqlite3, sys, glob; sql = sqlite3.connect(sorted(glob.glob('store/*.db'))[-1]);"
                "print(sql.execute(sys.stdin.read()).fetchall())"
            )
            return [self._call(f"python -c {shlex.quote(code)}", "", 0, block.text)]
        return []

    def _python(self, block: Block) -> Result:
        name = block.asks.get("file", f"block_{block.line}.py")
        (self.folder / name).write_text(block.text, encoding="utf-8")
        if is_script(block.text):
            command = f"tonnage run {name} --base-url http://127.0.0.1:8080 -u 2 -i 4 --no-thresholds -q"
            return self._call(command + (" " + block.asks["run"] if "run" in block.asks else ""), "", 0)
        return self._call(f"python {name}", "", 0)

    def _console(self, block: Block) -> list[Result]:
        results: list[Result] = []
        code = 0
        for step in steps(block):
            if step.command.startswith(EXEMPT):
                continue
            if step.command.startswith("tonnage demo serve"):
                self._serve(step.command)
                continue
            results.append(self._call(self._shortened(block, step), step.shown, code))
            code = results[-1].code
        return results

    def _shortened(self, block: Block, step: Step) -> str:
        asked = block.asks.get("run", "")
        if asked.startswith("tonnage ") and step.command.startswith("tonnage run "):
            return asked
        if step.command.startswith("tonnage run ") and "--explain" not in step.command:
            command, pipe, rest = step.command.partition(" | ")
            command, to, file = command.partition(" > ")
            return f"{command} {asked}{to}{file}{pipe}{rest}"
        return step.command

    def _call(self, command: str, shown: str, code_before: int, stdin: str | None = None) -> Result:
        command = DEMO.sub(self._host, command)
        done = subprocess.run(
            ["bash", "-c", f"(exit {code_before}); {command}"],
            cwd=self.folder,
            env=self._environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(command, done.returncode, done.stdout, done.stderr, shown)

    def _serve(self, command: str) -> None:
        """Start the service that the page starts, on a port of its own; the page talks to it from here on."""
        arguments = [*shlex.split(command.removesuffix("&").strip())[1:], "--port", "0"]
        tonnage = str(Path(sys.executable).with_name("tonnage"))
        service = subprocess.Popen(
            [tonnage, *arguments], cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        self._services.append(service)
        assert service.stdout is not None
        self._host = service.stdout.readline().strip().removeprefix("http://")
        assert self._host, f"{command} did not start"


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the machine's own configuration; limits that a busy machine does not break."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TONNAGE_", "XDG_", "COV_"))}
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', '')}",
        "HOME": str(folder),
        "TONNAGE_STORE": str(folder / "store"),
        "TONNAGE_LIMITS_ARRIVAL_LAG": "5s",
        "TONNAGE_LIMITS_LOOP_LAG": "5s",
        "TONNAGE_LIMITS_GENERATOR_CPU": "1",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "CI": "true",
    }


def is_script(text: str) -> bool:
    """Whether a block of Python is a load script; any other is executed."""
    return "@scenario" in text or "def default(" in text


def words(text: str) -> list[str]:
    """The words of an output without numbers, units, cut names and punctuation: what stays when it is printed again."""
    return _WORD.findall(_UNIT.sub(" ", text.replace("VUs", "VU")))


def is_shape_of(shown: str, printed: str) -> bool:
    """Whether the shown words are printed, in their order; what is left out between them does not matter."""
    rest = iter(words(printed))
    return all(word in rest for word in words(shown))
