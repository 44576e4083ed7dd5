"""Replicas from their creation to their end, and everything that happens to them but the load.

The number that are not draining follows the size asked for; while a rollout is under way there may be `surge` more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Literal, Protocol

from tonnage.scaling.simulation.lifetimes import Lifetimes
from tonnage.scaling.simulation.nodes import Node, Nodes
from tonnage.scaling.supply import Supply

State = Literal["starting", "ready", "draining"]
Happening = Literal["ready", "fail", "evict", "rollout"]
LONG_AGO = -1e6
"""When the replicas of the beginning were made [s]: long enough ago for every policy to trust them."""


@dataclass(slots=True)
class Replica:
    """One replica; times in seconds, `ready_at` and those before it known from its creation on."""

    number: int
    created: float
    scheduled: float
    running: float
    warming: float
    ready_at: float
    node: Node | None
    state: State = "starting"
    is_old: bool = False

    @property
    def name(self) -> str:
        return f"replica-{self.number}"

    def within(self, begin: float, end: float) -> tuple[float, float]:
        """From when on it ran, and was ready, within a time that ends while it runs [s]."""
        begin = max(begin, self.running)
        return begin, min(max(self.ready_at, begin), end)


class Service(Protocol):
    """What replicas are told to: `running` and `ready` of a further one, or that one goes.

    `loads` are sessions or requests by replica.
    """

    def add(self, running: float, ready: float) -> None: ...
    def drain(self, replica: Replica) -> None: ...
    def fail(self, replica: Replica) -> None: ...
    def loads(self) -> dict[int, int]: ...


class Log(Protocol):
    """Where events and lengths go."""

    def event(self, at: float, kind: str, text: str) -> None: ...
    def started(self, length: float) -> None: ...


class Fleet:
    """All replicas and nodes. Invariant: `size` are not draining, but for a rollout's surge."""

    def __init__(self, supply: Supply, random: Random, service: Service, log: Log, initial: int) -> None:
        self.supply, self._random, self._service, self._log = supply, random, service, log
        self.nodes = Nodes(supply, random, initial)
        self.size = initial
        self.live: dict[int, Replica] = {}
        self.ready = self.draining = 0
        self.changed = LONG_AGO  # when a replica was last made or became ready
        self._lifetimes = Lifetimes()
        self._now = 0.0
        self._created = 0
        self._events: list[tuple[float, int, Happening, int]] = []
        self._planned = 0
        self._is_rolling = False
        for _ in range(initial):
            self._begin(0.0)
        for at in supply.rollouts:
            self._plan(at, "rollout", 0)

    @property
    def next_event(self) -> float:
        """When something happens by itself [s]."""
        return self._events[0][0] if self._events else inf

    @property
    def serving(self) -> list[Replica]:
        """Replicas that are not draining, oldest first."""
        return [replica for replica in self.live.values() if replica.state != "draining"]

    def advance(self, now: float) -> None:
        """It is now, and nothing has happened since."""
        self._now = now

    @property
    def seconds(self) -> float:
        """Replica-seconds until now, from creation to end."""
        return self._lifetimes.seconds(self._now)

    def happen(self, now: float) -> None:
        """Everything that is due."""
        while self._events and self._events[0][0] <= now:
            _, _, kind, number = heappop(self._events)
            if kind == "rollout":
                self._log.event(now, "rollout", f"a rollout replaces {len(self.serving)} replicas")
                for each in self.serving:
                    each.is_old = True
                self._is_rolling = True
            elif (replica := self.live.get(number)) is not None and replica.state != "draining":
                self._happens_to(replica, kind, now)
            self._settle(now)

    def scale(self, size: int, now: float, victims: Sequence[str] = ()) -> None:
        """Ask for another size; `victims` names who goes first."""
        self.size = size
        self._settle(now, victims)

    def gone(self, number: int, at: float) -> None:
        """A replica has ended."""
        replica = self.live.pop(number)
        self.draining -= replica.state == "draining"
        self._lifetimes.end(max(replica.created, 0.0), at)
        self.nodes.release(replica.node, at)

    def _happens_to(self, replica: Replica, kind: Happening, now: float) -> None:
        if kind == "ready":
            self.changed = now
            replica.state = "ready"
            self.ready += 1
            self._log.started(now - replica.created)
            self._doom(replica, now)
        elif kind == "fail":
            self._log.event(now, "replica_failed", f"{replica.name} failed and is replaced")
            self.ready -= 1
            replica.state = "draining"
            self.draining += 1
            self._service.fail(replica)
        else:
            self._log.event(now, "replica_evicted", f"{replica.name} is evicted and replaced")
            self._drain(replica, now)

    def _settle(self, now: float, victims: Sequence[str] = ()) -> None:
        """Create or drain until the number is what was asked for, a rollout's replacements beside it."""
        serving = self.serving
        old = sum(replica.is_old for replica in serving) if self._is_rolling else 0
        self._is_rolling = old > 0
        most = self.size + min(self.supply.surge, old) if self.size else 0
        for _ in range(most - len(serving)):
            self._create(now)
        ready = sum(replica.state == "ready" for replica in serving)
        spare = len(serving) - most
        if old and spare <= 0:
            # A replacement that is ready lets an old one go.
            spare = min(ready - self.size, old)
            serving = [replica for replica in serving if replica.is_old]
        for replica in self._victims(serving, victims)[: max(spare, 0)]:
            self._drain(replica, now)
        if old and spare > 0:
            self._settle(now)

    def _victims(self, serving: list[Replica], named: Sequence[str]) -> list[Replica]:
        """Who goes, in order: those named, a rollout's old ones, those not ready, then by the supply's rule."""
        places = {name: place for place, name in enumerate(named)}
        load = self._service.loads() if self.supply.victims == "idle" else {}
        return sorted(
            serving,
            key=lambda each: (
                places.get(each.name, len(places)),
                not each.is_old,
                each.state == "ready",
                load.get(each.number, 0),
                -each.number,
            ),
        )

    def _begin(self, now: float) -> None:
        """A replica of the beginning: ready, and made long ago."""
        node, _, _ = self.nodes.place(now)
        replica = Replica(self._created, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, node)
        self._lifetimes.begin(now)
        self.live[replica.number] = replica
        self._created += 1
        replica.state = "ready"
        self.ready += 1
        self._service.add(LONG_AGO, now)
        self._doom(replica, now)

    def _create(self, now: float) -> None:
        node, scheduled, pull = self.nodes.place(now)
        running = scheduled + pull
        warming = running + self.supply.startup.draw(self._random)
        ready = warming + self.supply.warmup.draw(self._random)
        replica = Replica(self._created, now, scheduled, running, warming, ready, node)
        self._lifetimes.begin(now)
        self.live[replica.number] = replica
        self._created += 1
        self.changed = now
        self._service.add(running, ready)
        self._plan(ready, "ready", replica.number)

    def _doom(self, replica: Replica, now: float) -> None:
        """Draw when a ready replica will fail or be evicted."""
        if self.supply.failures > 0:
            self._plan(now + self._random.expovariate(self.supply.failures), "fail", replica.number)
        if self.supply.evictions > 0:
            self._plan(now + self._random.expovariate(self.supply.evictions), "evict", replica.number)

    def _drain(self, replica: Replica, now: float) -> None:
        self.ready -= replica.state == "ready"
        replica.state = "draining"
        self.draining += 1
        self._service.drain(replica)

    def _plan(self, at: float, kind: Happening, number: int) -> None:
        self._planned += 1
        heappush(self._events, (at, self._planned, kind, number))
