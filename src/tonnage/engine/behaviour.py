"""Runs a script's functions on the core: coroutines by the core itself, plain functions as greenlets.

Greenlets are switched from the loop below and from nowhere else. No frame of the native core may lie on a stack that
switches, so a plain VU's calls come back to this loop as values, and the loop hands them to the core.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import traceback
from collections.abc import Iterator
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from tonnage.engine.vu import Calls, CoroutineVu, PlainVu
from tonnage.engine.watchdog import ScriptInterrupted
from tonnage.load.plan import Plan
from tonnage.script.loader import Script, line_of

LONGEST_TRACEBACK = 4000


class Behaviour:
    """What the VUs of one run do. Used by the engine's thread, but for `errors`."""

    def __init__(self, plan: Plan, script: Script | None) -> None:
        self._plan, self._script = plan, script
        self._functions = [script.functions[scenario.exec] for scenario in plan.scenarios] if script else []
        hooks = script.hooks if script else {}
        self._hooks = {
            kind: function
            for kind, function in hooks.items()
            if not (kind == "setup" and plan.no_setup) and not (kind == "teardown" and plan.no_teardown)
        }
        self._data: str | None = None
        self._vus: dict[int, Any] = {}
        self._scenarios: dict[int, int] = {}
        self._greenlets: dict[int, greenlet] = {}
        self._seen: set[str] = set()
        self._errors: list[str] = []
        self._calls: Calls | None = None

    @property
    def hooks(self) -> tuple[bool, bool, bool, bool]:
        """Whether there is a setup, a teardown, a start and a stop."""
        setup, teardown, start, stop = (kind in self._hooks for kind in ("setup", "teardown", "start", "stop"))
        return setup, teardown, start, stop

    def errors(self) -> list[str]:
        """Exceptions of the script noted since the last call, one text a kind and line."""
        errors, self._errors = self._errors, []
        return errors

    def run(self, core: Any, http: Any) -> None:
        """Drive the core until the run has ended."""
        self._calls = Calls(http, core.checks())
        core.bind(self)
        if self._script is not None:
            for index, metric in enumerate(self._script.metrics):
                metric.bind(core.metric(index))
        with quiet_collector():
            self._loop(core)

    # ---- called by the core ----

    def iterate(self, vu: int, scenario: int) -> tuple[Any, Any]:
        """What a VU iterates: its state, and the coroutine function; None for a plain one, which the loop runs."""
        self._scenarios[vu] = scenario
        function = self._functions[scenario]
        state = self._vu(vu, function)
        return state, None if isinstance(state, PlainVu) else function

    def begin(self, vu: int, job: str, scenario: int) -> Any:
        """The coroutine of a hook, or None where it is a plain function, which the loop runs."""
        self._scenarios[vu] = scenario
        function = self._hooks[job]
        state = self._vu(vu, function)
        if isinstance(state, PlainVu):
            return None
        coroutine = function(*([state] if takes_argument(function) else []))
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
            said = f"{place}: {job} of VU {vu} raised {kind}: {_words(error)}"
            self._errors.append(f"{said}\n{text}")
        return kind

    # ---- plain functions ----

    def _loop(self, core: Any) -> None:
        """Tell plain VUs what the core has for them, and hand what they ask for to the core.

        The only place from which greenlets are switched. A greenlet lives as long as its VU: between two jobs it waits
        here, which saves the making of one per iteration (about 1 µs).
        """
        greenlets, step, asked = self._greenlets, core.step, None
        going_on = True
        while going_on:
            # The watchdog raises into the thread, and a script may just have given it back by itself.
            with contextlib.suppress(ScriptInterrupted):
                while (told := step(asked)) is not None:
                    vu, value = told
                    if value is False:
                        self._interrupt(core, vu)
                        asked = None
                        continue
                    running = greenlets.get(vu)
                    if running is None:
                        running = greenlets[vu] = greenlet(self._body(vu))
                    asked = running.switch(value)
                going_on = False

    def _body(self, vu: int) -> Any:
        """What the greenlet of a VU does: one job after another; the end of each is told as None or an error's kind."""

        def body(job: str) -> None:
            switch = getcurrent().parent.switch  # type: ignore[union-attr]  # the loop is the parent
            while True:
                job = switch(self._do(vu, job))

        return body

    def _do(self, vu: int, job: str) -> str | None:
        function = self._function(vu, job)
        state = self._vu(vu, function) if job != "iteration" else self._vus[vu]
        try:
            result = function(state) if job == "iteration" or takes_argument(function) else function()
            if job == "setup":
                self._data = json.dumps(result)
            elif result is not None and inspect.isawaitable(result):
                raise _not_awaited(function, result)
        except GreenletExit:
            raise
        except BaseException as error:  # sys.exit in a script ends its iteration, not the run
            return self.raised(vu, job, error)
        return None

    def _interrupt(self, core: Any, vu: int) -> None:
        """End what a plain VU does: its `finally` blocks run, but nothing that they ask for is done."""
        running = self._greenlets.pop(vu, None)
        if running is None or running.dead:
            return
        core.enter(vu)
        try:
            running.throw(GreenletExit)
        except GreenletExit:
            pass
        except BaseException as error:
            self.raised(vu, "interrupted", error)
        finally:
            core.leave()

    # ---- VUs ----

    def _function(self, vu: int, job: str) -> Any:
        return self._functions[self._scenarios[vu]] if job == "iteration" else self._hooks[job]

    def _vu(self, vu: int, function: Any) -> Any:
        """The VU of this function's kind; hooks of the other kind get a VU of theirs with the same id."""
        is_coroutine = inspect.iscoroutinefunction(function)
        state = self._vus.get(vu)
        if state is None or isinstance(state, PlainVu) == is_coroutine:
            kind = CoroutineVu if is_coroutine else PlainVu
            assert self._calls is not None  # made before the first turn
            former, state = state, kind(vu, self._calls)
            self._vus[vu] = state
            if former is not None:
                state.__dict__.update(former.__dict__)
                state.data = former.data
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


def _words(error: BaseException) -> str:
    """What an exception says; that of a broken one too."""
    try:
        return str(error)
    except Exception as broken:
        return f"(its text cannot be had: {type(broken).__name__})"


def _not_awaited(function: Any, result: Any) -> TypeError:
    """The mistake of a plain function that gives a coroutine, which nobody would run."""
    if inspect.iscoroutine(result):
        result.close()
    name = getattr(function, "__name__", "the function")
    return TypeError(f"{name} returned {type(result).__name__} and nobody awaits it: write `async def {name}`")


@contextlib.contextmanager
def quiet_collector() -> Iterator[None]:
    """Let the garbage collector look at what the run makes, seldom, and not at what was there before.

    Iterations free what they make by reference counts; a full collection of a script's data (10 ms and more) would
    only make arrivals late.
    """
    former = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, former[1], former[2])
    try:
        yield
    finally:
        gc.set_threshold(*former)
        gc.unfreeze()


def takes_argument(function: Any) -> bool:
    """Whether a function takes the VU; hooks may do without."""
    return bool(inspect.signature(function).parameters)
