"""What a load script imports: scenarios, executors, metrics and hooks.

A decorator marks a function and nothing else: there is no registry, and importing a script starts nothing. The loader
finds the marks.

    @scenario(ramping_arrival_rate([("1m", 50), ("5m", 50)], pre_allocated_vus=20, max_vus=500))
    async def browse(vu): ...

    @scenario(vus=10, duration="1m")
    def checkout(vu): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)
from tonnage.load.shortcut import Duration, Stages, seconds_of, shortcut, stages_of
from tonnage.script.metrics import Counter, Gauge, Rate, Trend

__all__ = [
    "Counter", "Gauge", "Rate", "Trend",
    "constant_arrival_rate", "constant_vus", "per_vu_iterations", "ramping_arrival_rate", "ramping_vus",
    "scenario", "setup", "shared_iterations", "start", "stop", "teardown",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

SCENARIO_MARK = "__tonnage_scenario__"
HOOK_MARK = "__tonnage_hook__"


@overload
def scenario(function: F, /) -> F: ...
@overload
def scenario(executor: Executor | None = None, /, **options: Any) -> Callable[[F], F]: ...
def scenario(executor: Any = None, /, **options: Any) -> Any:
    """Mark a function as a scenario: `async def` or `def`, with one argument, the VU.

    Args:
        executor: who iterates when; without one, and without a shortcut, the run's options decide.
        options: the shortcuts `vus, duration, iterations, stages, rate, max_vus`, and `name, start_time,
            graceful_stop, late, env, tags` of the scenario itself.

    Raises:
        TypeError: an unknown option, or an executor and a shortcut at once.
    """
    if callable(executor):
        return _mark(executor, None, {})

    def decorate(function: F) -> F:
        return _mark(function, executor, options)

    return decorate


def _mark(function: F, executor: Executor | None, options: Mapping[str, Any]) -> F:
    known = {"name", "start_time", "graceful_stop", "late", "env", "tags"}
    short = {"vus", "duration", "iterations", "stages", "rate", "max_vus"}
    unknown = sorted(set(options) - known - short)
    if unknown:
        raise TypeError(f"a scenario has no option {unknown[0]}; it has {', '.join(sorted(known | short))}")
    shortcuts = {name: value for name, value in options.items() if name in short}
    if executor is not None and shortcuts:
        raise TypeError(f"a scenario has an executor or {', '.join(sorted(shortcuts))}, not both")
    if shortcuts:
        executor = shortcut(**shortcuts)
    setattr(function, SCENARIO_MARK, (executor, {name: value for name, value in options.items() if name in known}))
    return function


def _hook(kind: str) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        setattr(function, HOOK_MARK, kind)
        return function

    return decorate


setup = _hook("setup")
setup.__doc__ = "Run once before everything; what it returns (JSON data) is `vu.data` of every VU."
teardown = _hook("teardown")
teardown.__doc__ = "Run once after everything."
start = _hook("start")
start.__doc__ = "Run by each VU before its first iteration."
stop = _hook("stop")
stop.__doc__ = "Run by each VU after its last iteration."


def constant_vus(vus: int, duration: Duration) -> ConstantVus:
    """`vus` VUs iterate for `duration`."""
    return ConstantVus(vus, seconds_of(duration))


def ramping_vus(stages: Stages, start_vus: int = 1, graceful_ramp_down: Duration = "30s") -> RampingVus:
    """The number of VUs follows the stages (duration, target)."""
    return RampingVus(start_vus, stages_of(stages), seconds_of(graceful_ramp_down))


def shared_iterations(vus: int, iterations: int, max_duration: Duration = "10m") -> SharedIterations:
    """`iterations` altogether, by whichever VU is free."""
    return SharedIterations(vus, iterations, seconds_of(max_duration))


def per_vu_iterations(vus: int, iterations: int, max_duration: Duration = "10m") -> PerVuIterations:
    """`iterations` by each VU."""
    return PerVuIterations(vus, iterations, seconds_of(max_duration))


def constant_arrival_rate(
    rate: float,
    duration: Duration,
    *,
    pre_allocated_vus: int,
    max_vus: int | None = None,
    time_unit: Duration = "1s",
) -> ConstantArrivalRate:
    """`rate` iterations start per `time_unit`, whether or not earlier ones have ended."""
    most = pre_allocated_vus if max_vus is None else max_vus
    return ConstantArrivalRate(rate, seconds_of(time_unit), seconds_of(duration), pre_allocated_vus, most)


def ramping_arrival_rate(
    stages: Stages,
    *,
    pre_allocated_vus: int,
    max_vus: int | None = None,
    start_rate: float = 0,
    time_unit: Duration = "1s",
) -> RampingArrivalRate:
    """The rate of starts follows the stages (duration, target rate)."""
    most = pre_allocated_vus if max_vus is None else max_vus
    return RampingArrivalRate(start_rate, seconds_of(time_unit), stages_of(stages), pre_allocated_vus, most)
