"""A session policy's decisions whose answer is known, without asking it: most of a day.

    down S w <= 1000 active < up S w                     the size stays, and the need is remembered
    1000 active < down S w, for less than the delay      the size stays, and so is since when
    1000 active < down S w, w the fewest allowed         the size stays as well

Nobody may have been rejected. The fewest allowed are min_workers, or a schedule's floor. What was not asked for is
noted, and handed over before the policy is asked again. Runs with and without this are equal
(`tests/scaling/simulation/test_calm.py`).
"""

from __future__ import annotations

from tonnage.scaling.schedule import Schedule
from tonnage.scaling.sessions import Memory, SessionPolicy, SessionSpec
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.observer import Observer
from tonnage.scaling.simulation.sessions import Sessions
from tonnage.scaling.window import MaxWindow


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
        self._noted: list[tuple[float, int]] = []
        # Since when utilization has been low, at the end of what was noted.
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
        since = None
        if load < spec.scale_down_threshold * usable:
            before = self._low_since if self._noted else state.low_since
            since = now if before is None else before
            if now - since >= spec.scale_down_delay and workers > least:
                return False
        self._low_since = since
        self._noted.append((now, spec.need(counters["active"])))
        return True

    def recalled(self, state: Memory | None, now: float) -> Memory | None:
        """What the policy remembers, the decisions that were spared included."""
        if not self._noted or state is None:
            return state
        needs: MaxWindow = state.needs
        for at, need in self._noted:
            if at > now - self._spec.scale_down_delay:
                needs = needs.record(at, need)
        self._noted.clear()
        return Memory(self._low_since, needs)
