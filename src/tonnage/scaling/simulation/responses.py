"""Response times of M/M/c as samples: computed from its quantiles, not drawn.

    requests at ρ ─► level of ρ ─► a share of them at each of a few quantiles

Levels lie closer together the nearer they are to saturation, 1 - ρ falling by 4 % from one to the next. The bulk of a
level is sampled at the middle of each tenth of the distribution; above 80 % the quantiles people ask for are exact.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from itertools import pairwise
from math import exp, floor, log
from typing import Final

from tonnage.capacity.queueing import MMc
from tonnage.metrics.histogram import Histogram

STEP: Final = 0.04
_BULK: Final = tuple((i + 0.5) / 10 for i in range(8))
_EDGES: Final = (0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999)
_NANOSECONDS: Final = 1e9


def level_of(utilization: float) -> int:
    """The level of a utilization below 1."""
    return floor(-log(1 - utilization) / STEP)


@lru_cache(maxsize=4096)
def station(demand: float, servers: int, level: int) -> MMc:
    """M/M/c in the middle of a level."""
    utilization = 1 - exp(-(level + 0.5) * STEP)
    return MMc(utilization * servers / demand, demand, servers)


@lru_cache(maxsize=4096)
def quantiles(demand: float, servers: int, level: int) -> tuple[tuple[float, int], ...]:
    """(share, response time [ns]) of the requests of a level; the shares add up to 1."""
    found = station(demand, servers, level)
    shares = [(0.1, at) for at in _BULK]
    # A part reaches a little beyond the quantile that stands for its upper half: so that rank lies inside.
    borders = [0.8, *(edge + (1 - edge) / 20 for edge in _EDGES), 1.0]
    for (low, high), edge in zip(pairwise(borders), (*_EDGES, 0.9998), strict=True):
        half = (high - low) / 2
        shares += [(half, low + half / 2), (half, edge)]
    return tuple((share, round(_NANOSECONDS * found.response_quantile(at))) for share, at in shares)


class Responses:
    """Response times of one window, and of the whole: requests by level, and those known only from below.

    What is left of a request when shares are rounded goes on to the next share, so that counts add up.
    """

    def __init__(self, demand: float, servers: int) -> None:
        self._demand, self._servers = demand, servers
        self._levels: defaultdict[int, float] = defaultdict(float)
        self._late: defaultdict[int, float] = defaultdict(float)
        self._carry = self._late_carry = 0.0
        self._total, self._total_late = Histogram(), Histogram()

    def add(self, requests: float, utilization: float) -> None:
        """Requests at a utilization below 1."""
        self._levels[level_of(utilization) if self._demand > 0 else -1] += requests

    def add_late(self, requests: float, at_least: float) -> None:
        """Requests of which only a lower bound [s] is known, to three digits."""
        self._late[round(_NANOSECONDS * float(f"{at_least:.3g}"))] += requests

    def take(self) -> tuple[Histogram | None, Histogram | None]:
        """What was added since the last call: response times, and lower bounds."""
        times, late = Histogram(), Histogram()
        # Some thirty parts a level, and a window a minute: this loop is a tenth of an HPA's week.
        record, carry = times.record, self._carry
        for level, requests in self._levels.items():
            parts = quantiles(self._demand, self._servers, level) if level >= 0 else ((1.0, 0),)
            for share, value in parts:
                carry += requests * share
                whole = int(carry + 1e-9)
                if whole:
                    carry -= whole
                    record(value, whole)
        self._carry = carry
        for value, requests in self._late.items():
            self._late_carry += requests
            whole = int(self._late_carry + 1e-9)
            self._late_carry -= whole
            if whole:
                late.record(value, whole)
        self._levels.clear()
        self._late.clear()
        self._total.merge(times)
        self._total_late.merge(late)
        return _any(times), _any(late)

    def total(self) -> tuple[Histogram | None, Histogram | None]:
        """Everything that was taken."""
        return _any(self._total), _any(self._total_late)


def _any(histogram: Histogram) -> Histogram | None:
    return histogram if histogram.count else None
