"""The world outside: arguments, environment, standard streams, folders, signals. Nothing else in the package reads it.

Tests replace a World; the rest of the program is told.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TextIO


@dataclass
class World:
    """What one call of the program is given."""

    environment: Mapping[str, str]
    cwd: Path
    stdout: TextIO
    stderr: TextIO
    arguments: tuple[str, ...] = ()
    store: Path | str | None = field(default=None)

    @classmethod
    def real(cls) -> World:
        """The world of this process."""
        # A stream that was closed by whoever started the program is None.
        out, err = (stream or io.StringIO() for stream in (sys.stdout, sys.stderr))
        return cls(dict(os.environ), Path.cwd(), out, err, tuple(sys.argv))

    @property
    def config_home(self) -> Path:
        """Where the user's configuration lies (XDG)."""
        return Path(self.environment.get("XDG_CONFIG_HOME") or self._home / ".config")

    @property
    def store_path(self) -> Path | str:
        """Where runs are stored: --store, TONNAGE_STORE, or the XDG data folder; ":memory:" for nowhere."""
        if self.store is not None:
            return self.store
        if given := self.environment.get("TONNAGE_STORE"):
            return Path(given) if given != ":memory:" else given
        return Path(self.environment.get("XDG_DATA_HOME") or self._home / ".local" / "share") / "tonnage" / "runs"

    @property
    def _home(self) -> Path:
        return Path(self.environment.get("HOME") or self.cwd)

    @property
    def interactive(self) -> bool:
        """Whether progress may be drawn on the error stream: a terminal, not CI, not a dumb one."""
        dumb = self.environment.get("TERM") == "dumb" or bool(self.environment.get("CI"))
        return self.stderr.isatty() and not dumb

    @property
    def color(self) -> bool:
        """Whether the result may be coloured."""
        if "NO_COLOR" in self.environment:
            return False
        return "FORCE_COLOR" in self.environment or self.stdout.isatty()

    @property
    def ascii(self) -> bool:
        """Whether the terminal cannot show more than ASCII."""
        encoding = (self.stdout.encoding or "ascii").lower()
        return "utf" not in encoding

    @property
    def width(self) -> int:
        """Columns of the terminal; 80 where there is none."""
        given = self.environment.get("COLUMNS", "")
        if given.isdigit() and int(given) > 0:
            return int(given)
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns
        except (OSError, ValueError):
            return 80

    def now(self) -> datetime:
        """The wall clock, once a run."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def run_id(self) -> str:
        """A fresh, sortable name of a run."""
        return f"{self.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    def on_stop(self, handler: Callable[[], None]) -> Callable[[], None]:
        """Call `handler` at each SIGINT, SIGTERM and SIGHUP; returns what restores the former handlers."""
        names = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])
        former = {name: signal.signal(name, lambda *_: handler()) for name in names}

        def restore() -> None:
            for name, handler_before in former.items():
                signal.signal(name, handler_before)

        return restore

    def say(self, text: str) -> None:
        """One text on the error stream; that nobody reads it is no reason to end a run."""
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.stderr, flush=True)

    def prints_diverted(self, divert: bool) -> AbstractContextManager[object]:
        """While it holds, what a script prints goes to the error stream: with --json the output is one document."""
        return redirect_stdout(self.stderr) if divert else nullcontext()

    def leave(self, code: int) -> NoReturn:
        """End the process at once, without waiting for a script that does not give its thread back."""
        for stream in (self.stdout, self.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
