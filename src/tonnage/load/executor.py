"""The six executors of k6 as data: how demand is described, and what is wrong with a description.

Open executors say when iterations start, whether or not earlier ones have ended; closed ones say how many VUs iterate.
An executor knows its Curve, not the clock that follows it. All times are seconds; a rate is `rate` per `time_unit`.

    kind                    open   curve                  ends
    constant-vus            no     VUs, flat              after duration
    ramping-vus             no     VUs, through stages    after the last stage
    shared-iterations       no     VUs, flat              when the iterations are done, or at max_duration
    per-vu-iterations       no     VUs, flat              when each VU has done its own, or at max_duration
    constant-arrival-rate   yes    arrivals/s, flat       after duration
    ramping-arrival-rate    yes    arrivals/s, stages     after the last stage

An executor can be made of any numbers; `validate` names every mistake at once, by field, so that whoever reads a
configuration can report them all. Everything else holds for executors without mistakes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite
from typing import ClassVar, Final

from tonnage.errors import Mistake
from tonnage.load.curve import Curve, Piece

MOST_VUS: Final = 100_000_000  # k6's limit of a stage's target
SHORTEST: Final = 1.0  # [s] k6's least duration of the constant executors
LONGEST: Final = 9e9  # [s] 64 bits of nanoseconds
MOST_PER_SECOND: Final = 1e9  # [1/s] one arrival a nanosecond


@dataclass(frozen=True, slots=True)
class Stage:
    """Go to `target` (VUs, or arrivals per time unit) in a straight line over `duration` seconds; zero is a jump."""

    duration: float
    target: float


@dataclass(frozen=True, slots=True)
class ConstantVus:
    """`vus` VUs iterate one after another for `duration` seconds."""

    kind: ClassVar[str] = "constant-vus"
    is_open: ClassVar[bool] = False

    vus: int
    duration: float

    @property
    def curve(self) -> Curve:
        return Curve((Piece(self.duration, self.vus, self.vus),))

    @property
    def max_concurrency(self) -> int:
        return self.vus

    def planned_arrivals(self) -> None:
        """Closed: how many iterations start depends on how long they take."""

    def validate(self) -> list[Mistake]:
        return [*_counts(self.vus, "vus"), *_duration(self.duration, "duration", SHORTEST)]


@dataclass(frozen=True, slots=True)
class RampingVus:
    """The number of VUs goes from `start_vus` through the stages; a VU taken away has `graceful_ramp_down` s to end."""

    kind: ClassVar[str] = "ramping-vus"
    is_open: ClassVar[bool] = False

    start_vus: int = 1
    stages: tuple[Stage, ...] = ()
    graceful_ramp_down: float = 30.0

    @property
    def curve(self) -> Curve:
        return Curve.through(self.start_vus, [(stage.duration, stage.target) for stage in self.stages])

    @property
    def duration(self) -> float:
        return _length(self.stages)

    @property
    def max_concurrency(self) -> int:
        return int(max([self.start_vus, *(stage.target for stage in self.stages)]))

    def planned_arrivals(self) -> None:
        """Closed: how many iterations start depends on how long they take."""

    def validate(self) -> list[Mistake]:
        mistakes = [
            *_counts(self.start_vus, "start_vus", least=0),
            *_stages(self.stages, whole=True, most=MOST_VUS),
            *_duration(self.graceful_ramp_down, "graceful_ramp_down", 0),
        ]
        if not mistakes and self.max_concurrency == 0:
            mistakes.append(Mistake("stages", "no VU would ever run: give a stage a target above 0"))
        return mistakes


@dataclass(frozen=True, slots=True)
class SharedIterations:
    """`iterations` altogether, taken by whichever of `vus` VUs is free; what is left at `max_duration` is dropped."""

    kind: ClassVar[str] = "shared-iterations"
    is_open: ClassVar[bool] = False

    vus: int = 1
    iterations: int = 1
    max_duration: float = 600.0

    @property
    def curve(self) -> Curve:
        return Curve((Piece(self.max_duration, self.vus, self.vus),))

    @property
    def duration(self) -> float:
        return self.max_duration

    @property
    def max_concurrency(self) -> int:
        return self.vus

    def planned_arrivals(self) -> None:
        """Closed: when iterations start depends on how long they take."""

    def validate(self) -> list[Mistake]:
        mistakes = [
            *_counts(self.vus, "vus"),
            *_counts(self.iterations, "iterations", most=2**53),
            *_duration(self.max_duration, "max_duration", SHORTEST),
        ]
        if not mistakes and self.iterations < self.vus:
            text = f"{self.iterations} iterations cannot be shared by {self.vus} VUs: use at most {self.iterations} VUs"
            mistakes.append(Mistake("iterations", text))
        return mistakes


@dataclass(frozen=True, slots=True)
class PerVuIterations:
    """Each of `vus` VUs does `iterations`; what is left at `max_duration` is dropped."""

    kind: ClassVar[str] = "per-vu-iterations"
    is_open: ClassVar[bool] = False

    vus: int = 1
    iterations: int = 1
    max_duration: float = 600.0

    @property
    def curve(self) -> Curve:
        return Curve((Piece(self.max_duration, self.vus, self.vus),))

    @property
    def duration(self) -> float:
        return self.max_duration

    @property
    def max_concurrency(self) -> int:
        return self.vus

    def planned_arrivals(self) -> None:
        """Closed: when iterations start depends on how long they take."""

    def validate(self) -> list[Mistake]:
        return [
            *_counts(self.vus, "vus"),
            *_counts(self.iterations, "iterations", most=2**53),
            *_duration(self.max_duration, "max_duration", SHORTEST),
        ]


@dataclass(frozen=True, slots=True)
class ConstantArrivalRate:
    """`rate` iterations start per `time_unit` seconds, evenly, on VUs that grow from pre-allocated to `max_vus`."""

    kind: ClassVar[str] = "constant-arrival-rate"
    is_open: ClassVar[bool] = True

    rate: float
    time_unit: float
    duration: float
    pre_allocated_vus: int
    max_vus: int

    @property
    def curve(self) -> Curve:
        per_second = self.rate / self.time_unit
        return Curve((Piece(self.duration, per_second, per_second),))

    @property
    def max_concurrency(self) -> int:
        return self.max_vus

    def planned_arrivals(self) -> int:
        """The n = 0, 1, ... with n·time_unit/rate < duration, counted in whole nanoseconds as the engine does."""
        return ceil(Fraction(self.rate) * nanoseconds(self.duration) / nanoseconds(self.time_unit))

    def validate(self) -> list[Mistake]:
        mistakes = [
            *_amount(self.rate, "rate"),
            *_time_unit(self.time_unit),
            *_duration(self.duration, "duration", SHORTEST),
            *_pool(self.pre_allocated_vus, self.max_vus),
        ]
        if self.rate == 0:
            mistakes.append(Mistake("rate", "no iteration would ever start: use a rate above 0"))
        return mistakes or _affordable(self.rate, self.time_unit, "rate")


@dataclass(frozen=True, slots=True)
class RampingArrivalRate:
    """The rate of starts goes from `start_rate` through the stages, all per `time_unit` seconds."""

    kind: ClassVar[str] = "ramping-arrival-rate"
    is_open: ClassVar[bool] = True

    start_rate: float
    time_unit: float
    stages: tuple[Stage, ...]
    pre_allocated_vus: int
    max_vus: int

    @property
    def curve(self) -> Curve:
        unit = self.time_unit
        return Curve.through(self.start_rate / unit, [(stage.duration, stage.target / unit) for stage in self.stages])

    @property
    def duration(self) -> float:
        return _length(self.stages)

    @property
    def max_concurrency(self) -> int:
        return self.max_vus

    def planned_arrivals(self) -> int:
        """The whole number of arrivals under the Curve, counted in whole nanoseconds; n = 1, 2, ... up to it start."""
        total, begin = Fraction(0), Fraction(self.start_rate)
        for stage in self.stages:
            end = Fraction(stage.target)
            total += nanoseconds(stage.duration) * (begin + end) / 2
            begin = end
        return floor(total / nanoseconds(self.time_unit))

    def validate(self) -> list[Mistake]:
        mistakes = [
            *_amount(self.start_rate, "start_rate"),
            *_time_unit(self.time_unit),
            *_stages(self.stages, whole=False, most=MOST_VUS),
            *_pool(self.pre_allocated_vus, self.max_vus),
        ]
        highest = max([self.start_rate, *(stage.target for stage in self.stages)])
        if not mistakes and highest == 0:
            mistakes.append(Mistake("stages", "no iteration would ever start: give a stage a target above 0"))
        return mistakes or _affordable(highest, self.time_unit, "stages")


OpenExecutor = ConstantArrivalRate | RampingArrivalRate
ClosedExecutor = ConstantVus | RampingVus | SharedIterations | PerVuIterations
Executor = OpenExecutor | ClosedExecutor

EXECUTORS: Final[dict[str, type[Executor]]] = {
    cls.kind: cls
    for cls in (
        ConstantVus,
        RampingVus,
        SharedIterations,
        PerVuIterations,
        ConstantArrivalRate,
        RampingArrivalRate,
    )
}


def nanoseconds(seconds: float) -> int:
    """The whole nanoseconds nearest to a time [s]: k6 and the engine count in them."""
    return round(Fraction(seconds) * 10**9)


def _length(stages: tuple[Stage, ...]) -> float:
    # Summed in nanoseconds, so that 0.1 + 0.2 s is 0.3 s.
    return sum(nanoseconds(stage.duration) for stage in stages) / 1e9


def _counts(value: int, path: str, *, least: int = 1, most: int = MOST_VUS) -> Iterator[Mistake]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Mistake(path, f"{value!r} is not a whole number")
    elif not least <= value <= most:
        yield Mistake(path, f"{value} lies outside {least} to {most}")


def _amount(value: float, path: str, *, whole: bool = False, most: float = 1e12) -> Iterator[Mistake]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        yield Mistake(path, f"{value!r} is not a finite number")
    elif not 0 <= value <= most:
        yield Mistake(path, f"{value} lies outside 0 to {most:g}")
    elif whole and value != int(value):
        yield Mistake(path, f"{value} VUs are not a whole number of them")


def _duration(value: float, path: str, least: float) -> Iterator[Mistake]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        yield Mistake(path, f"{value!r} is not a finite number of seconds")
    elif value < least:
        yield Mistake(path, f"{value} s is too short: it must be at least {least:g} s")
    elif value > LONGEST:
        yield Mistake(path, f"{value:g} s is too long: it must be at most {LONGEST:g} s, 285 years")


def _time_unit(value: float) -> Iterator[Mistake]:
    mistakes = list(_duration(value, "time_unit", 0))
    yield from mistakes
    if not mistakes and nanoseconds(value) == 0:
        yield Mistake("time_unit", f"{value} s is no time: a rate is per 1 ns at least; use 1 s")


def _stages(stages: tuple[Stage, ...], *, whole: bool, most: float) -> Iterator[Mistake]:
    if not stages:
        yield Mistake("stages", "at least one stage is needed: a duration and a target")
    for i, stage in enumerate(stages):
        yield from _duration(stage.duration, f"stages[{i}].duration", 0)
        yield from _amount(stage.target, f"stages[{i}].target", whole=whole, most=most)


def _pool(pre_allocated: int, most: int) -> Iterator[Mistake]:
    mistakes = [*_counts(pre_allocated, "pre_allocated_vus", least=0), *_counts(most, "max_vus")]
    yield from mistakes
    if not mistakes and most < pre_allocated:
        yield Mistake(
            "max_vus", f"{most} is less than the {pre_allocated} pre-allocated VUs: raise it to at least that"
        )


def _affordable(rate: float, time_unit: float, path: str) -> list[Mistake]:
    if rate / time_unit <= MOST_PER_SECOND:
        return []
    return [Mistake(path, f"{rate / time_unit:g} starts a second are more than one a nanosecond")]
