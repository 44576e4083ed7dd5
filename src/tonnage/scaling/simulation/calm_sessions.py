"""A session policy's decisions while utilization lies between its thresholds, without asking it.

    down S w <= 1000 active < up S w, nobody rejected      the size stays, and the need is remembered

Needs that were not asked for are noted, and handed over before the policy is asked again. Runs with and without this
are equal (`tests/scaling/simulation/test_calm.py`).
"""

from __future__ import annotations

from tonnage.scaling.sessions import Memory, SessionPolicy, SessionSpec
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.observer import Observer
from tonnage.scaling.simulation.sessions import Sessions
from tonnage.scaling.window import MaxWindow


class CalmSessions:
    """Tells whether a decision can be spared. For one session policy that nothing is wrapped around."""

    def __init__(self, spec: SessionSpec, service: Sessions, observer: Observer, fleet: Fleet) -> None:
        self._spec, self._service, self._observer, self._fleet = spec, service, observer, fleet
        self._noted: list[tuple[float, int]] = []

    @classmethod
    def of(cls, policy: object, service: object, observer: Observer, fleet: Fleet) -> CalmSessions | None:
        """For a bare session policy over sessions; None for every other."""
        if not isinstance(policy, SessionPolicy) or not isinstance(service, Sessions):
            return None
        return cls(policy.spec, service, observer, fleet)

    def holds(self, now: float, state: Memory | None) -> bool:
        """Whether the policy would keep the size; if so, the need is noted."""
        fleet, spec, counters = self._fleet, self._spec, self._service.counters
        workers = len(fleet.live) - fleet.draining
        if (
            state is None
            or self._observer.is_dark
            or counters["rejected"] != self._observer.rejected
            or workers != fleet.size
            or not max(spec.min_workers, 1) <= workers <= spec.max_workers
        ):
            return False
        load, usable = 1000 * counters["active"], spec.sessions_per_worker * workers
        if not spec.scale_down_threshold * usable <= load < spec.scale_up_threshold * usable:
            return False
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
        return Memory(None, needs)
