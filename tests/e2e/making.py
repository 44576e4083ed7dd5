"""Runs on the native engine in this process, so that a test can look at the windows and into the script."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonnage.engine.native import NativeEngine
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
HEAD = """\
from tonnage import *
"""


class Silent:
    """Progress that nobody sees."""

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None: ...
    def event(self, event: Event) -> None: ...
    def close(self) -> None: ...


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

    def of(self, plan: Plan, script: Script | None, during: Callable[[Session], None] | None = None) -> Made:
        store = Store(":memory:")
        session = Session(
            plan, script, Recorder(store.create(plan, Environment(), "2026-11-24T19:43:12Z", ID)), Silent()
        )
        if during is not None:
            during(session)
        verdict = session.make(NativeEngine())
        return Made(store.load(ID), verdict, script, session)


def _layer(options: Mapping[str, Any]) -> Layer:
    return Layer("flags", options, tier="flags")
