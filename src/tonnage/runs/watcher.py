"""Looks at the thresholds once a second while a run is made, and says when one fails and when the run must stop."""

from __future__ import annotations

from tonnage.load.plan import Plan
from tonnage.metrics.window import Window
from tonnage.runs.run import Event, ThresholdResult
from tonnage.runs.verdict import judge_thresholds


class Watcher:
    """Remembers which thresholds have failed, so that each first failure is told once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._failed: set[int] = set()
        self._aborted = False
        self.results: tuple[ThresholdResult, ...] = ()

    def look(self, total: Window, elapsed: float) -> list[Event]:
        """Judge the total after `elapsed` seconds: events `threshold_failed` and, at most once, `threshold_abort`."""
        events = []
        self.results = tuple(judge_thresholds(self._plan, total, elapsed))
        for index, (threshold, result) in enumerate(zip(self._plan.thresholds, self.results, strict=True)):
            if result.ok is not False:
                continue
            name = f"{threshold.name} {threshold.expression}"
            if index not in self._failed:
                self._failed.add(index)
                events.append(Event(elapsed, "threshold_failed", name))
            if threshold.abort_on_fail and elapsed > threshold.delay_abort and not self._aborted:
                self._aborted = True
                text = f"the run was stopped at {elapsed:.0f} s because {name} failed and asks for it"
                events.append(Event(elapsed, "threshold_abort", text))
        return events
