"""The seam of autoscaling: a Policy looks at an Observation and answers with a Decision.

    (Decision, state) = policy.decide(Observation, state)

A policy is pure: the same observation and state always give the same answer, nothing is read but the arguments, and
nothing given is changed. What it must remember is its state, opaque to everybody else; `None` is the state of a
controller that has just started, or has forgotten.

Three laws hold for every policy:

1. No data, no change. A value that could not be read is `Absent` with a reason, never 0; what cannot be decided is a
   Decision with `valid=False` that keeps the current size and says why.
2. Every decision carries its reason in words.
3. Whoever could not carry a decision out decides again from the *old* state with the fault noted in `Faults`: since
   `decide` is pure, that is exactly the decision of a controller that met the fault.

Times are seconds on any one axis. Amounts of resources and metrics are integer thousandths, as Kubernetes counts them:
one core = 1000, one byte = 1000, 2.5 requests per second = 2500.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

State = TypeVar("State")

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]
Truth = Literal["True", "False", "Unknown"]
WorkerState = Literal["provisioning", "warming", "ready", "draining"]


@dataclass(frozen=True, slots=True)
class Absent:
    """No data, and why. It stands where a value would, so that what is unknown never looks like nothing."""

    reason: str


NOT_OBSERVED = Absent("not observed")


# ------------------------------------------------------------------------------------------------- what is seen


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod; `requests` maps a resource to thousandths, None when the container has none."""

    name: str
    requests: Mapping[str, int] | None = None
    init: bool = False
    restartable: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod as its API object shows it.

    `ready` is the status of the Ready condition and None when the pod has no such condition; `ready_transition` [s] is
    when that status last changed. `requests` are pod-level requests, None when there are none.
    """

    name: str
    phase: Phase = "Running"
    deleting: bool = False
    ready: Truth | None = None
    start: float | None = None
    ready_transition: float | None = None
    containers: tuple[Container, ...] = ()
    requests: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker of a session pool; its place in `Observation.workers` is its age, oldest first."""

    name: str
    state: WorkerState
    sessions: int | Absent = 0


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """What the resource metrics API says of one pod: (container, usage by resource) averaged over `window` seconds."""

    pod: str
    timestamp: float
    window: float
    containers: tuple[tuple[str, Mapping[str, int]], ...]


@dataclass(frozen=True, slots=True)
class PodRow:
    """What the custom metrics API says of one pod; `window` [s] is None when it does not say."""

    pod: str
    value: int
    timestamp: float
    window: float | None = None


@dataclass(frozen=True, slots=True)
class Averages:
    """A load [1 or 1/s] averaged over a long and a short window, both ending now."""

    stable: float
    panic: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """All readings, each possibly absent.

    `pods`, `objects`, `external` and `averages` are by metric name: rows per pod, one value, one value per series,
    and averages of the whole service.
    """

    resource: tuple[ResourceRow, ...] | Absent = NOT_OBSERVED
    pods: Mapping[str, tuple[PodRow, ...] | Absent] = field(default_factory=dict)
    objects: Mapping[str, int | Absent] = field(default_factory=dict)
    external: Mapping[str, tuple[int, ...] | Absent] = field(default_factory=dict)
    averages: Mapping[str, Averages | Absent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Faults:
    """What went wrong around a decision, in the words of whoever failed; empty when nothing did."""

    get_scale: str = ""
    update_scale: str = ""
    other_selectors: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a decision's status: a type that is True, False or Unknown, with a reason and a text."""

    type: str
    status: Truth
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a policy may know at `now` [s].

    `replicas` is the size asked for (scale.spec), `status_replicas` the size that exists (scale.status; None: the
    same). `selector` None matches all the pods given. `conditions` are those of the previous decision: they live in
    the autoscaler's object, and so survive a controller that forgets its state. `rejected` counts the sessions that
    found no place since the previous decision.
    """

    now: float
    replicas: int
    status_replicas: int | None = None
    pods: tuple[Pod, ...] | Absent = ()
    metrics: Metrics = field(default_factory=Metrics)
    workers: tuple[Worker, ...] | Absent = ()
    rejected: int | Absent = 0
    selector: str | None = None
    conditions: tuple[Condition, ...] = ()
    faults: Faults = field(default_factory=Faults)

    @property
    def existing(self) -> int:
        """Replicas that exist (scale.status)."""
        return self.replicas if self.status_replicas is None else self.status_replicas

    @property
    def ready(self) -> int | Absent:
        """Pods that run and are ready."""
        if isinstance(self.pods, Absent):
            return self.pods
        return sum(pod.phase == "Running" and pod.ready == "True" for pod in self.pods)


# ------------------------------------------------------------------------------------------------- what is answered


@dataclass(frozen=True, slots=True)
class MetricStatus:
    """One metric behind a decision: the size it alone proposes, and its current value.

    `utilization` is in per cent of the request, `average` in thousandths per pod, `value` in thousandths.
    """

    name: str
    proposal: int | Absent
    utilization: int | None = None
    average: int | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """How many replicas there should be, and why.

    With `valid=False` nothing was decided: `replicas` is the current size and `reason` begins "no decision, because".
    `error` tells of metrics that failed although a decision was made. `victims` names the workers to drain, in order.
    """

    replicas: int
    reason: str
    valid: bool = True
    conditions: tuple[Condition, ...] = ()
    metrics: tuple[MetricStatus, ...] = ()
    error: str = ""
    victims: tuple[str, ...] = ()

    @classmethod
    def none(
        cls,
        replicas: int,
        because: str,
        conditions: tuple[Condition, ...] = (),
        metrics: tuple[MetricStatus, ...] = (),
    ) -> Decision:
        """No decision: the size stays, and the reason says why."""
        return cls(replicas, f"no decision, because {because}", False, conditions, metrics, because)


class Policy(Protocol[State]):
    """Decides how many replicas there should be; pure."""

    @property
    def period(self) -> float:
        """Seconds from one decision to the next."""
        ...

    def decide(self, observation: Observation, state: State | None) -> tuple[Decision, State]:
        """The decision, and the state to hand in next time; `state` is None for a controller that knows nothing."""
        ...
