"""Stabilization and rate limits: what keeps a proposal from being acted on at once, and what it takes to remember.

    stabilize   the proposal is held against the recent ones: never below their largest on the way down, and, with
                behaviour, never above their smallest on the way up
    limit       the size moves no further than the policies of the direction allow within their periods

Recommendations and events are kept in slots: an outdated one is overwritten before the list grows.

Source:
    Kubernetes, horizontal.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tonnage.scaling.hpa.quantity import MOST_REPLICAS, ceil_replicas
from tonnage.scaling.hpa.spec import ControllerConfig, RatePolicy, Rules

WITHIN: Final = "the desired count is within the acceptable range"
TOO_MANY: Final = "the desired replica count is more than the maximum replica count"
TOO_FEW: Final = "the desired replica count is less than the minimum replica count"
TOO_FAST_UP: Final = "the desired replica count is increasing faster than the maximum scale rate"
TOO_FAST_DOWN: Final = "the desired replica count is decreasing faster than the maximum scale rate"

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A size proposed at a time [s], before stabilization."""

    replicas: int
    at: float


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """A change of size at a time [s], as a positive number; outdated ones may be overwritten."""

    change: int
    at: float
    outdated: bool = False


Recommendations = tuple[Recommendation, ...]
Events = tuple[ScaleEvent, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a controller remembers of one HPA; a restart forgets all of it. `recommendations` None: never seen."""

    recommendations: Recommendations | None = None
    ups: Events = ()
    downs: Events = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size asked for now, the one proposed, and the HPA's bounds."""

    current: int
    desired: int
    floor: int
    cap: int


@dataclass(frozen=True, slots=True)
class Limited:
    """A size within its limits, with the reason and text of the ScalingLimited condition."""

    replicas: int
    reason: str
    message: str


# ------------------------------------------------------------------------------------------------- stabilization


def stabilize(past: Recommendations, desired: int, window: float, now: float) -> tuple[int, Recommendations]:
    """Without behaviour: the largest of the proposal and all recommendations of the window, its start included."""
    cutoff = now - window
    stable = max([desired, *(each.replicas for each in past if each.at >= cutoff)])
    return stable, _store(past, Recommendation(desired, now), lambda each: each.at < cutoff)


def stabilize_both(
    past: Recommendations, sizes: Sizes, rules: tuple[Rules, Rules], now: float
) -> tuple[int, Recommendations]:
    """With behaviour: the current size, moved no further than the recent recommendations agree on.

    The lower bound is the smallest of the proposal and the scale-up window, the upper one the largest of the proposal
    and the scale-down window. The windows' starts are excluded.
    """
    ups, downs = (now - each.window for each in rules)
    lower = min([sizes.desired, *(each.replicas for each in past if each.at > ups)])
    upper = max([sizes.desired, *(each.replicas for each in past if each.at > downs)])
    stable, oldest = clamp_between(sizes.current, lower, upper), min(ups, downs)
    return stable, _store(past, Recommendation(sizes.desired, now), lambda each: each.at < oldest)


def clamp_between(current: int, lower: int, upper: int) -> int:
    """`current` raised to `lower`, then lowered to `upper`: both clamps, in this order."""
    return min(max(current, lower), upper)


def stabilize_one(
    past: Recommendations, sizes: Sizes, rules: tuple[Rules, Rules], now: float
) -> tuple[int, Recommendations]:
    """With behaviour before 1.23: the proposal, held against the window of its own direction only."""
    rising = sizes.desired >= sizes.current
    better: Callable[[list[int]], int] = min if rising else max
    cutoff, longest = now - rules[0 if rising else 1].window, now - max(each.window for each in rules)
    stable = better([sizes.desired, *(each.replicas for each in past if each.at > cutoff)])
    return stable, _store(past, Recommendation(sizes.desired, now), lambda each: each.at < longest)


def _store(past: Recommendations, latest: Recommendation, is_old: Callable[[Recommendation], bool]) -> Recommendations:
    """The recommendations with the latest in the last old slot, or appended where none is old."""
    old = [i for i, each in enumerate(past) if is_old(each)]
    return (*past[: old[-1]], latest, *past[old[-1] + 1 :]) if old else (*past, latest)


# ------------------------------------------------------------------------------------------------- limits


def limit_ramp(sizes: Sizes, controller: ControllerConfig) -> Limited:
    """Without behaviour: up to twice the size or 4 at a time, and between the HPA's bounds."""
    ramp = int(max(controller.scale_up_limit_factor * float(sizes.current), controller.scale_up_limit_minimum))
    if sizes.desired < sizes.floor:
        return Limited(sizes.floor, "TooFewReplicas", TOO_FEW)
    if sizes.desired > min(sizes.cap, ramp):
        return _capped(sizes.cap, ramp)
    return Limited(sizes.desired, "DesiredWithinRange", WITHIN)


def limit_rate(
    sizes: Sizes, memory: Memory, rules: tuple[Rules, Rules], now: float, *, cross_terms: bool = True
) -> Limited:
    """With behaviour: as far as the policies of the direction allow, and between the HPA's bounds."""
    up, down = rules
    if sizes.desired > sizes.current:
        most = max(sizes.current, scale_up_limit(sizes.current, memory, up, now, cross_terms=cross_terms))
        if sizes.desired > min(sizes.cap, most):
            return _capped(sizes.cap, most)
    elif sizes.desired < sizes.current:
        least = min(sizes.current, scale_down_limit(sizes.current, memory, down, now, cross_terms=cross_terms))
        if sizes.desired < max(sizes.floor, least):
            if sizes.floor < least:
                return Limited(least, "ScaleDownLimit", TOO_FAST_DOWN)
            return Limited(sizes.floor, "TooFewReplicas", TOO_FEW)
    return Limited(sizes.desired, "DesiredWithinRange", WITHIN)


def scale_up_limit(current: int, memory: Memory, rules: Rules, now: float, *, cross_terms: bool = True) -> int:
    """The largest size that the scale-up rules allow now."""
    if rules.select == "Disabled":
        return current
    proposals = [
        raised(period_start(current, memory, "up", policy.period, now, cross_terms=cross_terms), policy)
        for policy in rules.policies
    ]
    return min(proposals, default=MOST_REPLICAS) if rules.select == "Min" else max(proposals, default=-MOST_REPLICAS)


def scale_down_limit(current: int, memory: Memory, rules: Rules, now: float, *, cross_terms: bool = True) -> int:
    """The smallest size that the scale-down rules allow now."""
    if rules.select == "Disabled":
        return current
    proposals = [
        lowered(period_start(current, memory, "down", policy.period, now, cross_terms=cross_terms), policy)
        for policy in rules.policies
    ]
    # The largest change is the smallest size.
    return max(proposals, default=-MOST_REPLICAS) if rules.select == "Min" else min(proposals, default=MOST_REPLICAS)


def raised(start: int, policy: RatePolicy) -> int:
    """The most that a policy makes of the size at its period's start; per cent are rounded up, or 1 would stay 1."""
    if policy.type == "Pods":
        return start + policy.value
    return ceil_replicas(float(start) * (1 + float(policy.value) / 100))


def lowered(start: int, policy: RatePolicy) -> int:
    """The least that a policy makes of the size at its period's start; per cent are truncated."""
    if policy.type == "Pods":
        return start - policy.value
    return int(float(start) * (1 - float(policy.value) / 100))


def period_start(
    current: int, memory: Memory, direction: Direction, period: float, now: float, *, cross_terms: bool = True
) -> int:
    """The size at the start of the period that ends now: without what was added in it, with what was deleted."""
    added = changed(memory.ups, period, now) if cross_terms or direction == "up" else 0
    deleted = changed(memory.downs, period, now) if cross_terms or direction == "down" else 0
    return current - added + deleted


def changed(events: Events, period: float, now: float) -> int:
    """Sum of the changes within the period; its start is excluded."""
    return sum(event.change for event in events if event.at > now - period)


def _capped(cap: int, limit: int) -> Limited:
    if cap > limit:
        return Limited(limit, "ScaleUpLimit", TOO_FAST_UP)
    return Limited(cap, "TooManyReplicas", TOO_MANY)


# ------------------------------------------------------------------------------------------------- events


def remember(memory: Memory, rules: tuple[Rules, Rules], change: int, now: float) -> Memory:
    """The memory after a change of size that was carried out; positive is up."""
    up, down = rules
    if change > 0:
        return replace(memory, ups=store_event(memory.ups, change, up.longest_period, now))
    return replace(memory, downs=store_event(memory.downs, -change, down.longest_period, now))


def store_event(events: Events, change: int, longest_period: float, now: float) -> Events:
    """The events with one more: in the last slot older than the longest period, or appended where there is none."""
    marked = tuple(replace(event, outdated=event.outdated or event.at < now - longest_period) for event in events)
    latest = ScaleEvent(change, now)
    old = [i for i, event in enumerate(marked) if event.outdated]
    return (*marked[: old[-1]], latest, *marked[old[-1] + 1 :]) if old else (*marked, latest)
