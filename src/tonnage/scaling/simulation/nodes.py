"""Nodes: places for replicas, ordered when there are none, given back when they are empty."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tonnage.scaling.simulation.lifetimes import Lifetimes
from tonnage.scaling.supply import Supply

LOOK: Final = 10.0
"""How often nodes are looked at for whether they are idle [s], as the cluster autoscaler does: on the tens."""


@dataclass(slots=True)
class Node:
    """A machine, paid for from `ordered` on, with room from `ready` on [s]; `empty_since` is None while it has any."""

    ordered: float
    ready: float
    used: int = 0
    has_image: bool = False
    empty_since: float | None = 0.0


class Nodes:
    """All nodes. Invariant: none has more replicas than places, and the idle ones are there or on their way."""

    def __init__(self, supply: Supply, random: Random, replicas: int) -> None:
        self._supply, self._random = supply, random
        self._lifetimes = Lifetimes()
        self._now, self._next_look = 0.0, LOOK
        self._nodes: list[Node] = []
        if supply.per_node:
            count = -(-replicas // supply.per_node) + supply.idle_nodes
            self._nodes = [Node(0.0, 0.0, has_image=True) for _ in range(count)]
            for _ in self._nodes:
                self._lifetimes.begin(0.0)

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def is_settled(self) -> bool:
        """Whether none is going to be given back: no more are empty than are kept."""
        return sum(node.empty_since is not None for node in self._nodes) <= self._supply.idle_nodes

    @property
    def seconds(self) -> float:
        """Node-seconds until now."""
        return self._lifetimes.seconds(self._now)

    def advance(self, now: float) -> None:
        """It is now; what has been empty for long was given back on the way."""
        while self._next_look <= now:
            if self.is_settled:
                self._next_look = (now // LOOK + 1) * LOOK
                break
            self._give_back(self._next_look)
            self._next_look += LOOK
        self._now = now

    def _give_back(self, now: float) -> None:
        idle = [node for node in self._nodes if node.empty_since is not None and node.ready <= now]
        for node in idle[self._supply.idle_nodes :]:
            if now - max(node.empty_since or 0.0, node.ready) >= self._supply.node_idle:
                self._nodes.remove(node)
                self._lifetimes.end(node.ordered, now)

    def place(self, now: float) -> tuple[Node | None, float, float]:
        """A place for one replica: its node, from when, and how long the image takes."""
        supply = self._supply
        if not supply.per_node:
            return None, now, supply.pull.draw(self._random)
        room = [node for node in self._nodes if node.used < supply.per_node]
        # One that is there before one that comes; the fullest, so that others empty.
        node = min(room, key=lambda each: (max(each.ready, now), -each.used)) if room else self._order(now)
        node.used += 1
        node.empty_since = None
        pull = 0.0 if node.has_image else supply.pull.draw(self._random)
        node.has_image = True
        while sum(each.empty_since is not None for each in self._nodes) < supply.idle_nodes:
            self._order(now)
        return node, max(node.ready, now), pull

    def release(self, node: Node | None, now: float) -> None:
        """A place is free again."""
        if node is not None:
            node.used -= 1
            if node.used == 0:
                node.empty_since = now

    def _order(self, now: float) -> Node:
        node = Node(now, now + self._supply.node.draw(self._random), empty_since=now)
        self._lifetimes.begin(now)
        self._nodes.append(node)
        return node
