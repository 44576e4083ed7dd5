"""Runs a script's functions on the core: coroutines by the core itself, plain functions as greenlets.

Greenlets are switched from the loop below and from nowhere else. No frame of the native core may lie on a stack that
switches, so a plain VU's calls come back to this loop as values, and the loop hands them to the core.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import traceback
from typing import Any

from greenlet import GreenletExit, greenlet

from tonnage.engine.vu import CoroutineVu, PlainVu
from tonnage.load.plan import Plan
from tonnage.runs.run import Event
from tonnage.script.loader import Script, line_of

LONGEST_TRACEBACK = 4000


class Behaviour:
    """What the VUs of one run do. Used by the engine's thread, but for `events`."""

    def __init__(self, plan: Plan, script: Script | None) -> None:
        self._plan, self._script = plan, script
        self._functions = [script.functions[scenario.exec] for scenario in plan.scenarios] if script else []
        hooks = script.hooks if script else {}
        self._hooks = {
            kind: function
            for kind, function in hooks.items()
            if not (kind == "setup" and plan.no_setup) and not (kind == "teardown" and plan.no_teardown)
        }
        self.limit = max((scenario.graceful_stop for scenario in plan.scenarios), default=30.0)
        self._data: str | None = None
        self._vus: dict[int, Any] = {}
        self._scenarios: dict[int, int] = {}
        self._greenlets: dict[int, greenlet] = {}
        self._seen: set[str] = set()
        self._events: list[Event] = []
        self._core: Any = None
        self._http: Any = None
        self._checks: Any = None

    @property
    def hooks(self) -> tuple[bool, bool, bool, bool]:
        """Whether there is a setup, a teardown, a start and a stop."""
        setup, teardown, start, stop = (kind in self._hooks for kind in ("setup", "teardown", "start", "stop"))
        return setup, teardown, start, stop

    def events(self) -> list[Event]:
        """What has been noted since the last call."""
        events, self._events = self._events, []
        return events

    def run(self, core: Any, http: Any) -> None:
        """Drive the core until the run has ended."""
        self._core, self._http, self._checks = core, http, core.checks()
        if self._script is not None:
            for index, metric in enumerate(self._script.metrics):
                metric.bind(core.metric(index))
        while (told := core.turn(self)) is not None:
            for vu, value in told:
                self._step(vu, value)

    # ---- called by the core ----

    def begin(self, vu: int, job: str, iteration: int, scenario: int) -> Any:
        """The coroutine of a job, or None where a plain function is to be run by the loop."""
        self._scenarios[vu] = scenario
        function = self._function(vu, job)
        state = self._vu(vu, function)
        state.iteration = iteration
        if isinstance(state, PlainVu):
            return None
        arguments = (state,) if takes_argument(function) else ()
        coroutine = function(*arguments)
        return self._keeping(coroutine) if job == "setup" else coroutine

    def raised(self, vu: int, job: str, error: BaseException) -> str:
        """Note an exception of the script; the kind under which it is counted."""
        kind = type(error).__name__
        path = self._script.declaration.source.path if self._script else ""
        line = line_of(error, path)
        key = f"{kind}:{line}"
        if key not in self._seen and len(self._seen) < 20:
            self._seen.add(key)
            text = "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
            place = f"{path}:{line}" if line else path
            self._events.append(Event(0.0, "script_error", f"{place}: {job} of VU {vu} raised {kind}: {error}\n{text}"))
        return kind

    # ---- plain functions ----

    def _step(self, vu: int, value: Any) -> None:
        """Tell a plain VU something and hand what it asks for to the core."""
        if value is False:
            self._interrupt(vu)
            return
        if isinstance(value, str):
            function = self._function(vu, value)
            self._greenlets[vu] = greenlet(self._body(vu, value, function))
            value = None
        running = self._greenlets[vu]
        self._core.enter(vu)
        asked = running.switch(value)
        if running.dead:
            del self._greenlets[vu]
            self._core.done(vu, asked)
        else:
            self._core.ask(vu, asked)

    def _body(self, vu: int, job: str, function: Any) -> Any:
        state = self._vus[vu]

        def body(_: Any) -> str | None:
            try:
                result = function(state) if takes_argument(function) else function()
                if job == "setup":
                    self._data = json.dumps(result)
            except GreenletExit:
                return None
            except BaseException as error:  # sys.exit in a script ends its iteration, not the run
                return self.raised(vu, job, error)
            return None

        return body

    def _interrupt(self, vu: int) -> None:
        running = self._greenlets.pop(vu, None)
        if running is not None and not running.dead:
            with contextlib.suppress(GreenletExit):
                running.throw(GreenletExit)

    # ---- VUs ----

    def _function(self, vu: int, job: str) -> Any:
        return self._functions[self._scenarios[vu]] if job == "iteration" else self._hooks[job]

    def _vu(self, vu: int, function: Any) -> Any:
        """The VU of this function's kind; hooks of the other kind get a VU of theirs with the same id."""
        is_coroutine = inspect.iscoroutinefunction(function)
        state = self._vus.get(vu)
        if state is None or isinstance(state, PlainVu) == is_coroutine:
            kind = CoroutineVu if is_coroutine else PlainVu
            state = self._vus[vu] = kind(vu, self._http, self._checks)
            state.env = self._environment(vu)
            state.seed = f"{self._plan.seed}:{vu}"
        if state.data is None and self._data is not None:
            state.data = json.loads(self._data)
        return state

    def _environment(self, vu: int) -> dict[str, str]:
        env = dict(self._plan.env)
        scenario = self._scenarios[vu]
        if scenario < len(self._plan.scenarios):
            env.update(self._plan.scenarios[scenario].env)
        return env

    async def _keeping(self, coroutine: Any) -> None:
        """What setup returns is data: each VU gets a copy of its own."""
        self._data = json.dumps(await coroutine)


def takes_argument(function: Any) -> bool:
    """Whether a function takes the VU; hooks may do without."""
    return bool(inspect.signature(function).parameters)
