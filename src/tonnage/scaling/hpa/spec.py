"""What an HPA says, what its controller is started with, and what its version of Kubernetes does.

Times are seconds. Values of metrics are integer thousandths, utilization is per cent of the request: the controller's
own integers, in which alone its truncations come out right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

Select = Literal["Max", "Min", "Disabled"]
VERSIONS: Final = ("1.20", *(f"1.{minor}" for minor in range(23, 38)))
NEWEST: Final = VERSIONS[-1]
GATES: Final = ("HPAConfigurableTolerance", "HPAScaleToZero", "PodLevelResources")


# ------------------------------------------------------------------------------------------------- metrics


@dataclass(frozen=True, slots=True)
class Target:
    """What a metric should be: per cent of the request, thousandths per pod, or thousandths in all."""

    type: str
    utilization: int | None = None
    average: int | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric: its source type, its name, its target; `container` and `described` (a kind) where the type has them.

    `type` may be any text: one that no controller knows makes the metric fail, as it does in the cluster.
    """

    type: str
    name: str = ""
    target: Target = field(default_factory=lambda: Target(""))
    container: str = ""
    described: str = ""


# ------------------------------------------------------------------------------------------------- behaviour


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """At most `value` pods, or per cent of the pods, in any `period` seconds."""

    type: Literal["Pods", "Percent"]
    value: int
    period: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Scaling rules of one direction with nothing left open."""

    window: float
    select: Select
    policies: tuple[RatePolicy, ...]
    tolerance: float | None = None

    @property
    def longest_period(self) -> int:
        """Seconds of the longest policy; 0 without policies."""
        return max((policy.period for policy in self.policies), default=0)


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """Scaling rules of one direction as written: None is a field that was left out."""

    window: float | None = None
    select: Select | None = None
    policies: tuple[RatePolicy, ...] | None = None
    tolerance: float | None = None

    def over(self, default: Rules) -> Rules:
        """The rules with every field that was left out taken from `default`; a given list of policies replaces all."""
        return Rules(
            default.window if self.window is None else self.window,
            default.select if self.select is None else self.select,
            default.policies if self.policies is None else self.policies,
            self.tolerance,
        )


DEFAULT_UP: Final = Rules(0, "Max", (RatePolicy("Pods", 4, 15), RatePolicy("Percent", 100, 15)))
DEFAULT_DOWN: Final = Rules(300, "Max", (RatePolicy("Percent", 100, 15),))


@dataclass(frozen=True, slots=True)
class Behavior:
    """Scaling rules of both directions as written."""

    up: ScalingRules = field(default_factory=ScalingRules)
    down: ScalingRules = field(default_factory=ScalingRules)

    def rules(self, downscale_stabilization: float) -> tuple[Rules, Rules]:
        """Complete rules (up, down); a scale-down window left out is the controller's own."""
        return self.up.over(DEFAULT_UP), self.down.over(replace(DEFAULT_DOWN, window=downscale_stabilization))


# ------------------------------------------------------------------------------------------------- the controller


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """Flags of the kube-controller-manager, and its two constants, with production's values."""

    sync_period: float = 15.0
    tolerance: float = 0.1
    downscale_stabilization: float = 300.0
    cpu_initialization: float = 300.0
    initial_readiness_delay: float = 30.0
    scale_up_limit_factor: float = 2.0
    scale_up_limit_minimum: float = 4.0


@dataclass(frozen=True, slots=True)
class Semantics:
    """What differs between versions, one switch each; the defaults are those of the newest.

    Attributes:
        cross_terms: deletions raise the start of a scale-up period, and additions that of a scale-down period.
        both_clamps: stabilization bounds the current size from both sides, not the desired one from one side.
        holds_on_partial_failure: with one metric failing, the others may not scale down.
        skips_rows_without_container: a pod whose row lacks the container is missing; else the metric fails.
        ignores_succeeded: pods that have succeeded do not count.
        remembers_zero: only an HPA that scaled to zero itself scales from zero.
        scale_to_zero: gate HPAScaleToZero.
        own_tolerance: gate HPAConfigurableTolerance: `behavior.*.tolerance` counts.
        pod_level_requests: gate PodLevelResources.
    """

    cross_terms: bool = True
    both_clamps: bool = True
    holds_on_partial_failure: bool = True
    skips_rows_without_container: bool = True
    ignores_succeeded: bool = True
    remembers_zero: bool = True
    scale_to_zero: bool = True
    own_tolerance: bool = True
    pod_level_requests: bool = True

    @classmethod
    def of(cls, version: str, gates: Mapping[str, bool]) -> Semantics:
        """The switches of a version such as "1.33", and of feature gates that are not at its default."""
        minor = int(version.partition(".")[2])
        modern, newest = minor >= 23, minor >= 37
        return cls(
            cross_terms=modern,
            both_clamps=modern,
            holds_on_partial_failure=modern,
            skips_rows_without_container=modern,
            ignores_succeeded=newest,
            remembers_zero=newest,
            scale_to_zero=gates.get("HPAScaleToZero", newest),
            own_tolerance=minor >= 33 and gates.get("HPAConfigurableTolerance", minor >= 35),
            pod_level_requests=minor >= 32 and gates.get("PodLevelResources", minor >= 34),
        )


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far the ratio of a metric to its target may lie from 1 before anything is done; both ends still hold."""

    up: float
    down: float

    def hold(self, ratio: float) -> bool:
        """1 - down <= ratio <= 1 + up."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True)
class HpaSpec:
    """One HorizontalPodAutoscaler with its controller and its version of Kubernetes.

    `min_replicas` None is 1. `behavior` None is the old way: a ramp of twice the size and no other rate limit.
    """

    max_replicas: int
    metrics: tuple[MetricSpec, ...]
    min_replicas: int | None = None
    behavior: Behavior | None = None
    version: str = NEWEST
    gates: Mapping[str, bool] = field(default_factory=dict)
    controller: ControllerConfig = field(default_factory=ControllerConfig)
    name: str = ""

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise ValueError(f"version {self.version!r} is not modelled: it is one of {', '.join(VERSIONS)}")
        unknown = set(self.gates) - set(GATES)
        if unknown:
            raise ValueError(f"feature gate {min(unknown)!r} is not modelled: they are {', '.join(GATES)}")

    @cached_property
    def floor(self) -> int:
        """The least size that the HPA may ask for."""
        return 1 if self.min_replicas is None else self.min_replicas

    @cached_property
    def semantics(self) -> Semantics:
        return Semantics.of(self.version, self.gates)

    @cached_property
    def rules(self) -> tuple[Rules, Rules] | None:
        """Complete rules (up, down), None without behaviour."""
        return None if self.behavior is None else self.behavior.rules(self.controller.downscale_stabilization)

    @cached_property
    def tolerances(self) -> Tolerances:
        """The controller's tolerance, or the HPA's own where the version knows one (horizontal.go)."""
        up = down = self.controller.tolerance
        if self.rules and self.semantics.own_tolerance:
            own_up, own_down = (rules.tolerance for rules in self.rules)
            up, down = up if own_up is None else own_up, down if own_down is None else own_down
        return Tolerances(up, down)
