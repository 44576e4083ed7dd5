"""What is known beside a policy. Each check uses what it needs and is silent where that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tonnage.scaling.files import PolicyFile
from tonnage.scaling.sessions import SessionSpec

LIVEKIT_THRESHOLD: Final = 0.7  # load at which a LiveKit worker in production takes no more jobs (autoscaling.md 3.3)
LEAST_GRACE: Final = 600.0  # [s] what the Cluster Autoscaler waits at most, and a voice call may need


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What surrounds a policy; times [s], shares [1].

    Attributes:
        sessions_per_worker: slots of a worker.
        load_threshold: load at which a worker takes no more sessions.
        longest_session: the longest session that must not be cut.
        node_delay: until a new node is there.
        warmup: until a new pod on a node is ready; None for the session policy's, or 30 s.
        patience: how long the way from the smallest to the largest size may take.
        exposed: names of the metrics in an exposition sample, None without one.
    """

    sessions_per_worker: int | None = None
    load_threshold: float | None = None
    longest_session: float | None = None
    node_delay: float = 240.0
    warmup: float | None = None
    patience: float = 600.0
    exposed: frozenset[str] | None = None

    @property
    def start_up(self) -> float:
        """Until a new pod on a node is ready."""
        return 30.0 if self.warmup is None else self.warmup

    @property
    def delay(self) -> float:
        """From the decision for a pod to its being ready, when it needs a new node."""
        return self.node_delay + self.start_up

    def among(self, files: Sequence[PolicyFile]) -> Circumstances:
        """These circumstances, with what a single session policy among the files tells: slots and warm-up."""
        sessions = [file.core.spec for file in files if isinstance(file.core.spec, SessionSpec)]
        if len(sessions) != 1:
            return self
        (spec,) = sessions
        return replace(
            self,
            sessions_per_worker=self.sessions_per_worker or spec.sessions_per_worker,
            warmup=spec.warmup_time if self.warmup is None else self.warmup,
        )

    def limit(self, file: PolicyFile) -> tuple[float, str] | None:
        """Load at which a worker closes, and how that is known."""
        if self.load_threshold is not None:
            return self.load_threshold, "as given"
        if "livekit" in f"{file.namespace} {file.name}".lower():
            return LIVEKIT_THRESHOLD, "LiveKit's in production"
        return None
