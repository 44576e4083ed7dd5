"""One sync of one HorizontalPodAutoscaler: the policy.

    scale ──► at zero and not ours ─► disabled
         └──► outside the bounds ──► the bound, no metrics read
         └──► metrics ──► largest proposal ──► stabilize ──► limit ──► size

Source:
    Kubernetes, horizontal.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tonnage.scaling.hpa import behavior
from tonnage.scaling.hpa.behavior import Memory, Recommendation, Sizes
from tonnage.scaling.hpa.metrics import combine
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.policy import Condition, Decision, MetricStatus, Observation, Truth

Conditions = tuple[Condition, ...]

ABOVE_MAX: Final = "Current number of replicas above Spec.MaxReplicas"
BELOW_MIN: Final = "Current number of replicas below Spec.MinReplicas"
STABILIZED_DOWN: Final = (
    "recent recommendations were higher than current one, applying the highest recent recommendation"
)
STABILIZED_UP: Final = "recent recommendations were lower than current one, applying the lowest recent recommendation"
READY: Final = "recommended size matches current size"

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?"
_SET: Final = rf"\(\s*(?:{_LABEL})?(?:\s*,\s*(?:{_LABEL})?)*\s*\)"
_REQUIREMENT: Final = re.compile(
    rf"\s*(?:!\s*{_LABEL}|{_LABEL}(?:\s*(?:==|=|!=)\s*(?:{_LABEL})?|\s+(?:in|notin)\s*{_SET}|\s*[<>]\s*-?[0-9]+)?)\s*"
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a sync has come to: a size with its reason, or None where nothing can be decided."""

    replicas: int | None
    reason: str
    memory: Memory
    conditions: Conditions
    metrics: tuple[MetricStatus, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class HorizontalPodAutoscaler:
    """The HPA as a policy; its state is what the controller remembers, its conditions what the API object keeps."""

    spec: HpaSpec

    @property
    def period(self) -> float:
        """Seconds between two syncs."""
        return self.spec.controller.sync_period

    def decide(self, observation: Observation, state: Memory | None) -> tuple[Decision, Memory]:
        """One sync; `Decision.conditions` belong into the next Observation, whoever restarts."""
        memory, conditions = state or Memory(), observation.conditions
        if not self.spec.semantics.scale_to_zero:
            conditions = _without(conditions, "ScaledToZero")
        fault = observation.faults.get_scale
        if fault:
            message = f"the HPA controller was unable to get the target's current scale: {fault}"
            conditions = _with(conditions, "AbleToScale", "False", "FailedGetScale", message)
            return Decision.none(observation.replicas, message, conditions), memory
        message = "the HPA controller was able to get the target's current scale"
        conditions = _with(conditions, "AbleToScale", "True", "SucceededGetScale", message)
        if memory.recommendations is None:
            memory = replace(memory, recommendations=(Recommendation(observation.replicas, observation.now),))
        return self._concluded(observation, self._wanted(observation, memory, conditions))

    def _wanted(self, observation: Observation, memory: Memory, conditions: Conditions) -> _Wanted:
        spec, current = self.spec, observation.replicas
        if current == 0 and not self._may_leave_zero(conditions):
            message = "scaling is disabled since the replica count of the target is zero"
            conditions = _with(conditions, "ScalingActive", "False", "ScalingDisabled", message)
            return _Wanted(current, message, memory, conditions)
        if current > spec.max_replicas:
            return _Wanted(spec.max_replicas, ABOVE_MAX, memory, conditions)
        if 0 < current < spec.floor:
            return _Wanted(spec.floor, BELOW_MIN, memory, conditions)
        return self._from_metrics(observation, memory, conditions)

    def _may_leave_zero(self, conditions: Conditions) -> bool:
        """Whether metrics are read at size zero.

        From 1.37 only an HPA that went to zero itself comes back, which its ScaledToZero condition tells; before, one
        whose minimum is zero. Whoever sets the size to zero by hand so switches the HPA off.
        """
        semantics = self.spec.semantics
        if not semantics.remembers_zero:
            return self.spec.floor == 0
        ours = any(each.type == "ScaledToZero" and each.status == "True" for each in conditions)
        sees_from_outside = any(metric.type in ("Object", "External") for metric in self.spec.metrics)
        return semantics.scale_to_zero and ours and (sees_from_outside or self.spec.floor != 0)

    def _from_metrics(self, observation: Observation, memory: Memory, conditions: Conditions) -> _Wanted:
        fault = _selector_fault(observation)
        if fault:
            reason, message = fault
            conditions = _with(conditions, "ScalingActive", "False", reason, message)
            return _Wanted(None, message, memory, conditions, error=message)
        found, current = combine(self.spec, observation), observation.replicas
        if found.replicas is None:
            reason, message = (found.failure.reason, found.failure.message) if found.failure else ("", found.error)
            conditions = _with(conditions, "ScalingActive", "False", reason, message)
            return _Wanted(None, found.error, memory, conditions, found.statuses, found.error)
        message = f"the HPA was able to successfully calculate a replica count from {found.name}"
        conditions = _with(conditions, "ScalingActive", "True", "ValidMetricFound", message)
        # A proposal below zero, which negative metrics make, counts as zero.
        proposal = max(found.replicas, 0)
        reason = ""
        if proposal != current:
            reason = f"{found.name} above target" if proposal > current else "All metrics below target"
        desired, memory, conditions = self._normalised(observation, proposal, memory, conditions)
        if current == 0 and desired < self.spec.floor:
            desired, reason = self.spec.floor, reason or BELOW_MIN
        return _Wanted(desired, reason, memory, conditions, found.statuses, found.error)

    def _normalised(
        self, observation: Observation, proposal: int, memory: Memory, conditions: Conditions
    ) -> tuple[int, Memory, Conditions]:
        """The proposal stabilized and limited, with the conditions AbleToScale and ScalingLimited."""
        spec, now, current = self.spec, observation.now, observation.replicas
        sizes = Sizes(current, proposal, spec.floor, spec.max_replicas)
        past = memory.recommendations or ()
        if spec.rules is None:
            stable, past = behavior.stabilize(past, proposal, spec.controller.downscale_stabilization, now)
            limited = behavior.limit_ramp(replace(sizes, desired=stable), spec.controller)
        else:
            semantics = spec.semantics
            steady = behavior.stabilize_both if semantics.both_clamps else behavior.stabilize_one
            stable, past = steady(past, sizes, spec.rules, now)
            limited = behavior.limit_rate(
                replace(sizes, desired=stable), memory, spec.rules, now, cross_terms=semantics.cross_terms
            )
        rising = spec.rules is not None and proposal >= current
        reason, message = ("ScaleUpStabilized", STABILIZED_UP) if rising else ("ScaleDownStabilized", STABILIZED_DOWN)
        if stable == proposal:
            reason, message = "ReadyForNewScale", READY
        conditions = _with(conditions, "AbleToScale", "True", reason, message)
        hit: Truth = "False" if limited.replicas == stable else "True"
        conditions = _with(conditions, "ScalingLimited", hit, limited.reason, limited.message)
        return limited.replicas, replace(memory, recommendations=past), conditions

    def _concluded(self, observation: Observation, wanted: _Wanted) -> tuple[Decision, Memory]:
        current, conditions, memory = observation.replicas, wanted.conditions, wanted.memory
        if wanted.replicas is None:
            return Decision.none(current, wanted.reason, conditions, wanted.metrics), memory
        if wanted.replicas == current:
            text = f"size stays {current}: {_why_it_stays(wanted)}"
            return Decision(current, text, True, conditions, wanted.metrics, wanted.error), memory
        fault = observation.faults.update_scale
        if fault:
            message = f"the HPA controller was unable to update the target scale: {fault}"
            conditions = _with(conditions, "AbleToScale", "False", "FailedUpdateScale", message)
            return Decision.none(current, message, conditions, wanted.metrics), memory
        message = f"the HPA controller was able to update the target scale to {wanted.replicas}"
        conditions = _with(conditions, "AbleToScale", "True", "SucceededRescale", message)
        conditions = self._zero_noted(conditions, wanted.replicas)
        if self.spec.rules:
            memory = behavior.remember(memory, self.spec.rules, wanted.replicas - current, observation.now)
        limits = [each.message for each in conditions if each.type == "ScalingLimited" and each.status == "True"]
        text = "; ".join([f"New size: {wanted.replicas}; reason: {wanted.reason or READY}", *limits])
        return Decision(wanted.replicas, text, True, conditions, wanted.metrics, wanted.error), memory

    def _zero_noted(self, conditions: Conditions, replicas: int) -> Conditions:
        """From 1.37 the condition that lets an HPA come back from zero; it is never true of any other size."""
        if not (self.spec.semantics.remembers_zero and self.spec.semantics.scale_to_zero):
            return conditions
        if replicas == 0:
            message = "the HPA controller scaled the workload to zero"
            return _with(conditions, "ScaledToZero", "True", "ScaledToZero", message)
        if any(each.type == "ScaledToZero" for each in conditions):
            message = "the HPA controller did not scale the workload to zero"
            return _with(conditions, "ScaledToZero", "False", "NotScaledToZero", message)
        return conditions


def _why_it_stays(wanted: _Wanted) -> str:
    """The text of whatever held the size: a limit, else stabilization, else that there was nothing to change."""
    by_type = {each.type: each for each in wanted.conditions}
    active, limited, able = (by_type.get(each) for each in ("ScalingActive", "ScalingLimited", "AbleToScale"))
    if active and active.status == "False":
        return active.message
    return limited.message if limited and limited.status == "True" else able.message if able else READY


def _selector_fault(observation: Observation) -> tuple[str, str] | None:
    """Reason and text where the target's pods cannot be told, or are not this HPA's alone."""
    selector = observation.selector
    if selector == "":
        return "InvalidSelector", "the HPA target's scale is missing a selector"
    if selector is not None and not _parses(selector):
        text = f"couldn't convert selector into a corresponding internal selector object: {selector!r} is no selector"
        return "InvalidSelector", text
    if observation.faults.other_selectors:
        count = observation.faults.other_selectors + 1
        return "AmbiguousSelector", f"pods by selector {selector} are controlled by more than one HPA ({count} of them)"
    return None


def _parses(selector: str) -> bool:
    """Whether a text is a label selector: requirements such as app=web, tier in (a, b), !canary, joined by commas."""
    parts = re.split(r",(?![^(]*\))", selector)
    return all(_REQUIREMENT.fullmatch(part) for part in parts)


def _with(conditions: Conditions, kind: str, status: Truth, reason: str, message: str) -> Conditions:
    """The conditions with one set: in its place where it stands already, else at the end."""
    latest = Condition(kind, status, reason, message)
    if not any(each.type == kind for each in conditions):
        return (*conditions, latest)
    return tuple(latest if each.type == kind else each for each in conditions)


def _without(conditions: Conditions, kind: str) -> Conditions:
    return tuple(each for each in conditions if each.type != kind)
