"""k6's shortcuts: a few options that stand for one executor.

    iterations            shared-iterations (duration is then the most it may last)
    stages                ramping-vus, or ramping-arrival-rate with `rate`
    rate                  constant-arrival-rate
    duration              constant-vus
    vus alone             shared-iterations of as many iterations
    nothing               per-vu-iterations, one by one VU

Source:
    k6.md 1.2. The rate is ours; its VUs grow on demand up to `default_max_vus`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from tonnage.errors import Mistake, PlanError
from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from tonnage.units import parse_duration, parse_rate

Duration = str | float | int
"""A duration as people write it: "1m30s", or a number of seconds."""

Stages = Iterable[Stage | str | Mapping[str, Any] | Sequence[Any]]
"""(duration, target) pairs, k6's tables, or "30s:10" texts."""

_PRE_ALLOCATED = 10


def seconds_of(duration: Duration) -> float:
    """A duration in seconds; a bare number is one already."""
    return float(duration) if isinstance(duration, int | float) else parse_duration(duration)


def stages_of(stages: Stages) -> tuple[Stage, ...]:
    """Stages from (duration, target) pairs, from k6's {duration, target} tables, or from "30s:10" texts."""
    return tuple(_stage(stage) for stage in stages)


def _stage(stage: Stage | str | Mapping[str, Any] | Sequence[Any]) -> Stage:
    if isinstance(stage, Stage):
        return stage
    if isinstance(stage, str):
        duration, colon, target = stage.partition(":")
        if colon:
            return Stage(seconds_of(duration), _target(target))
    elif isinstance(stage, Mapping):
        if set(stage) == {"duration", "target"}:
            return Stage(seconds_of(stage["duration"]), _target(stage["target"]))
    elif len(stage) == 2:
        return Stage(seconds_of(stage[0]), _target(stage[1]))
    raise PlanError(Mistake("stages", f"{stage!r} is no stage: write duration:target, such as 30s:10"))


def _target(target: Any) -> float:
    try:
        return float(target)
    except (TypeError, ValueError):
        raise PlanError(Mistake("stages", f"{target!r} is no number of VUs or rate to go to")) from None


def default_max_vus(rate: float) -> int:
    """The most VUs of a rate that names none: max(100, 2·rate), at most 10,000 (engine.md 2.7)."""
    return min(10_000, max(100, ceil(2 * rate)))


def shortcut(
    *,
    vus: int | None = None,
    duration: Duration | None = None,
    iterations: int | None = None,
    stages: Stages | None = None,
    rate: str | float | None = None,
    max_vus: int | None = None,
) -> Executor:
    """The executor that the options stand for.

    Raises:
        PlanError: options that exclude each other, in k6's words.
    """
    length = None if duration is None else seconds_of(duration)
    _exclude(iterations is not None and stages is not None, "iterations", "stages")
    _exclude(duration is not None and stages is not None, "duration", "stages")
    _exclude(rate is not None and iterations is not None, "rate", "iterations")
    if rate is not None:
        return _open(vus, length, stages, parse_rate(rate), max_vus)
    if max_vus is not None:
        raise PlanError(Mistake("max_vus", "`max_vus` needs a `rate`: closed load has `vus`"))
    if stages is not None:
        return RampingVus(1 if vus is None else vus, stages_of(stages))
    if iterations is not None:
        return SharedIterations(vus or 1, iterations, 600.0 if length is None else length)
    if length is not None:
        return ConstantVus(1 if vus is None else vus, length)
    if vus is not None:
        return SharedIterations(vus, vus)
    return PerVuIterations()


def _open(vus: int | None, length: float | None, stages: Stages | None, rate: float, max_vus: int | None) -> Executor:
    peak = rate
    if stages is not None:
        steps = stages_of(stages)
        peak = max([rate, *(stage.target for stage in steps)])
    most = max_vus if max_vus is not None else max(default_max_vus(peak), vus or 0)
    pre_allocated = min(most, vus or _PRE_ALLOCATED)
    if stages is not None:
        return RampingArrivalRate(rate, 1.0, steps, pre_allocated, most)
    if length is None:
        raise PlanError(Mistake("duration", "a `rate` needs a `duration` or `stages`: say how long it lasts"))
    return ConstantArrivalRate(rate, 1.0, length, pre_allocated, most)


def _exclude(both: bool, one: str, other: str) -> None:
    if both:
        text = f"using `{one}` and `{other}` options simultaneously is not allowed: give one of them"
        raise PlanError(Mistake(one, text))
