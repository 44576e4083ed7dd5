"""The seam between what a run is and what makes it.

Engine.start(plan, script, sink) -> Running        Running: stop · abort · wait
Sink.window · event · close
"""

from __future__ import annotations

from typing import Protocol

from tonnage.load.plan import Plan
from tonnage.metrics.window import Window
from tonnage.runs.run import Ending, Event
from tonnage.script.loader import Script

Identity = tuple[int, int, int]
"""(generator, epoch, start): what tells two windows apart, so that none is added twice."""


class Sink(Protocol):
    """Where windows and events go, on the thread that waits for the engine."""

    def window(self, identity: Identity, window: Window) -> None:
        """One second of measurements."""

    def event(self, event: Event) -> None:
        """Something that a reader of the run should know."""

    def close(self, ending: Ending | None) -> None:
        """The last call; without an ending the engine died."""


class Running(Protocol):
    """A run that is being made."""

    @property
    def is_stuck(self) -> bool:
        """Whether a script still holds a thread although the run has ended."""

    @property
    def fault(self) -> str:
        """Why the engine died, with its traceback; empty while it lives."""

    def stop(self) -> None:
        """No more starts; what runs may finish within its graceful stop."""

    def abort(self) -> None:
        """Interrupt what runs."""

    def wait(self, patience: float) -> bool:
        """Give the sink what has come within `patience` seconds; False when the run has ended."""


class Engine(Protocol):
    """Makes a run of a Plan."""

    def start(self, plan: Plan, script: Script | None, sink: Sink) -> Running:
        """Begin; nothing blocks but `Running.wait`."""
