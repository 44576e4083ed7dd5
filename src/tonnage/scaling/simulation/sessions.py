"""A service that holds sessions: the core's pool, and what is read of it."""

from __future__ import annotations

from math import inf

from tonnage.capacity.sessions import SessionModel
from tonnage.load.curve import Curve
from tonnage.scaling.kernel import SessionPool
from tonnage.scaling.simulation.fleet import Replica
from tonnage.scaling.simulation.history import History
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.supply import Supply


class Sessions:
    """The sessions on the replicas; a replica's number is its worker's in the pool.

    `regular` callers come at equal areas under the demand instead of at random ones: for tests with exact answers.
    """

    def __init__(
        self, demand: Curve, model: SessionModel, supply: Supply, seed: int, wants: Wants, *, regular: bool = False
    ) -> None:
        self.model = model
        self.pool = SessionPool(
            demand.pieces4(),
            mean=model.mean,
            scv=model.scv,
            law=model.law,
            per_worker=model.per_worker,
            routing=supply.routing,
            regular=regular,
            retry=supply.retry,
            retry_delay=supply.retry_delay,
            grace=supply.grace,
            seed=seed,
        )
        self.counters = self.pool.counters()
        self.now = 0.0
        self.ready = 0  # replicas: the core knows them by itself
        self.next_break = inf  # of the demand: the core sees it by itself
        names = ("sessions", "rate") if wants.hpa or wants.knative else ()
        self.total = {name: History() for name in names}

    def advance(self, until: float) -> None:
        """Everything that callers do until then."""
        if until <= self.now:
            return
        before = self.counters
        self.pool.advance(until)
        self.counters = after = self.pool.counters()
        if self.total:
            self.total["sessions"].add(until, (before["active"] + after["active"]) / 2)
            self.total["rate"].add(until, (after["arrived"] - before["arrived"]) / (until - self.now))
        self.now = until

    def advance_calm(self, first: int, period: float, until: float, low: int, high: int) -> list[int]:
        """From tick to tick while nothing changes but active sessions within a band; those at each of these ticks.

        It may have gone to the next tick, which is not calm. For a policy that reads no averages: none are kept here.
        """
        actives, went_on = self.pool.advance_calm(first, period, until, low, high)
        ticks = len(actives) + went_on
        if ticks:
            self.counters = self.pool.counters()
            self.now = (first + ticks - 1) * period
        return actives

    def take_gone(self) -> list[tuple[int, float, int]]:
        """Replicas that ended since the last call: number, instant, sessions that were cut."""
        return self.pool.take_gone()

    def loads(self) -> dict[int, int]:
        """Sessions by replica."""
        return {number: sessions for number, _, sessions in self.pool.workers()}

    def add(self, running: float, ready: float) -> None:
        """A further replica."""
        self.pool.add_worker(running, ready)

    def drain(self, replica: Replica) -> None:
        """A replica takes no more sessions, and ends with its last one or with its grace."""
        self.pool.drain_worker(replica.number)
        self.counters = self.pool.counters()

    def fail(self, replica: Replica) -> None:
        """A replica ends with its sessions."""
        self.pool.fail_worker(replica.number)
        self.counters = self.pool.counters()
