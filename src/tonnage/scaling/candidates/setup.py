"""What a candidate stands for: a policy, and the replicas and nodes that it needs.

A worker of S sessions costs as much as S / S₀ of the given one, and a node takes S₀ / S as many of them: sessions, not
processes, are what a machine is filled with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.scaling.candidates.floors import spans
from tonnage.scaling.candidates.space import DOWN_PERIOD, UP_PERIOD, Freedom
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.quantity import parse_ratio
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, RatePolicy, ScalingRules
from tonnage.scaling.policy import Policy
from tonnage.scaling.schedule import Schedule, Span
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.simulation.account import HOUR
from tonnage.scaling.supply import Supply
from tonnage.scaling.tune import Candidate

Model = ServiceModel | SessionModel


@dataclass(frozen=True)
class Setup:
    """A policy with the service that it scales and with what surrounds it."""

    policy: Policy[Any]
    model: Model
    supply: Supply


def setup_of(base: PolicyFile, candidate: Candidate, freedom: Freedom, model: Model, supply: Supply) -> Setup:
    """The setup of a candidate, by what was given."""
    policy = policy_of(base, candidate, freedom)
    if (nodes := candidate.get("idle_nodes")) is not None:
        supply = replace(supply, idle_nodes=int(nodes))
    slots = candidate.get("sessions_per_worker")
    if slots is None or not isinstance(model, SessionModel) or slots == model.per_worker:
        return Setup(policy, model, supply)
    size = slots / model.per_worker
    per_node = max(1, int(supply.per_node / size)) if supply.per_node else 0
    # Without prices the cost is replica-hours; here of replicas of the given size.
    price = supply.price_replica * size if supply.is_priced else size / HOUR
    supply = replace(supply, per_node=per_node, price_replica=price)
    return Setup(policy, replace(model, per_worker=int(slots)), supply)


def policy_of(base: PolicyFile, candidate: Candidate, freedom: Freedom) -> Policy[Any]:
    """The policy of a candidate, within floors where it has any."""
    spec = spec_of(base, candidate)
    policy = SessionPolicy(spec) if isinstance(spec, SessionSpec) else HorizontalPodAutoscaler(spec)
    table = spans_of(base, candidate, freedom)
    return Schedule(policy, table) if table else policy


def spans_of(base: PolicyFile, candidate: Candidate, freedom: Freedom) -> tuple[Span, ...]:
    """The floors of a candidate; of workers with more sessions there need to be fewer."""
    share = candidate.get("floor_share", 0.0) * freedom.per_worker
    share /= candidate.get("sessions_per_worker", freedom.per_worker)
    spec = spec_of(base, candidate)
    return spans(freedom.floors, share, spec.max_workers if isinstance(spec, SessionSpec) else spec.max_replicas)


def spec_of(base: PolicyFile, candidate: Candidate) -> SessionSpec | HpaSpec:
    """The parameters of the policy, changed by the candidate."""
    spec = base.spec
    if isinstance(spec, SessionSpec):
        return replace(
            spec,
            min_workers=int(candidate["min_workers"]),
            max_workers=int(candidate.get("max", spec.max_workers)),
            sessions_per_worker=int(candidate.get("sessions_per_worker", spec.sessions_per_worker)),
            scale_up_threshold=int(candidate["scale_up_threshold"]),
            scale_down_threshold=int(candidate["scale_down_threshold"]),
            buffer=int(candidate["buffer"]),
            scale_down_delay=float(candidate["scale_down_delay"]),
        )
    assert isinstance(spec, HpaSpec), "space_of refuses every other kind"
    return replace(
        spec,
        min_replicas=int(candidate["min_replicas"]),
        max_replicas=int(candidate.get("max", spec.max_replicas)),
        metrics=tuple(scaled(metric, candidate["target_share"]) for metric in spec.metrics),
        behavior=Behavior(_rules(candidate, "scale_up", UP_PERIOD), _rules(candidate, "scale_down", DOWN_PERIOD)),
    )


def _rules(candidate: Candidate, direction: str, period: int) -> ScalingRules:
    """One rate policy: so many pods a period. A tolerance is read as a controller reads the text of it."""
    tolerance = candidate.get(f"{direction}_tolerance")
    return ScalingRules(
        candidate[f"{direction}_window"],
        "Max",
        (RatePolicy("Pods", int(candidate[f"{direction}_pods"]), period),),
        None if tolerance is None else parse_ratio(f"{tolerance:g}"),
    )


def scaled(metric: MetricSpec, share: float) -> MetricSpec:
    """A metric with its targets times a share, at least one unit of what the controller counts in."""
    target = metric.target
    changed = {
        name: max(1, round(getattr(target, name) * share))
        for name in ("utilization", "average", "value")
        if getattr(target, name) is not None
    }
    return replace(metric, target=replace(target, **changed))
