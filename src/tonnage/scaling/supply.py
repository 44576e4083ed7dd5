"""How replicas come and go, what is seen of them, and what they cost.

    created ─► scheduled ─► running ─► ready ─► draining ─► gone
            node            pull      start-up,  grace at most
            (if none has room)        warm-up

Times are seconds after the start of the rehearsal or lengths of time. A text such as
`startup=45s,warmup=30s,node=120s..240s` or a mapping of the same names gives a Supply; ranges are uniform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any, Final, TypeVar

from tonnage.capacity import fields
from tonnage.errors import UnitError
from tonnage.units import parse_duration, parse_rate

ROUTINGS: Final = ("weighted", "least", "pack")
BALANCINGS: Final = ("random", "round_robin", "least")
VICTIMS: Final = ("newest", "idle")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delay:
    """A time [s]: fixed where both ends are equal, else uniform between them."""

    low: float
    high: float

    @classmethod
    def fixed(cls, length: float) -> Delay:
        return cls(length, length)

    @classmethod
    def parse(cls, text: str) -> Delay:
        """The delay of `45s` or `120s..240s`."""
        first, dots, second = text.partition("..")
        low = parse_duration(first)
        high = parse_duration(second) if dots else low
        if high < low:
            raise UnitError(f"{text!r} ends before it begins")
        return cls(low, high)

    def draw(self, random: Random) -> float:
        """One delay; a fixed one draws nothing."""
        return self.low if self.low == self.high else random.uniform(self.low, self.high)


def _listed(read: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    return lambda text: tuple(read(part.strip()) for part in text.strip("[]()").replace(",", "+").split("+"))


def _span(text: str) -> tuple[float, float]:
    first, dots, second = text.partition("..")
    if not dots:
        raise UnitError(f"{text!r} is no span of time: write it like 1h..1h10m")
    begin, end = parse_duration(first), parse_duration(second)
    if end <= begin:
        raise UnitError(f"{text!r} ends before it begins")
    return begin, end


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise UnitError(f"{text!r} is none of {', '.join(names)}")
        return text

    return read


_READERS: Final[fields.Readers] = {
    "startup": Delay.parse,
    "warmup": Delay.parse,
    "pull": Delay.parse,
    "node": Delay.parse,
    "idle_nodes": fields.count,
    "per_node": fields.count,
    "node_idle": parse_duration,
    "grace": parse_duration,
    "routing": _one_of(ROUTINGS),
    "balancing": _one_of(BALANCINGS),
    "victims": _one_of(VICTIMS),
    "failures": parse_rate,
    "evictions": parse_rate,
    "metric_delay": Delay.parse,
    "gaps": _listed(_span),
    "restarts": _listed(parse_duration),
    "rollouts": _listed(parse_duration),
    "surge": fields.positive,
    "retry": fields.share,
    "retry_delay": parse_duration,
    "cpu_request": fields.amount,
    "cpu_limit": fields.amount,
    "warming_cpu": fields.amount,
    "price_replica": parse_rate,
    "price_node": parse_rate,
}


@dataclass(frozen=True, slots=True)
class Supply:
    """The world around a policy. Invariant: nothing is negative, ranges and spans run forward.

    Attributes:
        startup, warmup: from running to serving, and from there to ready.
        pull: of the image, for the first replica on a node.
        node: until an ordered node can take replicas.
        idle_nodes: empty nodes kept ready.
        per_node: replicas that a node takes; 0 where nodes are not looked at: there is always room.
        node_idle: how long an empty node beyond the idle ones stays.
        grace: how long a draining replica may finish its sessions, or its requests one by one.
        routing: of sessions: "weighted" at random by free slots, "least" loaded, or "pack".
        balancing: of requests one by one over the ready replicas: at "random", so that each is M/M/c (or M/G/c) by
            itself, "round_robin" in turn, or "least": to the one with the fewest requests, the oldest of several.
        victims: which replicas go when a policy does not name them: the "newest", as Kubernetes has it, or the most
            "idle", as with a deletion cost; those that are not ready go first.
        failures, evictions: of one ready replica [1/s]; an evicted one drains, and both are replaced.
        metric_delay: age of what the policy sees of metrics.
        gaps: spans without any metrics: they are absent, not zero.
        restarts: instants at which the controller forgets its state.
        rollouts: instants at which all replicas are replaced, `surge` more than the size at a time.
        retry, retry_delay: share of rejected callers who call again, and after how long.
        cpu_request, cpu_limit: of a replica [cores]; 0: the request is that of all its servers, there is no limit.
        warming_cpu: what a replica uses while it is not ready [cores].
        price_replica, price_node: [1/s]; without both, the cost is replica-hours.
    """

    startup: Delay = Delay(15.0, 15.0)
    warmup: Delay = Delay(0.0, 0.0)
    pull: Delay = Delay(0.0, 0.0)
    node: Delay = Delay(120.0, 240.0)
    idle_nodes: int = 0
    per_node: int = 0
    node_idle: float = 600.0
    grace: float = 30.0
    routing: str = "weighted"
    balancing: str = "random"
    victims: str = "newest"
    failures: float = 0.0
    evictions: float = 0.0
    metric_delay: Delay = Delay(15.0, 30.0)
    gaps: tuple[tuple[float, float], ...] = ()
    restarts: tuple[float, ...] = ()
    rollouts: tuple[float, ...] = ()
    surge: int = 1
    retry: float = 0.0
    retry_delay: float = 10.0
    cpu_request: float = 0.0
    cpu_limit: float = 0.0
    warming_cpu: float = 0.0
    price_replica: float = 0.0
    price_node: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Supply:
        """The supply of a text: values joined by commas, lists by plus signs.

        Raises:
            PlanError: with every mistake.
        """
        return cls.from_mapping(fields.split(text, "supply"))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Supply:
        """The supply of named values as written, lists as lists or joined by plus signs.

        Raises:
            PlanError: with every mistake.
        """
        written = {
            name: "+".join(map(str, value)) if isinstance(value, list | tuple) else value
            for name, value in given.items()
        }
        return cls(**fields.read(written, _READERS, "supply"))

    @property
    def is_priced(self) -> bool:
        return self.price_replica > 0 or self.price_node > 0

    def is_dark(self, at: float) -> bool:
        """Whether no metrics can be read then."""
        return any(begin <= at < end for begin, end in self.gaps)

    def next_gap(self, at: float) -> float:
        """When the next span without metrics begins [s]."""
        return min((begin for begin, _ in self.gaps if begin > at), default=inf)
