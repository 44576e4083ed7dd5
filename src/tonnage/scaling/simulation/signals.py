"""Which metrics a policy reads, and which simulated quantity each of them is.

A custom metric is known by a word in its name: `agent_active_sessions` are sessions, `clay_queue_depth` is a queue. A
name without such a word is absent, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.policy import Policy
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

WORDS: Final = (
    ("sessions", ("session", "calls")),
    ("queue", ("queue", "backlog", "waiting", "pending", "depth")),
    ("concurrency", ("concurren", "inflight", "in_flight", "active")),
    ("rate", ("rate", "rps", "qps", "per_second", "requests")),
    ("utilization", ("util", "load", "busy")),
)
RESOURCES: Final = ("Resource", "ContainerResource")
RESOURCE_WINDOW: Final = 30.0  # [s] over which the resource metrics API averages
CUSTOM_WINDOW: Final = 60.0  # [s] over which custom metrics are averaged
PANIC_SHARE: Final = 0.1  # of Knative's stable window


@lru_cache(maxsize=256)
def quantity(metric: str) -> str | None:
    """The simulated quantity of a custom metric; None where its name does not tell."""
    lowered = metric.lower()
    return next((name for name, words in WORDS if any(word in lowered for word in words)), None)


@dataclass(frozen=True, slots=True)
class Wants:
    """What a policy looks at, and the bounds of its size."""

    hpa: HpaSpec | None = None
    knative: KnativeSpec | None = None
    sessions: SessionSpec | None = None

    @classmethod
    def of(cls, policy: Policy[Any]) -> Wants:
        """What a policy, or the one inside a schedule, looks at."""
        while (inner := getattr(policy, "policy", None)) is not None:
            policy = inner
        return cls(
            policy.spec if isinstance(policy, HorizontalPodAutoscaler) else None,
            policy.spec if isinstance(policy, KnativePodAutoscaler) else None,
            policy.spec if isinstance(policy, SessionPolicy) else None,
        )

    @property
    def least(self) -> int:
        """The fewest replicas that the policy asks for."""
        if self.hpa is not None:
            return self.hpa.floor
        if self.knative is not None:
            return self.knative.least
        return self.sessions.min_workers if self.sessions is not None else 1

    @property
    def of_replicas(self) -> frozenset[str]:
        """Quantities of one replica whose history is needed."""
        if self.hpa is None:
            return frozenset()
        found = {
            metric.name if metric.type in RESOURCES else quantity(metric.name)
            for metric in self.hpa.metrics
            if metric.type in (*RESOURCES, "Pods")
        }
        return frozenset(name for name in found if name is not None)

    @property
    def of_service(self) -> frozenset[str]:
        """Quantities of all replicas together whose history is needed."""
        if self.knative is not None:
            return frozenset({"concurrency", "rate"})
        metrics = self.hpa.metrics if self.hpa is not None else ()
        found = {quantity(metric.name) for metric in metrics if metric.type in ("Object", "External")}
        return frozenset(name for name in found if name is not None)
