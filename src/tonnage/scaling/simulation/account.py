"""Counting while a rehearsal runs: what goes into each window, what it costs, and when callers or requests suffer."""

from __future__ import annotations

from typing import Final

from tonnage.load.curve import Curve
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.ledger import Ledger
from tonnage.scaling.simulation.service import Histograms, RequestService
from tonnage.scaling.simulation.sessions import Sessions

GAUGES: Final = (
    "replicas_desired",
    "replicas_ready",
    "replicas_starting",
    "replicas_draining",
    "nodes",
    "demand_rate",
    "utilization",
)
_SESSIONS: Final = ("arrived", "started", "rejected", "lost", "finished", "cut", "failed")
HOUR: Final = 3600.0


def gauges_of(service: RequestService | Sessions) -> tuple[str, ...]:
    """The names of what `Account.look` reads, in order."""
    own = ("sessions_active", "sessions_draining") if isinstance(service, Sessions) else ("backlog",)
    return GAUGES + own


class Account:
    """Reads service and fleet, and writes the ledger."""

    def __init__(self, demand: Curve, service: RequestService | Sessions, fleet: Fleet, ledger: Ledger) -> None:
        self._demand, self._service, self._fleet, self._ledger = demand, service, fleet, ledger
        self.decisions = self.undecided = self.changes = 0
        self._rejected = 0
        self._suffers_since: float | None = None
        self._length = max(demand.length - 1e-6, 0.0)
        self._rate, self._closed = demand.value(0.0), 0

    @property
    def cost(self) -> float:
        """Replica-seconds and node-seconds times their prices; without prices, replica-hours."""
        supply, fleet = self._fleet.supply, self._fleet
        if not supply.is_priced:
            return fleet.seconds / HOUR
        return fleet.seconds * supply.price_replica + fleet.nodes.seconds * supply.price_node

    def look(self, active: int | None = None) -> None:
        """The gauges, as they are now, or as they were with so many active sessions."""
        fleet, service = self._fleet, self._service
        starting = len(fleet.live) - fleet.ready - fleet.draining
        own: tuple[float, ...]
        if not isinstance(service, Sessions):
            utilization, rate, own = service.utilization, service.rate, (service.backlog,)
        else:
            active = service.counters["active"] if active is None else active
            own = active, service.counters["draining"]
            slots = (fleet.ready + starting) * service.model.per_worker
            utilization, rate = active / slots if slots else 0.0, self._rate
        sizes = fleet.size, fleet.ready, starting, fleet.draining, len(fleet.nodes)
        self._ledger.see((*sizes, rate, utilization, *own))
        if not isinstance(service, Sessions) and service.is_saturated != (self._suffers_since is not None):
            self._saturation(service.now, service.is_saturated)

    def close(self, end: int, *, is_last: bool) -> None:
        """End the window at `end`."""
        service, fleet = self._service, self._fleet
        if isinstance(service, Sessions):
            # The demand of callers is known for every instant: it need not be looked at in each of them.
            edges = *self._demand.extremes(self._closed, end), self._demand.value(min(end, self._length))
            for rate in edges:
                self._rate = rate
                self.look()
        else:
            self.look()
        self._closed = end
        totals: dict[str, float] = {
            "replica_seconds": fleet.seconds,
            "node_seconds": fleet.nodes.seconds,
            "replica_changes": self.changes,
            "decisions": self.decisions,
            "decisions_without_data": self.undecided,
        }
        if not isinstance(service, Sessions):
            if is_last:
                service.finish()
            self._ledger.close(end, totals | service.counted(), self.cost, service.take_responses())
            return
        found = service.counters
        totals |= {f"sessions_{name}": found[name] for name in _SESSIONS}
        totals["arrivals_due"] = found["arrived"]
        totals["session_blocked/hits"] = found["rejected"]
        totals["session_blocked/total"] = found["rejected"] + found["started"]
        self._rejections(float(end), found["rejected"])
        self._ledger.close(end, totals, self.cost)

    def finish(self, end: float) -> None:
        """What is to be said of the end."""
        if not isinstance(self._service, Sessions) and self._service.is_unstable:
            text = f"saturated at the end: {self._service.backlog:.0f} requests wait, and no time can be said for them"
            self._ledger.event(end, "unstable", text)

    def all_responses(self) -> Histograms:
        """Response times of the whole rehearsal, and lower bounds."""
        return (None, None) if isinstance(self._service, Sessions) else self._service.all_responses()

    def _saturation(self, now: float, is_saturated: bool) -> None:
        if is_saturated:
            self._suffers_since = now
            text = f"{self._fleet.ready} ready replicas are saturated: requests wait"
            self._ledger.event(now, "saturated", text)
        else:
            length = now - (self._suffers_since or 0.0)
            self._ledger.event(now, "recovered", f"the backlog is worked off after {length:.0f} s")
            self._suffers_since = None

    def _rejections(self, end: float, rejected: int) -> None:
        """Windows in which callers were rejected, told at the first and after the last of a row."""
        since, change = self._suffers_since, rejected - self._rejected
        self._rejected = rejected
        if change and since is None:
            self._suffers_since = start = end - self._ledger.length
            self._ledger.event(start, "rejecting", "callers are rejected: all slots are taken")
        elif not change and since is not None:
            self._suffers_since = None
            length = end - self._ledger.length - since
            self._ledger.event(
                end - self._ledger.length, "capacity_reached", f"nobody is rejected after {length:.0f} s"
            )
