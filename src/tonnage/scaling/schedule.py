"""A schedule around any policy: a floor and a ceiling by the time of day, or of the week.

    size = min(max(what the policy decides, floor(t)), ceiling(t)),   t = (now - origin) mod length

A floor needs no metric, so it holds whatever the policy can see. A ceiling is not applied while the policy has no
data: what is unknown may not lower the size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Generic

from tonnage.errors import Mistake, PlanError
from tonnage.load.curve import Curve
from tonnage.scaling.policy import Absent, Decision, Observation, Policy, State
from tonnage.scaling.sessions import victims

DAY: Final = 86_400.0
WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end` [s], end excluded, at least `floor` and at most `ceiling` replicas (None: any number).

    A span that ends before it starts goes over midnight.
    """

    start: float
    end: float
    floor: int = 0
    ceiling: int | None = None

    def holds(self, t: float) -> bool:
        """Whether the time of day lies in the span."""
        return self.start <= t < self.end if self.start <= self.end else t >= self.start or t < self.end


@dataclass(frozen=True)
class Schedule(Generic[State]):
    """A policy within bounds that follow the clock.

    Spans that overlap hold all together: the highest floor and the lowest ceiling. `curve` is one more floor, rounded
    up. A floor above a ceiling is a mistake of spans that meet, and is refused; a curve above a ceiling yields to it.

    Attributes:
        policy: what decides within the bounds.
        spans: the table.
        curve: replicas over t, None for none.
        origin: an instant of the observations' axis at which t is 0: a midnight, a Monday's for a week [s].
        length: after which the schedule begins again [s].
    """

    policy: Policy[State]
    spans: tuple[Span, ...] = ()
    curve: Curve | None = None
    origin: float = 0.0
    length: float = DAY

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(f"spans[{i}]", f"{span} does not lie within 0 to {self.length:g} s, or bounds nothing that can be")
            for i, span in enumerate(self.spans)
            if not (0 <= span.start < self.length and 0 <= span.end <= self.length and span.floor >= 0)
        ]
        # Bounds change only where a span starts.
        for at in sorted({span.start for span in self.spans}):
            floor, ceiling = _bounds([span for span in self.spans if span.holds(at)])
            if ceiling is not None and floor > ceiling:
                mistakes.append(Mistake("spans", f"at {at:g} s the floor {floor} lies above the ceiling {ceiling}"))
        if mistakes:
            raise PlanError(*mistakes)

    @property
    def period(self) -> float:
        """Seconds between two decisions: those of the policy inside."""
        return self.policy.period

    def bounds(self, now: float) -> tuple[int, int | None]:
        """Floor and ceiling at an instant [s]."""
        t = (now - self.origin) % self.length
        floor, ceiling = _bounds([span for span in self.spans if span.holds(t)])
        if self.curve is not None:
            # A ramp that ends on a whole number may lie an ulp above it.
            floor = max(floor, ceil(self.curve.value(t) - 1e-9))
        return (floor if ceiling is None else min(floor, ceiling)), ceiling

    def holds_until(self, now: float) -> float:
        """An instant until which the bounds of `now` hold, `now` itself where they follow a curve [s]."""
        if self.curve is not None:
            return now
        t = (now - self.origin) % self.length
        edges = {edge for span in self.spans for edge in (span.start, span.end)}
        # A little early, so that no rounding carries it beyond an edge.
        return now + min(((edge - t) % self.length or self.length for edge in edges), default=self.length) - 1e-6

    def decide(self, observation: Observation, state: State | None) -> tuple[Decision, State]:
        """The policy's decision, moved to the bound that it crosses.

        Then the policy did not get what it decided, and decides again with that fault, so that it does not remember a
        change that never was.
        """
        decision, after = self.policy.decide(observation, state)
        floor, ceiling = self.bounds(observation.now)
        size = max(decision.replicas, floor)
        if ceiling is not None and decision.valid:
            size = min(size, ceiling)
        if size == decision.replicas:
            return decision, after
        bound = f"the schedule's {'floor' if size > decision.replicas else 'ceiling'} is {size}"
        refused = replace(observation, faults=replace(observation.faults, update_scale=bound))
        again, after = self.policy.decide(refused, state)
        return (
            replace(
                decision,
                replicas=size,
                reason=f"{bound}; {decision.reason}",
                valid=True,
                conditions=again.conditions,
                victims=_drained(observation, size) if decision.victims or size < decision.replicas else (),
            ),
            after,
        )


def _bounds(spans: list[Span]) -> tuple[int, int | None]:
    ceilings = [span.ceiling for span in spans if span.ceiling is not None]
    return max((span.floor for span in spans), default=0), min(ceilings, default=None)


def _drained(observation: Observation, size: int) -> tuple[str, ...]:
    """The workers to drain down to a size; none of a service without workers."""
    if isinstance(observation.workers, Absent):
        return ()
    serving = sum(worker.state != "draining" for worker in observation.workers)
    return victims(observation.workers, serving - size)
