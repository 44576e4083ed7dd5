"""The seam of a capacity model: the questions that are asked of one."""

from __future__ import annotations

from typing import Protocol


class Model(Protocol):
    """What a service does under load: throughput X [1/s], concurrency N [1], response time R [s], utilization U [1].

    Outside of `domain`, a range of arrival rates [1/s], every question by a rate raises OutOfDomain. The inverses
    round-trip: `throughput(concurrency(x)) == x`.
    """

    @property
    def domain(self) -> tuple[float, float]:
        """The arrival rates [1/s] for which the model answers."""

    @property
    def resources(self) -> tuple[str, ...]:
        """What the service uses while it answers, by name; the one that binds comes first."""

    def throughput(self, n: float) -> float:
        """X at a concurrency."""

    def concurrency(self, x: float) -> float:
        """N at a throughput: X·R, by Little's law."""

    def response_time(self, x: float) -> float:
        """Mean R at a throughput."""

    def response_quantile(self, q: float, x: float) -> float:
        """The q-quantile of R at a throughput."""

    def utilization(self, resource: str, x: float) -> float:
        """U of one of the resources at a throughput.

        Raises:
            UsageError: the model has no such resource.
        """
