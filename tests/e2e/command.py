"""The command `tonnage` as a process of its own, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("tonnage")
PATIENT = ("--limit", "arrival_lag=10s", "--limit", "loop_lag=10s", "--limit", "generator_cpu=1")
"""Limits of validity that a noisy machine does not reach."""

SCHEMA = json.loads((files("tonnage") / "schemas" / "summary.schema.json").read_text(encoding="utf-8"))
"""What every document on the standard output keeps."""

LONGEST = 60.0
"""Seconds after which a command that should have ended is killed, and its test fails."""


@dataclass
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str
    seconds: float

    @cached_property
    def document(self) -> Any:
        """The JSON document that is all of the standard output."""
        return json.loads(self.out)

    @property
    def reasons(self) -> str:
        return "\n".join(self.document["reasons"])

    def value(self, metric: str, statistic: str) -> Any:
        return self.document["metrics"][metric]["values"][statistic]


class Started:
    """A command that runs."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TONNAGE_", "COV_", "XDG_"))}
        clean |= {"HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "80", **environment}
        self._begin = time.monotonic()
        self.process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            cwd=folder,
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def read_error_line(self) -> str:
        """The next line of the error stream; blocks until there is one."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def finish(self, within: float = LONGEST) -> Finished:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: it did not come; the process is killed.
        """
        try:
            out, err = self.process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return Finished(self.process.returncode, out, err, time.monotonic() - self._begin)


@dataclass(frozen=True)
class Command:
    """The command in a folder of its own, which is also its home: no configuration of this machine reaches it."""

    folder: Path

    def __call__(self, *arguments: str, **environment: str) -> Finished:
        """Run it to its end."""
        return self.start(*arguments, **environment).finish()

    def run(self, *arguments: str, **environment: str) -> Finished:
        """`tonnage run … --json`, stored nowhere unless the arguments say where."""
        store = () if "--store" in arguments else ("--store", ":memory:")
        return self("run", *arguments, "--json", *store, *PATIENT, **environment)

    def together(self, *calls: tuple[str, ...]) -> list[Finished]:
        """Run several at once, to their ends."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda arguments: self(*arguments), calls))

    def start(self, *arguments: str, **environment: str) -> Started:
        return Started(self.folder, arguments, environment)

    @contextlib.contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator[Started]:
        """A command that is killed at the end of the block if it still runs."""
        started = self.start(*arguments, **environment)
        try:
            yield started
        finally:
            if started.process.poll() is None:
                started.signal(signal.SIGKILL)
            with contextlib.suppress(ValueError):  # its streams were read to their end
                started.process.communicate()

    def script(self, text: str, name: str = "script.py") -> str:
        """Write a script; its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name
