"""A service that answers requests, one by one: the core's stations, and what is read of them.

Saturated is what a flow calls so, with the requests that are there:

    from a look at which requests wait and the demand since the look before was n c / D or more, n ready replicas
    to a look at which nobody waits any more who came until the last look of that kind

Waiting alone is no saturation: at 90 % of the capacity somebody nearly always waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

from tonnage.capacity.service import ServiceModel
from tonnage.load.curve import Curve
from tonnage.scaling.kernel import RequestPool
from tonnage.scaling.simulation.fleet import Replica
from tonnage.scaling.simulation.flow import Corners
from tonnage.scaling.simulation.history import History
from tonnage.scaling.simulation.service import QUANTITIES, Histograms
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.supply import Supply

Amount = Callable[[float, float, float], float]


class Requests:
    """The requests on the replicas; a replica's number is that of the pool.

    Conservation: arrived = served + failed + in_service + queued + in_line. A limit on the processor stretches every
    request as `ServiceModel.limited` says. `regular` requests come at equal areas under the demand instead of at random
    ones: for tests with exact answers.
    """

    def __init__(
        self, demand: Curve, model: ServiceModel, supply: Supply, seed: int, wants: Wants, *, regular: bool = False
    ) -> None:
        limited = model.limited(supply.cpu_limit)
        self._pool = RequestPool(
            demand.pieces4(),
            mean=limited.demand,
            scv=limited.scv,
            servers=limited.servers,
            balancing=supply.balancing,
            grace=supply.grace,
            seed=seed,
            regular=regular,
        )
        self._area, self._corners = demand.area, Corners(demand)
        self._servers, self._one = limited.servers, limited.of(1).capacity
        self._amounts = _amounts(limited.servers, model.demand / limited.demand if limited.demand > 0 else 0.0)
        self._warming_cpu, self._grace = supply.warming_cpu, supply.grace
        self._is_sampled = bool(wants.of_replicas)
        self.counters = self._pool.counters()
        self._sums = self._pool.integrals()
        self.total: dict[str, History] = {name: History() for name in QUANTITIES[1:] if name in wants.of_service}
        self.now = self._due = 0.0
        self.ready = 0
        self.rate = self.utilization = self.backlog = self._saturated = 0.0
        self._overloaded = -inf  # when it was so last
        self.is_saturated = self.is_unstable = False

    @property
    def next_break(self) -> float:
        """Where the demand has its next corner or jump [s]: saturation is judged by the demand of an interval."""
        return self._corners.after(self.now)

    def advance(self, until: float) -> None:
        """Everything that requests do until then; the number of ready replicas is constant."""
        length = until - self.now
        if length <= 0:
            return
        due, arrived = self._area(until), self.counters["arrived"]
        self.rate, self._due = max(due - self._due, 0.0) / length, due
        self._pool.advance(until)
        self.counters = self._pool.counters()
        if self._is_sampled:
            self._pool.sample()
        sums = self._pool.integrals()
        busy, held, waiting = ((after - before) / length for after, before in zip(sums, self._sums, strict=True))
        self._sums = sums
        self.utilization = min(busy / (self.ready * self._servers), 1.0) if self.ready else 0.0
        rate = (self.counters["arrived"] - arrived) / length
        means = {"rate": rate, "concurrency": held, "queue": waiting, "utilization": busy / self._servers}
        for name, history in self.total.items():
            history.add(until, means[name])
        self.now = until
        self._judge(length)

    def _judge(self, length: float) -> None:
        """Whether the replicas are saturated, and whether the line still grows."""
        capacity = self.ready * self._one if self.ready else 0.0
        waiting = self.counters["queued"] + self.counters["in_line"]
        self.is_unstable = waiting > 0 and self.rate >= capacity
        if self.is_unstable:
            self._overloaded = self.now
        if self.is_unstable or self.is_saturated:
            self._saturated += length
            oldest = self._pool.oldest_waiting()
            self.is_saturated = oldest is not None and oldest <= self._overloaded
        self.backlog = float(waiting) if self.is_saturated else 0.0

    def counted(self) -> dict[str, float]:
        """Running totals by metric; what failed is a request that got no answer, as in a measured run."""
        found = self.counters
        ended = found["served"] + found["failed"]
        return {
            "arrivals_due": found["arrived"],
            "http_reqs": ended,
            "http_req_errors": found["failed"],
            "http_req_failed/hits": found["failed"],
            "http_req_failed/total": ended,
            "saturated_seconds": self._saturated,
        }

    def readings(self, what: str, at: float, window: float, serving: Iterable[Replica]) -> list[tuple[int, int]] | None:
        """(replica, thousandths) of a quantity over a window, of each that ran at its end."""
        amount = self._amounts.get(what)
        if amount is None:
            return None
        warming, carried = self._warming_cpu if what == "cpu" else 0.0, dict(self._pool.averages(at, window))
        found = []
        for replica in serving:
            if replica.number not in carried:
                continue
            value = amount(*carried[replica.number])
            begin, ready = replica.within(at - window, at)
            if warming and ready > begin:
                value += warming * (ready - begin) / (at - begin)
            found.append((replica.number, round(1000 * value)))
        return found

    def common(self, what: str, at: float, window: float, ready: int) -> tuple[int, int] | None:
        """(replicas, thousandths together), of each what it carried itself."""
        amount = self._amounts.get(what)
        if amount is None:
            return None
        found = [round(1000 * amount(*carried)) for _, carried in self._pool.averages(at, window)]
        return len(found), sum(found)

    def finish(self) -> None:
        """What is there may still end within the grace, as in a measured run; the rest is known from below.

        Nobody comes any more, which changes nothing for those who are there: they are served in order.
        """
        self._pool.advance(self.now + self._grace)
        self._pool.note_unfinished()
        self.counters = self._pool.counters()

    def take_responses(self) -> Histograms:
        """Of the requests that ended since the last call."""
        return self._pool.take_responses()

    def all_responses(self) -> Histograms:
        """Everything that was taken."""
        return self._pool.responses()

    def take_gone(self) -> list[tuple[int, float, int]]:
        """Replicas that ended since the last call: number, instant, requests that failed with them."""
        return self._pool.take_gone()

    def loads(self) -> dict[int, int]:
        """Requests by replica, those that wait included."""
        return dict(self._pool.replicas())

    def add(self, running: float, ready: float) -> None:
        """A further replica."""
        self._pool.add_replica(running, ready)

    def drain(self, replica: Replica) -> None:
        """A replica is given no more requests, and ends with its last one or with its grace."""
        self._pool.drain_replica(replica.number)
        self.counters = self._pool.counters()

    def fail(self, replica: Replica) -> None:
        """A replica ends, and its requests fail."""
        self._pool.fail_replica(replica.number)
        self.counters = self._pool.counters()


def _amounts(servers: int, cores: float) -> dict[str, Amount]:
    """Each quantity from busy servers, requests and requests taken a second; a busy server uses `cores`."""
    return {
        "cpu": lambda busy, held, taken: busy * cores,
        "rate": lambda busy, held, taken: taken,
        "concurrency": lambda busy, held, taken: held,
        "queue": lambda busy, held, taken: max(held - busy, 0.0),
        "utilization": lambda busy, held, taken: busy / servers,
    }
