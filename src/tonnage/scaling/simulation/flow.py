"""A service that answers requests, as a flow: what arrives in an interval is carried by the replicas that are ready.

    λ < n c / D      M/M/c at the mean rate of the interval
    else             a backlog grows by λ - n c / D, and is worked off later: response times are known only from below

Replicas that leave finish what they have within the interval: a request is short against a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

from tonnage.capacity.service import ServiceModel
from tonnage.load.curve import Curve
from tonnage.scaling.simulation.fleet import Replica
from tonnage.scaling.simulation.history import History
from tonnage.scaling.simulation.responses import Responses, level_of, station
from tonnage.scaling.simulation.service import QUANTITIES, Histograms
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.supply import Supply

NEARLY: Final = 0.999  # of the capacity: what is above it grows for longer than any interval lasts


class Corners:
    """Where a demand has a corner or a jump: the mean of an interval must not reach over it."""

    def __init__(self, demand: Curve) -> None:
        self._left = sorted((start for start, *_ in demand.pieces4()), reverse=True)

    def after(self, now: float) -> float:
        """The next one [s]; instants only go forward."""
        while self._left and self._left[-1] <= now:
            self._left.pop()
        return self._left[-1] if self._left else inf


class Flow:
    """The requests. Conservation: arrived = served + backlog.

    Attributes:
        each: per quantity, what one ready replica had of it; cpu in cores.
        total: the same of all replicas together, queued requests included.
    """

    def __init__(self, demand: Curve, model: ServiceModel, supply: Supply, wants: Wants) -> None:
        self._area, self._demand = demand.area, model.demand
        self._corners, self._warming_cpu = Corners(demand), supply.warming_cpu
        self._model = model.limited(supply.cpu_limit)
        self._one = self._model.of(1).capacity
        self._responses = Responses(self._model.demand, self._model.servers)
        self.now = 0.0
        self.ready = 0
        self.arrived = self.served = self.backlog = 0.0
        self.rate = self.utilization = 0.0
        self.each: dict[str, History] = {name: History() for name in QUANTITIES if name in wants.of_replicas}
        self.total: dict[str, History] = {name: History() for name in QUANTITIES if name in wants.of_service}
        self._each = [(history, self._amount(name)) for name, history in self.each.items()]
        self._total = [(history, self._amount(name)) for name, history in self.total.items()]
        self._gone: list[tuple[int, float, int]] = []
        self.saturated = 0.0

    @property
    def next_break(self) -> float:
        """Where the demand has its next corner or jump [s]."""
        return self._corners.after(self.now)

    @property
    def is_saturated(self) -> bool:
        """Whether anything waits."""
        return self.backlog > 0

    @property
    def is_unstable(self) -> bool:
        """The same: no time can be said of what waits."""
        return self.backlog > 0

    def advance(self, until: float) -> None:
        """The flow until then; the number of ready replicas is constant."""
        length = until - self.now
        if length <= 0:
            return
        arrived = self._area(until)
        fresh = max(arrived - self.arrived, 0.0)
        self.arrived = arrived
        n, rate = self.ready, fresh / length
        capacity = n * self._one
        if (self.backlog == 0.0 and rate < NEARLY * capacity) or fresh == self.backlog == 0.0:
            served, utilization = fresh, rate / capacity if capacity > 0 else 0.0
            if fresh > 0:
                self._responses.add(fresh, utilization)
        else:
            served = self._overload(fresh, length, capacity)
            utilization = min(served / (capacity * length), 1.0) if capacity > 0 else 0.0
        self.served += served
        self.rate, self.utilization, self.now = rate, utilization, until
        for history, amount in self._each:
            history.add(until, amount(n, served / length, utilization) / n if n else 0.0)
        for history, amount in self._total:
            history.add(until, amount(n, served / length, utilization))

    def _overload(self, fresh: float, length: float, capacity: float) -> float:
        """Fluid: what cannot be served waits. A request that comes now waits at least for what is before it."""
        before = self.backlog
        left = before + fresh - capacity * length
        self.backlog = max(left, 0.0) if left > 1e-9 else 0.0
        bound = self._model.demand + ((before + self.backlog) / 2 / capacity if capacity > 0 else 0.0)
        if fresh > 0:
            self._responses.add_late(fresh, bound)
        self.saturated += length
        return before + fresh - self.backlog

    def counted(self) -> dict[str, float]:
        """Running totals by metric."""
        return {"arrivals_due": self.arrived, "http_reqs": self.served, "saturated_seconds": self.saturated}

    def readings(self, what: str, at: float, window: float, serving: Iterable[Replica]) -> list[tuple[int, int]] | None:
        """(replica, thousandths) of a quantity over a window, the same of all that were ready for all of it."""
        history = self.each.get(what)
        if history is None:
            return None
        old: int | None = None
        found = []
        for replica in serving:
            if replica.running > at:
                continue
            if replica.ready_at <= at - window:
                old = round(1000 * history.mean(at - window, at)) if old is None else old
                found.append((replica.number, old))
            else:
                warming = self._warming_cpu if what == "cpu" else 0.0
                found.append((replica.number, _young(history, warming, at, *replica.within(at - window, at))))
        return found

    def common(self, what: str, at: float, window: float, ready: int) -> tuple[int, int] | None:
        """(replicas, thousandths together), the same of each."""
        history = self.each.get(what)
        return None if history is None else (ready, ready * round(1000 * history.mean(at - window, at)))

    def finish(self) -> None:
        """Nothing is left to be said: what waits was told when it came."""

    def take_responses(self) -> Histograms:
        """Of the time since the last call."""
        return self._responses.take()

    def all_responses(self) -> Histograms:
        """Everything that was taken."""
        return self._responses.total()

    def take_gone(self) -> list[tuple[int, float, int]]:
        """Replicas that ended since the last call: number, instant, requests that were left (none)."""
        gone, self._gone = self._gone, []
        return gone

    def add(self, running: float, ready: float) -> None:
        """A further replica; it carries from the moment the fleet says that it is ready."""

    def drain(self, replica: Replica) -> None:
        """A replica stops; the fleet has lowered `ready` already."""
        self._gone.append((replica.number, self.now, 0))

    def fail(self, replica: Replica) -> None:
        self.drain(replica)

    def loads(self) -> dict[int, int]:
        """Nothing: a flow does not tell the replicas apart."""
        return {}

    def _amount(self, name: str) -> Callable[[int, float, float], float]:
        amount: Callable[[int, float, float], float] = getattr(self, f"_{name}")
        return amount

    # what the replicas together have of each quantity, from (n, served per second, utilization)

    def _cpu(self, n: int, served: float, utilization: float) -> float:
        return served * self._demand

    def _rate(self, n: int, served: float, utilization: float) -> float:
        return self.rate

    def _utilization(self, n: int, served: float, utilization: float) -> float:
        return utilization * n

    def _concurrency(self, n: int, served: float, utilization: float) -> float:
        if self.backlog > 0 or utilization >= 1 or self._model.demand == 0:
            return self.backlog + utilization * n * self._model.servers
        return n * station(self._model.demand, self._model.servers, level_of(utilization)).in_system if served else 0.0

    def _queue(self, n: int, served: float, utilization: float) -> float:
        if self.backlog > 0 or utilization >= 1 or self._model.demand == 0:
            return self.backlog
        return (
            n * station(self._model.demand, self._model.servers, level_of(utilization)).queue_length if served else 0.0
        )


def _young(history: History, warming: float, at: float, begin: float, ready: float) -> int:
    """The mean [thousandths] of a replica that was not ready for all of the window, or not running."""
    if at <= begin:
        return 0
    carried = history.mean(ready, at) * (at - ready)
    return round(1000 * (warming * (ready - begin) + carried) / (at - begin))
