"""A session policy's decisions whose answer is known, without asking it: most of a day.

    down S w <= 1000 active < up S w                     the size stays, and the need is remembered
    1000 active < down S w, for less than the delay      the size stays, and so is since when
    1000 active < down S w, w the fewest allowed or
    at most the largest need of the delay                the size stays as well

Nobody may have been rejected. The fewest allowed are min_workers, or a schedule's floor. What was not asked for is
noted, and handed over before the policy is asked again. Runs with and without this are equal
(`tests/scaling/simulation/test_calm.py`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import inf

from tonnage.scaling.schedule import Schedule
from tonnage.scaling.sessions import Memory, SessionPolicy, SessionSpec
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.observer import Observer
from tonnage.scaling.simulation.sessions import Sessions


class CalmSessions:
    """Tells whether a decision can be spared. For one session policy, in a schedule or bare."""

    def __init__(
        self,
        spec: SessionSpec,
        schedule: Schedule[Memory] | None,
        service: Sessions,
        observer: Observer,
        fleet: Fleet,
    ) -> None:
        self._spec, self._schedule = spec, schedule
        self._service, self._observer, self._fleet = service, observer, fleet
        # What the policy would remember of the decisions that were spared since it was asked: the needs of its delay
        # that no later one reaches (None: nothing was spared), and since when utilization has been low.
        self._peaks: deque[tuple[float, int]] | None = None
        self._low_since: float | None = None

    @classmethod
    def of(cls, policy: object, service: object, observer: Observer, fleet: Fleet) -> CalmSessions | None:
        """For a session policy over sessions, bare or in one schedule; None for every other."""
        schedule = policy if isinstance(policy, Schedule) else None
        inner = schedule.policy if schedule is not None else policy
        if not isinstance(inner, SessionPolicy) or not isinstance(service, Sessions):
            return None
        return cls(inner.spec, schedule, service, observer, fleet)

    def holds(self, now: float, state: Memory | None) -> bool:
        """Whether the policy would keep the size; if so, what it would remember is noted."""
        fleet, spec, counters = self._fleet, self._spec, self._service.counters
        workers = len(fleet.live) - fleet.draining
        if (
            state is None
            or self._observer.is_dark
            or counters["rejected"] != self._observer.rejected
            or workers != fleet.size
        ):
            return False
        least, most = max(spec.min_workers, 1), spec.max_workers
        if self._schedule is not None:
            floor, ceiling = self._schedule.bounds(now)
            least, most = max(least, floor), most if ceiling is None else min(most, ceiling)
        load, usable = 1000 * counters["active"], spec.sessions_per_worker * workers
        if not least <= workers <= most or load >= spec.scale_up_threshold * usable:
            return False
        peaks, before = (
            (deque(state.needs.falling), state.low_since) if self._peaks is None else (self._peaks, self._low_since)
        )
        _note(peaks, now, spec.need(counters["active"]), spec.scale_down_delay)
        since = None
        if load < spec.scale_down_threshold * usable:
            since = now if before is None else before
            if now - since >= spec.scale_down_delay and workers > max(least, peaks[0][1]):
                return False
        self._peaks, self._low_since = peaks, since
        return True

    def skip(self, tick: int, until: float) -> list[int]:
        """Go on from the given tick, after one that was spared, as long as nothing but sessions changes, until `until`.

        Nothing but sessions: no replica ends, no node is about to go, no bound, gap or delay ends on the way.

        Returns:
            The active sessions at every tick that is spared.
        """
        fleet, spec, service, peaks = self._fleet, self._spec, self._service, self._peaks
        if peaks is None or not fleet.nodes.is_settled:
            return []
        now, workers = service.now, fleet.size
        until = min(until, fleet.supply.next_gap(now))
        least = max(spec.min_workers, 1)
        if self._schedule is not None:
            until = min(until, self._schedule.holds_until(now))
            least = max(least, self._schedule.bounds(now)[0])
        usable = spec.sessions_per_worker * workers
        # The least numbers of sessions that reach the thresholds.
        down, up = (-(-line * usable // 1000) for line in (spec.scale_down_threshold, spec.scale_up_threshold))
        low, high = (down, up) if self._low_since is None else (0, down)
        delay = spec.scale_down_delay
        if self._low_since is not None and workers > least:
            # Until the delay has passed, or, if it has, until the last need that keeps the size is forgotten.
            kept = max((at for at, need in peaks if need >= workers), default=-inf)
            until = min(until, max(self._low_since, kept) + delay)
        actives = service.advance_calm(tick, spec.period, until, low, high)
        for i, active in enumerate(actives):
            _note(peaks, (tick + i) * spec.period, spec.need(active), delay)
        return actives

    def recalled(self, state: Memory | None, now: float) -> Memory | None:
        """What the policy remembers, the decisions that were spared included."""
        peaks, self._peaks = self._peaks, None
        # A controller that has restarted has forgotten all of it.
        if peaks is None or state is None:
            return state
        return Memory(self._low_since, replace(state.needs, falling=tuple(peaks)))


def _note(peaks: deque[tuple[float, int]], at: float, need: int, delay: float) -> None:
    """One more need: what `MaxWindow.record` does, in place."""
    while peaks and peaks[0][0] <= at - delay:
        peaks.popleft()
    while peaks and peaks[-1][1] <= need:
        peaks.pop()
    peaks.append((at, need))
