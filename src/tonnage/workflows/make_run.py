"""One run, from a Plan to a judged Run: engine → windows → recorder and watcher → verdict."""

from __future__ import annotations

from typing import Protocol

from tonnage.engine.base import Engine, Identity, Running
from tonnage.errors import StoreError
from tonnage.load.plan import Plan
from tonnage.metrics.window import Window
from tonnage.runs.recorder import Recorder
from tonnage.runs.run import Ending, Event, ThresholdResult, Verdict
from tonnage.runs.verdict import judge
from tonnage.runs.watcher import Watcher
from tonnage.script.loader import Script

PATIENCE = 0.25
"""Seconds for which one wait lasts at most, so that a signal is obeyed soon."""


class Progress(Protocol):
    """Shows a run while it is made."""

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None:
        """A second has ended; `last` is the sum of the last ten."""

    def event(self, event: Event) -> None:
        """Something to be told at once."""

    def close(self) -> None:
        """The run has ended."""


class Session:
    """The making of one run; `ask_to_stop` may be called at any time, by a signal handler too."""

    def __init__(self, plan: Plan, script: Script | None, recorder: Recorder, progress: Progress) -> None:
        self._plan, self._script = plan, script
        self._recorder, self._progress = recorder, progress
        self._watcher = Watcher(plan)
        self._running: Running | None = None
        self._ending: Ending | None = None
        self._elapsed = 0
        self._asked = 0

    def make(self, engine: Engine) -> Verdict:
        """Make the run and judge it; the recorder has stored it when this returns."""
        self._running = engine.start(self._plan, self._script, self)
        if self._asked:
            self._running.stop()
        while self._running.wait(PATIENCE):
            pass
        self._progress.close()
        verdict = self._judged()
        ending = self._ending or Ending("crashed", float(self._elapsed), float(self._elapsed))
        try:
            self._recorder.finish(ending, verdict)
        except StoreError as error:
            self.event(Event(float(self._elapsed), "data_lost", f"how the run ended could not be stored: {error}"))
            return self._judged()
        return verdict

    def _judged(self) -> Verdict:
        return judge(self._plan, self._recorder.total(), self._ending, self._recorder.events)

    @property
    def is_stuck(self) -> bool:
        """Whether a script still holds a thread of this process, which then must not be waited for."""
        return self._running is not None and self._running.is_stuck

    @property
    def fault(self) -> str:
        """Why the engine died, with its traceback; empty where it did not."""
        return self._running.fault if self._running is not None else ""

    def ask_to_stop(self) -> None:
        """Once: no more starts, what runs may finish. Twice: stop at once."""
        self._asked += 1
        if self._asked == 1:
            self.event(Event(float(self._elapsed), "signal", f"stopped by a signal after {self._elapsed} s"))
        if self._running is not None:
            stop = self._running.stop if self._asked == 1 else self._running.abort
            stop()

    # ---- Sink ----

    def window(self, identity: Identity, window: Window) -> None:
        """One second has been measured."""
        self._recorder.window(identity, window)
        if window.start < 0:
            return
        self._elapsed = max(self._elapsed, window.end)
        for event in self._watcher.look(self._recorder.total(), float(self._elapsed)):
            self.event(event)
            if event.kind == "threshold_abort" and self._running is not None:
                self._running.stop()
        self._progress.second(self._elapsed, self._recorder.last(10), self._watcher.results)

    def event(self, event: Event) -> None:
        """Something that a reader of the run should know."""
        self._recorder.event(event)
        self._progress.event(event)

    def close(self, ending: Ending | None) -> None:
        """The load has ended."""
        self._ending = ending
