"""Finds scripts that block the engine's thread, and names the line.

A blocking call (`time.sleep`, `requests`, a long computation) stops every VU of the generator, and makes arrivals late
by its own fault. A thread looks ten times a second whether one script has kept the engine for too long.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from types import FrameType
from typing import Any

from tonnage.script.loader import Script

TOO_LONG = 0.1
"""Seconds for which a script may keep the engine's thread before it is named."""

LONGEST = 30.0
"""Seconds after which a script that keeps the thread is raised into; its iteration counts as an error."""

ENDING = 0.25
"""The same once the run has to end."""

HOPELESS = 5.0
"""Seconds that a script has after that before the run is ended without it."""

HOPELESS_ENDING = 0.75
"""The same once the run has to end: a second signal ends the run within two seconds."""

LOOKS_PER_SECOND = 20
MOST_FINDINGS = 20


class ScriptInterrupted(BaseException):
    """Raised into a script that does not give the thread back."""


class Watchdog:
    """Watches one engine's thread. `watch.running()` is (vu, seconds) of the script that runs without a break."""

    def __init__(self, watch: Any, thread: threading.Thread, script: Script | None, outside: float = LONGEST) -> None:
        self._watch, self._thread = watch, thread
        self._path = script.declaration.source.path if script else ""
        self._found: dict[str, float] = {}
        self._told: set[str] = set()
        self._closed = threading.Event()
        self._outside = outside
        self._is_ending = False
        self._raised_at: float | None = None
        if script is not None:
            threading.Thread(target=self._main, name="tonnage-watchdog", daemon=True).start()

    @property
    def is_hopeless(self) -> bool:
        """Whether the script that runs has been raised into and goes on all the same."""
        grace = HOPELESS_ENDING if self._is_ending else HOPELESS
        return self._raised_at is not None and time.monotonic() - self._raised_at > grace

    def findings(self) -> list[str]:
        """Blocking places found since the last call, in words."""
        fresh = [place for place in list(self._found) if place not in self._told]
        self._told.update(fresh)
        return [
            f"{place} kept the engine for more than {TOO_LONG * 1000:.0f} ms: every VU waited for it; "
            "use vu.sleep and vu.http instead of blocking calls"
            for place in fresh
        ]

    def interrupt(self) -> None:
        """The run has to end now: a script that keeps the thread is raised into at once."""
        self._is_ending = True

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _main(self) -> None:
        while not self._closed.wait(1 / LOOKS_PER_SECOND):
            running = self._watch.running()
            if running is None or self._is_another_stay(running[1]):
                self._raised_at = None
            if running is None or running[1] < TOO_LONG:
                continue
            place = self._place()
            if place and len(self._found) < MOST_FINDINGS:
                self._found[place] = max(self._found.get(place, 0.0), running[1])
            if running[1] > self._longest(running[0]):
                self._raise()

    def _longest(self, vu: int) -> float:
        """Seconds that a VU may keep the thread; setup and teardown (VU 0) as many as they may last."""
        if self._is_ending:
            return ENDING
        return self._outside if vu == 0 else LONGEST

    def _is_another_stay(self, seconds: float) -> bool:
        """Whether the script that runs began after the last one was raised into."""
        return self._raised_at is not None and time.monotonic() - seconds > self._raised_at

    def _place(self) -> str:
        """The innermost line of the script on the engine's stack."""
        frame: FrameType | None = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                return f"{self._path}:{frame.f_lineno}"
            frame = frame.f_back
        return ""

    def _raise(self) -> None:
        """Raise in the script at its next bytecode; a call that never returns to Python cannot be ended so."""
        if self._raised_at is None:
            self._raised_at = time.monotonic()
        ident = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(ScriptInterrupted))
