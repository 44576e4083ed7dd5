"""Single stations in closed form: Erlang B and C, M/M/c, M/M/c/K.

    a = λ/μ   offered load [erlang]        c   servers        ρ = a/c   utilization        S = 1/μ   service time [s]

    Erlang B   B(0) = 1,  B(n) = a·B(n−1) / (n + a·B(n−1))        P(all servers busy) of a loss system
    Erlang C   C = B / (1 − ρ·(1 − B))                            P(wait > 0) of M/M/c, ρ < 1
    M/M/c      P(W > t) = C·exp(−(cμ − λ)·t)                      Wq = C / (cμ − λ)

The recursion is stable for thousands of servers, where factorials overflow. Erlang B holds for every distribution of
the session length with the same mean; Erlang C does not.

Source:
    Kleinrock, Queueing Systems I (1975); Gross & Harris, Fundamentals of Queueing Theory. Checked against the
    published cases in conformance/capacity.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, sqrt
from statistics import NormalDist

from tonnage.errors import OutOfDomain

_MOST_SERVERS = 10_000_000


def erlang_b(servers: int, offered: float) -> float:
    """The share of arrivals that find every server busy, in a system without a queue.

    Args:
        servers: c >= 0.
        offered: a = λ·S [erlang], >= 0.
    """
    if servers < 0 or offered < 0:
        raise OutOfDomain("servers and offered load", min(servers, offered), (0.0, float("inf")))
    blocking = 1.0
    for n in range(1, servers + 1):
        blocking = offered * blocking / (n + offered * blocking)
    return blocking


def erlang_c(servers: int, offered: float) -> float:
    """The share of arrivals that have to wait, in M/M/c with an endless queue; 1 from saturation on."""
    if servers <= 0 or offered >= servers:
        return 1.0
    blocking = erlang_b(servers, offered)
    return blocking / (1 - offered / servers * (1 - blocking))


def servers_for_blocking(offered: float, blocking: float) -> int:
    """The fewest servers with Erlang B at most `blocking`, 0 < blocking <= 1."""
    if not 0 < blocking <= 1:
        raise OutOfDomain("blocking", blocking, (0.0, 1.0))
    servers, b = 0, 1.0
    while b > blocking and servers < _MOST_SERVERS:
        servers += 1
        b = offered * b / (servers + offered * b)
    return servers


def offered_for_blocking(servers: int, blocking: float) -> float:
    """The largest offered load [erlang] with Erlang B at most `blocking`; the inverse of `erlang_b` in the load."""
    low, high = 0.0, float(max(servers, 1))
    while erlang_b(servers, high) < blocking:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if erlang_b(servers, middle) <= blocking else (low, middle)
    return low


def square_root_staffing(offered: float, beta: float) -> int:
    """c = ⌈a + β·√a⌉: what keeps the probability of waiting about constant as the load grows (Halfin & Whitt 1981)."""
    return ceil(offered + beta * sqrt(offered))


def halfin_whitt(beta: float) -> float:
    """The limit of P(wait > 0) for square-root staffing: [1 + β·Φ(β)/φ(β)]⁻¹."""
    normal = NormalDist()
    return 1 / (1 + beta * normal.cdf(beta) / normal.pdf(beta))


@dataclass(frozen=True, slots=True)
class MMc:
    """Poisson arrivals, exponential service, `servers` of them, first come first served, an endless queue.

    Args:
        arrival_rate: λ [1/s], below servers / service_time.
        service_time: S [s].
    """

    arrival_rate: float
    service_time: float
    servers: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.arrival_rate < self.servers / self.service_time:
            raise OutOfDomain("arrival rate", self.arrival_rate, (0.0, self.servers / self.service_time))

    @property
    def offered(self) -> float:
        """a = λ·S [erlang]."""
        return self.arrival_rate * self.service_time

    @property
    def utilization(self) -> float:
        """ρ = a / c."""
        return self.offered / self.servers

    @property
    def wait_probability(self) -> float:
        """P(W > 0), Erlang C."""
        return erlang_c(self.servers, self.offered)

    @property
    def drain_rate(self) -> float:
        """cμ − λ [1/s], at which a wait decays."""
        return self.servers / self.service_time - self.arrival_rate

    @property
    def wait(self) -> float:
        """Wq [s], the mean wait."""
        return self.wait_probability / self.drain_rate

    @property
    def response_time(self) -> float:
        """R = Wq + S [s]."""
        return self.wait + self.service_time

    @property
    def in_system(self) -> float:
        """L = λ·R, Little's law."""
        return self.arrival_rate * self.response_time

    @property
    def queue_length(self) -> float:
        """Lq = λ·Wq."""
        return self.arrival_rate * self.wait

    @property
    def empty_probability(self) -> float:
        """P(nobody in the system)."""
        term, total = 1.0, 1.0
        for n in range(1, self.servers):
            term *= self.offered / n
            total += term
        term *= self.offered / self.servers
        return 1 / (total + term / (1 - self.utilization))

    def wait_exceeds(self, t: float) -> float:
        """P(W > t) = C·exp(−(cμ − λ)·t)."""
        return self.wait_probability * exp(-self.drain_rate * t)

    def response_exceeds(self, t: float) -> float:
        """P(R > t), wait and service together.

        e^(−μt) + C·(e^(−μt) − e^(−μt·(1 + k))) / k,   k = c − 1 − a > −1;   in the limit k → 0:   e^(−μt)·(1 + C·μt)
        """
        rate = t / self.service_time
        k = self.servers - 1 - self.offered
        alone = exp(-rate)
        queued = alone * rate if abs(k) < 1e-9 else (alone - exp(-rate * (1 + k))) / k
        return alone + self.wait_probability * queued

    def response_quantile(self, q: float) -> float:
        """The t with P(R > t) = 1 − q, by bisection to a relative 1e-9."""
        low, high = 0.0, self.service_time
        while self.response_exceeds(high) > 1 - q:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.response_exceeds(middle) > 1 - q else (low, middle)
        return high


@dataclass(frozen=True, slots=True)
class MMcK:
    """M/M/c with room for `capacity` in the system; whoever finds it full is refused. Stable at every load."""

    arrival_rate: float
    service_time: float
    servers: int
    capacity: int

    @property
    def _probabilities(self) -> tuple[float, ...]:
        """P(n in the system) for n from 0 to K."""
        offered = self.arrival_rate * self.service_time
        terms = [1.0]
        for n in range(1, self.capacity + 1):
            terms.append(terms[-1] * offered / min(n, self.servers))
        total = sum(terms)
        return tuple(term / total for term in terms)

    @property
    def empty_probability(self) -> float:
        return self._probabilities[0]

    @property
    def blocking(self) -> float:
        """P(refused)."""
        return self._probabilities[-1]

    @property
    def in_system(self) -> float:
        """L, the mean number in the system."""
        return sum(n * p for n, p in enumerate(self._probabilities))

    @property
    def throughput(self) -> float:
        """X = λ·(1 − P(refused)) [1/s]."""
        return self.arrival_rate * (1 - self.blocking)

    @property
    def response_time(self) -> float:
        """R = L / X [s]."""
        return self.in_system / self.throughput

    @property
    def wait(self) -> float:
        """R − S [s]."""
        return self.response_time - self.service_time
