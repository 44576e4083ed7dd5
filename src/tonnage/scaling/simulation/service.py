"""The seam of services that answer requests: what a rehearsal's account and its observer read of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from tonnage.metrics.histogram import Histogram
from tonnage.scaling.simulation.fleet import Replica
from tonnage.scaling.simulation.history import History

QUANTITIES: Final[tuple[str, ...]] = ("cpu", "rate", "concurrency", "queue", "utilization")
Histograms = tuple[Histogram | None, Histogram | None]
"""Response times [ns], and lower bounds of those that are known only from below."""


class RequestService(Protocol):
    """Requests and their answers, as a flow or one by one.

    Attributes:
        now: until when it was advanced [s].
        rate, utilization: demand [1/s] and busy share of the ready servers, over the last interval.
        backlog: requests that wait because the replicas are saturated.
        total: the history of a quantity, of all replicas together, queued requests included.
    """

    now: float
    rate: float
    utilization: float
    backlog: float
    total: dict[str, History]

    @property
    def is_saturated(self) -> bool:
        """Whether requests wait because more came than the ready replicas carry."""

    @property
    def is_unstable(self) -> bool:
        """Whether nothing can be said of how that ends."""

    def counted(self) -> dict[str, float]:
        """Running totals by metric."""

    def readings(self, what: str, at: float, window: float, serving: Iterable[Replica]) -> list[tuple[int, int]] | None:
        """(replica, thousandths) of a quantity over the window that ends `at`, of those that ran then.

        None where the quantity is not simulated.
        """

    def common(self, what: str, at: float, window: float, ready: int) -> tuple[int, int] | None:
        """(replicas, thousandths together) of it while all were ready for all of the window."""

    def finish(self) -> None:
        """The rehearsal ends: what has not ended is known only from below."""

    def take_responses(self) -> Histograms:
        """Of the time since the last call."""

    def all_responses(self) -> Histograms:
        """Everything that was taken."""
