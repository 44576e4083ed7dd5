"""The native engine: one thread that makes load by the core in Rust and runs scripts on it.

The engine's thread owns the core; the thread that called `start` reads windows and events by `Running.wait`, so that
signals and display stay there. `async def` VUs are resumed by the core itself; plain `def` VUs are greenlets, switched
by the loop in `engine.behaviour`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from typing import Any

from tonnage import _engine
from tonnage.engine.base import Identity, Sink
from tonnage.engine.behaviour import Behaviour
from tonnage.engine.health import Health
from tonnage.engine.watchdog import Watchdog
from tonnage.errors import EngineError
from tonnage.load.plan import Plan
from tonnage.metrics.window import Gauge, Window, series_of
from tonnage.runs.run import Ending, Event
from tonnage.script.loader import Script

SWITCH_INTERVAL = 0.000_5
"""Seconds after which the interpreter lets another thread run: the display must not make arrivals late."""


def is_optimised() -> bool:
    """Whether the core was built for measuring; a debug build is ten times slower."""
    return _engine.OPTIMISED


class NativeEngine:
    """`Engine` over `tonnage._engine`, for one generator."""

    def __init__(self, generator: int = 0, epoch: int = 0) -> None:
        self._generator, self._epoch = generator, epoch

    def start(self, plan: Plan, script: Script | None, sink: Sink) -> NativeRunning:
        """Start the engine's thread.

        Raises:
            EngineError: the core cannot be made; the message says why.
        """
        return NativeRunning(plan, script, sink, (self._generator, self._epoch))


class NativeRunning:
    """A run on the native engine."""

    def __init__(self, plan: Plan, script: Script | None, sink: Sink, identity: tuple[int, int]) -> None:
        self._plan, self._script, self._sink, self._identity = plan, script, sink, identity
        self._ready = threading.Event()
        self._error = ""
        self._fault = ""
        self._messages: Any = None
        self._ended = False
        self._behaviour = Behaviour(plan, script)
        self._health = Health(plan.limits, identity[0])
        self._watchdog: Watchdog | None = None
        self._last_second = 0.0
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._main, name="tonnage-engine", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._messages is None:
            raise EngineError(f"the engine could not start: {self._error}")
        outside = max(plan.setup_timeout, plan.teardown_timeout)
        self._watchdog = Watchdog(self._watch, self._thread, script, outside)

    def stop(self) -> None:
        """No more starts; what runs may finish within its graceful stop."""
        self._messages.stop()
        grace = max((scenario.graceful_stop for scenario in self._plan.scenarios), default=0.0)
        self._deadline = min(self._deadline, time.monotonic() + grace)

    def abort(self) -> None:
        """Interrupt what runs; a script that does not give the thread back is raised into."""
        self._messages.abort()
        if self._watchdog is not None:
            self._watchdog.interrupt()

    @property
    def is_stuck(self) -> bool:
        """Whether the engine's thread still runs a script although the run has ended."""
        return self._ended and self._thread.is_alive()

    @property
    def fault(self) -> str:
        """Why the engine died, with all that is known of the place; empty while it lives."""
        return self._fault

    def wait(self, patience: float) -> bool:
        """Give the sink what has come within `patience` seconds; False when the run has ended."""
        if self._ended:
            return False
        was_alive = self._thread.is_alive()
        message = self._messages.next(patience)
        if message is not None:
            self._deliver(message)
        elif not was_alive:
            self._end(None)
        elif self._watchdog is not None:
            self._look_after(self._watchdog)
        self._tell_of_scripts()
        return not self._ended

    def _tell_of_scripts(self) -> None:
        """Pass on what scripts raised and where they blocked, at the second under way."""
        for text in self._behaviour.errors():
            self._sink.event(Event(self._last_second, "script_error", text))
        for text in self._watchdog.findings() if self._watchdog is not None else ():
            self._sink.event(Event(self._last_second, "script_blocked", text))

    def _look_after(self, watchdog: Watchdog) -> None:
        """No message came: a script may hold the thread beyond the end of the run, and then has to give it back."""
        if time.monotonic() > self._deadline:
            watchdog.interrupt()
        if watchdog.is_hopeless:
            text = "a script never gave the engine's thread back, so the run was ended without it"
            self._sink.event(Event(self._last_second, "script_stuck", text))
            self._end(Ending("stopped", self._last_second, self._last_second))

    def _deliver(self, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "window":
            identity, window = decode_window(rest[0])
            if window.start < 0:  # the start is released
                ends = [scenario.start_time + scenario.executor.duration + scenario.graceful_stop
                        for scenario in self._plan.scenarios]  # fmt: skip
                self._deadline = min(self._deadline, time.monotonic() + max(ends, default=0.0))
            self._last_second = float(max(0, window.end))
            self._sink.window(identity, window + self._health.window(identity[2]))
            for event in self._health.events():
                self._sink.event(event)
        elif kind == "event":
            self._sink.event(Event(*rest))
        else:
            self._end(Ending(*rest) if kind == "ended" else None)

    def _end(self, ending: Ending | None) -> None:
        self._ended = True
        is_hopeless = self._watchdog is not None and self._watchdog.is_hopeless
        self._thread.join(timeout=0.0 if is_hopeless else 1.0)
        if self._watchdog is not None:
            self._watchdog.close()
        self._tell_of_scripts()
        if ending is None:
            self._fault = self._error or "the engine's thread ended without a word"
            what = self._fault.splitlines()[0]
            self._sink.event(Event(self._last_second, "engine_crashed", f"the engine died: {what}"))
        self._sink.close(ending)

    def _main(self) -> None:
        try:
            plan = json.dumps(self._plan.to_dict())
            core = _engine.Core(
                plan, self._behaviour.hooks, (self._plan.setup_timeout, self._plan.teardown_timeout), *self._identity
            )
            self._watch = core.watch()
            self._messages = core.messages()
            self._health.engine_thread = threading.get_native_id()
            self._ready.set()
            previous = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_INTERVAL)
            try:
                self._run(core, plan)
            finally:
                sys.setswitchinterval(previous)
        except BaseException as error:  # the thread's end must reach the reader, whatever it is
            # Kept as text: a kept traceback would keep the core, and the core the channel of messages open.
            details = [_engine.last_panic(), "".join(traceback.format_exception(error))]
            self._error = "\n".join([f"{type(error).__name__}: {error}", "", *filter(None, details)])
        finally:
            self._ready.set()

    def _run(self, core: Any, plan: str) -> None:
        http = core.http(plan)
        if self._script is None:
            core.run_url(http)
        else:
            self._behaviour.run(core, http)


def decode_window(data: bytes) -> tuple[Identity, Window]:
    """A window of the native core, and what tells it from others."""
    (generator, epoch, start, length), counters, gauges, histograms = _engine.decode_window(data)
    window = Window(
        start,
        length,
        {series_of(key): value for key, value in counters.items()},
        {series_of(key): Gauge(*value) for key, value in gauges.items()},
        {series_of(key): value for key, value in histograms.items()},
    )
    return (generator, epoch, start), window
