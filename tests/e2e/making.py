"""Runs on the native engine in this process, so that a test can look at the windows and into the script."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonnage.engine.base import Engine, Sink
from tonnage.engine.native import NativeEngine, NativeRunning
from tonnage.load.compose import compose, request_of
from tonnage.load.options import Layer, combine, defaults, from_script
from tonnage.load.plan import Plan
from tonnage.metrics import reading
from tonnage.metrics.reading import Trend
from tonnage.metrics.window import Window
from tonnage.runs.environment import Environment
from tonnage.runs.recorder import Recorder
from tonnage.runs.run import Event, Run, ThresholdResult, Verdict
from tonnage.runs.store import Store
from tonnage.runs.verdict import known_metrics
from tonnage.script.loader import Script, load_script
from tonnage.workflows.make_run import Session

ID = "20261124-194312-7f3a"
PATIENT = {"arrival_lag": 10.0, "loop_lag": 10.0, "generator_cpu": 1.0}
"""Limits of validity that a noisy machine does not reach: what a test wants to know is not how busy this one is."""

HEAD = """\
from tonnage import *
"""


class Silent:
    """Progress that nobody sees."""

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None: ...
    def event(self, event: Event) -> None: ...
    def close(self) -> None: ...


class Crashing(NativeEngine):
    """An engine with a defect, which shows after a while."""

    def __init__(self, after: float) -> None:
        super().__init__()
        self._after = after

    def start(self, plan: Plan, script: Script | None, sink: Sink) -> NativeRunning:
        running = super().start(plan, script, sink)
        threading.Timer(self._after, running._messages.crash).start()
        return running


@dataclass(frozen=True)
class Made:
    """A run that was made, and the script that made it."""

    run: Run
    verdict: Verdict
    script: Script | None
    session: Session

    def __getitem__(self, name: str) -> Any:
        """A global variable of the script, as the run left it."""
        assert self.script is not None
        return next(iter(self.script.functions.values())).__globals__[name]

    def count(self, metric: str, **tags: str) -> int:
        return reading.count(self.run.total, metric, tags)

    def rate(self, metric: str, **tags: str) -> reading.Rate:
        return reading.rate(self.run.total, metric, tags)

    def gauge(self, metric: str, **tags: str) -> Any:
        return reading.gauge(self.run.total, metric, tags)

    def trend(self, metric: str, **tags: str) -> Trend:
        return reading.trend(self.run.total, known_metrics(self.run.plan)[metric], tags)

    def events(self, kind: str) -> list[str]:
        return [event.text for event in self.run.events if event.kind == kind]

    def per_second(self, read: Callable[[Window], Any]) -> list[Any]:
        return [read(window) for window in self.run.windows if window.start >= 0]


@dataclass(frozen=True)
class Maker:
    """Makes runs; scripts are written to `folder`."""

    folder: Path

    def __call__(self, text: str, base_url: str | None = None, **options: Any) -> Made:
        """The run of a script, whose text needs no imports from tonnage; options as in a file (`vus=2`)."""
        path = self.folder / "script.py"
        path.write_text(HEAD + textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        script = load_script(path)
        if base_url is not None:
            options["base_url"] = base_url
        merged = combine([defaults(), from_script(script.declaration), _layer(options)])
        return self.of(compose(merged, script.declaration, None), script)

    def url(self, url: str, **options: Any) -> Made:
        """The run of one URL."""
        merged = combine([defaults(), _layer(options)])
        return self.of(compose(merged, None, request_of(url, merged)), None)

    def url_crashing(self, url: str, after: float, **options: Any) -> Made:
        """The run of one URL whose engine panics some seconds after its beginning."""
        merged = combine([defaults(), _layer(options)])
        return self.of(compose(merged, None, request_of(url, merged)), None, Crashing(after))

    def of(self, plan: Plan, script: Script | None, engine: Engine | None = None) -> Made:
        store = Store(":memory:")
        writer = store.create(plan, Environment(), "2026-11-24T19:43:12Z", ID)
        session = Session(plan, script, Recorder(writer), Silent())
        verdict = session.make(engine or NativeEngine())
        return Made(store.load(ID), verdict, script, session)


def _layer(options: Mapping[str, Any]) -> Layer:
    limits = PATIENT | options.get("limits", {})
    return Layer("flags", {**options, "limits": limits}, tier="flags")
