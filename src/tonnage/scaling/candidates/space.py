"""What a search may choose, by the kind of the policy.

    sessions    min_workers, both thresholds, buffer, scale_down_delay
    hpa         min_replicas, share of the targets, windows, pods per step, own tolerances where the version has them
    both        max, sessions per worker, idle nodes, floors by the time of day: only as far as a Freedom allows

Bounds lie around what is sensible anywhere, not around what the given policy has.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from tonnage.errors import Mistake, PlanError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, Rules
from tonnage.scaling.sessions import SessionSpec, may_cycle
from tonnage.scaling.tune import Candidate, Parameter, Space

MOST_LEAST: Final = 60  # replicas that are kept at the very least, in any candidate
UP_PERIOD: Final = 15  # [s] of the one rate policy that a candidate has in each direction
DOWN_PERIOD: Final = 60
MOST_PODS: Final = 20  # of a rate policy


@dataclass(frozen=True, slots=True)
class Freedom:
    """What a search may change beside the parameters of the policy's kind.

    Attributes:
        most: up to which size the policy's maximum may be raised; 0: it stays.
        slots: fewest and most sessions of a worker; None: they stay.
        idle_nodes: the most empty nodes that may be kept; None: those of the supply.
        floors: replicas needed by the time of day, block by block (`candidates.floors`); () for no schedule.
        per_worker: sessions of the workers that the floors count.
    """

    most: int = 0
    slots: tuple[int, int] | None = None
    idle_nodes: int | None = None
    floors: tuple[float, ...] = ()
    per_worker: int = 1


def space_of(base: PolicyFile, freedom: Freedom) -> Space:
    """The parameters of the policy's kind and of the freedom.

    Raises:
        PlanError: a kind of policy that has no space.
    """
    spec = base.spec
    if isinstance(spec, SessionSpec):
        own, most, least = _sessions(spec), spec.max_workers, "min_workers"
    elif isinstance(spec, HpaSpec):
        own, most, least = _hpa(spec), spec.max_replicas, "min_replicas"
    else:
        raise PlanError(Mistake("--policy", f"a policy of kind {base.kind} cannot be tuned: give sessions or hpa"))
    return Space((*own, *_free(freedom, most)), lambda one: _allowed(one, most, least))


def starting_point(base: PolicyFile, freedom: Freedom, slots: int = 0, idle_nodes: int = 0) -> Candidate:
    """The policy as it is; of an HPA the nearest point, for a candidate has one rate policy in each direction.

    Args:
        slots: sessions of a worker, as the model has them.
        idle_nodes: those of the supply.
    """
    spec = base.spec
    found: dict[str, float] = {"sessions_per_worker": slots, "idle_nodes": idle_nodes, "floor_share": 0}
    if isinstance(spec, SessionSpec):
        found |= {
            "min_workers": spec.min_workers,
            "scale_up_threshold": spec.scale_up_threshold,
            "scale_down_threshold": spec.scale_down_threshold,
            "buffer": spec.reserve,
            "scale_down_delay": spec.scale_down_delay,
            "max": spec.max_workers,
        }
    elif isinstance(spec, HpaSpec):
        up, down = (spec.behavior or Behavior()).rules(spec.controller.downscale_stabilization)
        found |= {
            "min_replicas": spec.floor,
            "target_share": 1.0,
            "scale_up_window": up.window,
            "scale_up_pods": _pods(up, UP_PERIOD),
            "scale_down_window": down.window,
            "scale_down_pods": _pods(down, DOWN_PERIOD),
            "scale_up_tolerance": spec.tolerances.up,
            "scale_down_tolerance": spec.tolerances.down,
            "max": spec.max_replicas,
        }
    return {parameter.name: float(found[parameter.name]) for parameter in space_of(base, freedom).parameters}


def _sessions(spec: SessionSpec) -> tuple[Parameter, ...]:
    return (
        Parameter("min_workers", 1, min(spec.max_workers, MOST_LEAST), 1),
        Parameter("scale_up_threshold", 400, 950, 25),
        Parameter("scale_down_threshold", 100, 700, 25),
        Parameter("buffer", 50, 700, 25),
        Parameter("scale_down_delay", 60, 1800, 60),
    )


def _hpa(spec: HpaSpec) -> tuple[Parameter, ...]:
    tolerances = (
        Parameter("scale_up_tolerance", 0, 0.1, 0.05),
        Parameter("scale_down_tolerance", 0, 0.6, 0.05),
    )
    return (
        Parameter("min_replicas", 1, min(spec.max_replicas, MOST_LEAST), 1),
        Parameter("target_share", 0.3, 1.2, 0.05),
        Parameter("scale_up_window", 0, 120, 15),
        Parameter("scale_up_pods", 1, MOST_PODS, 1),
        Parameter("scale_down_window", 0, 1800, 60),
        Parameter("scale_down_pods", 1, MOST_PODS, 1),
        *(tolerances if spec.semantics.own_tolerance else ()),
    )


def _free(freedom: Freedom, most: int) -> list[Parameter]:
    found = []
    if freedom.most > most:
        found.append(Parameter("max", most, freedom.most, max(1, (freedom.most - most) // 10)))
    if freedom.slots is not None:
        found.append(Parameter("sessions_per_worker", *freedom.slots, 1))
    if freedom.idle_nodes is not None:
        found.append(Parameter("idle_nodes", 0, freedom.idle_nodes, 1))
    if freedom.floors:
        found.append(Parameter("floor_share", 0, 1.5, 0.1))
    return found


def _allowed(one: Candidate, most: int, least: str) -> bool:
    """Bounds that fit, no thresholds that cycle, and no buffer that fires again (TN502)."""
    if one[least] > one.get("max", most):
        return False
    if "buffer" not in one:
        return True
    up = one["scale_up_threshold"]
    return not may_cycle(up, one["scale_down_threshold"], one[least]) and one["buffer"] >= 1000 - up


def _pods(rules: Rules, period: int) -> float:
    """The pods of a period that come nearest to the policies; where only per cent bound them, as many as may be."""
    rates = [policy.value / policy.period for policy in rules.policies if policy.type == "Pods"]
    if not rates or any(policy.type == "Percent" and policy.value >= 100 for policy in rules.policies):
        return MOST_PODS
    return min(max(1, ceil(max(rates) * period)), MOST_PODS)
