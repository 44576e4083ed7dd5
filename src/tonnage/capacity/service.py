"""Services that answer requests: replicas of c servers with a queue each, sharing the load equally.

    λ = x / n      per replica of n            ρ = λ D / c        D demand of a request [s], c servers
    R(q)           by M/M/c                    capacity n c / D

    scv = variance / mean² of the service time      0 fixed, below 1 gamma (Erlang), 1 exponential, above 1 lognormal

M/M/c is exact for an scv of 1. For any other one there is no closed form of more than one server: such a service is
rehearsed request by request, and the questions about its times are refused here.

A limit on the processor that is smaller than the servers stretches every request: ⌈limit⌉ servers, each slower by
⌈limit⌉ / limit, so that the capacity of a replica is limit / D. Throttling takes whole slices of time, so requests see
longer tails than this says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Final, Literal

from tonnage.capacity import fields
from tonnage.capacity.model import Model
from tonnage.capacity.queueing import MMc
from tonnage.errors import Mistake, OutOfDomain, PlanError, UnitError, UsageError

By = Literal["flow", "request"]
EXAMPLE: Final = "service:demand=20ms,servers=4"
_WAYS: Final[dict[str, By]] = {"flow": "flow", "request": "request"}


def _by(text: str) -> By:
    if text not in _WAYS:
        raise UnitError(f"{text!r} is no way to rehearse a service: it is one of {', '.join(_WAYS)}")
    return _WAYS[text]


_READERS: fields.Readers = {
    "demand": fields.seconds,
    "servers": fields.positive,
    "memory": fields.amount,
    "scv": fields.amount,
    "by": _by,
}


@dataclass(frozen=True, slots=True)
class ServiceModel(Model):
    """`replicas` that share the load, each of `servers` with a demand [s] a request; a capacity Model.

    Invariant: an scv other than 1 is rehearsed by request.

    Attributes:
        memory: [B] that a replica uses, for policies that look at it.
        scv: of the service time.
        by: how it is rehearsed: as a "flow" whose times are computed, or "request" by request.

    Raises:
        PlanError: by flow with an scv other than 1.
    """

    demand: float
    servers: int = 1
    replicas: int = 1
    memory: float = 0.0
    scv: float = 1.0
    by: By = "flow"

    def __post_init__(self) -> None:
        if self.by == "flow" and self.scv != 1:
            text = f"a flow is M/M/c, whose service times have an scv of 1, not {self.scv:g}: add by=request"
            raise PlanError(Mistake("model.scv", text))

    @classmethod
    def parse(cls, text: str) -> ServiceModel:
        """The model of `service:demand=20ms,servers=4`.

        Raises:
            PlanError: with every mistake.
        """
        kind, colon, rest = text.partition(":")
        if kind.strip() != "service" or not colon:
            raise PlanError(Mistake("model", f"{text!r} is no service: write it like {EXAMPLE}"))
        return cls(**fields.read(fields.split(rest, "model"), _READERS, "model", ("demand",)))

    def of(self, replicas: int) -> ServiceModel:
        """The same service with another number of replicas."""
        return replace(self, replicas=replicas)

    def limited(self, limit: float) -> ServiceModel:
        """The service whose replicas may use at most `limit` cores; 0 for any number."""
        if not 0 < limit < self.servers:
            return self
        servers = ceil(limit)
        return replace(self, servers=servers, demand=self.demand * servers / limit)

    @property
    def capacity(self) -> float:
        """The arrival rate [1/s] from which on the queue grows without end; infinite where a request costs nothing."""
        return self.replicas * self.servers / self.demand if self.demand > 0 else inf

    @property
    def domain(self) -> tuple[float, float]:
        """Arrival rates [1/s] with an answer; the capacity itself is outside."""
        return 0.0, self.capacity

    @property
    def resources(self) -> tuple[str, ...]:
        """A server is a core."""
        return ("cpu",)

    def throughput(self, n: float) -> float:
        """X [1/s] at a concurrency: the inverse of `concurrency`, by bisection."""
        if self.demand == 0:
            raise OutOfDomain("concurrency", n, (0.0, 0.0))
        low, high = 0.0, self.capacity
        for _ in range(200):
            middle = (low + high) / 2
            if middle >= self.capacity or middle in (low, high):
                break
            low, high = (middle, high) if self.concurrency(middle) <= n else (low, middle)
        return low

    def concurrency(self, x: float) -> float:
        """N = x R(x)."""
        return x * self.response_time(x)

    def response_time(self, x: float) -> float:
        """Mean R [s]."""
        return self._replica(x).response_time if self.demand > 0 else self._nothing(x)

    def response_quantile(self, q: float, x: float) -> float:
        """The q-quantile of R [s]."""
        return self._replica(x).response_quantile(q) if self.demand > 0 else self._nothing(x)

    def utilization(self, resource: str, x: float) -> float:
        """ρ, the share of the servers that is busy; they are the only resource, `cpu`."""
        if resource not in self.resources:
            raise UsageError(f"{resource!r} is no resource of a service: it has {', '.join(self.resources)}")
        return self._share(x) * self.demand / self.servers if self.demand > 0 else self._nothing(x)

    def waiting(self, x: float) -> float:
        """Requests that wait for a server, on all replicas."""
        return self._replica(x).queue_length * self.replicas if self.demand > 0 else self._nothing(x)

    def _replica(self, x: float) -> MMc:
        if self.scv != 1:
            raise OutOfDomain("the scv of a service that M/M/c tells about (rehearse it instead)", self.scv, (1.0, 1.0))
        return MMc(self._share(x), self.demand, self.servers)

    def _share(self, x: float) -> float:
        """The arrival rate [1/s] of one replica."""
        if not 0 <= x < self.capacity:
            raise OutOfDomain("arrival rate", x, self.domain)
        return x / self.replicas

    def _nothing(self, x: float) -> float:
        if not 0 <= x < inf:
            raise OutOfDomain("arrival rate", x, self.domain)
        return 0.0
