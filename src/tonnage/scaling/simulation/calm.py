"""An HPA's decisions while nothing happens, without asking it: most of a week.

While all replicas are old and every metric can be read, replicas are alike, so a metric's proposal follows from their
number and their sum. Where the largest proposal is the present size, the HPA keeps it, whatever it remembers: the
stabilization windows bound the present size by recommendations, and it lies on the right side of itself. What the
controller would have remembered of such a decision is one recommendation of the present size; it is noted here, and
handed over before the HPA is asked again.

`tests/scaling/simulation/test_calm.py` holds runs with and without this equal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.behavior import Memory, Recommendation
from tonnage.scaling.hpa.calculator import PercentOfRequest, PerPod, Sample, Tally, from_pods
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.observer import RESOURCES, Observer
from tonnage.scaling.simulation.signals import CUSTOM_WINDOW, Wants

KNOWN: Final = (*RESOURCES, "Pods")


class Calm:
    """Tells whether a decision can be spared. For one HPA that nothing is wrapped around."""

    def __init__(self, spec: HpaSpec, observer: Observer, fleet: Fleet) -> None:
        self._spec, self._observer, self._fleet = spec, observer, fleet
        self._settled_after = spec.controller.cpu_initialization + CUSTOM_WINDOW + fleet.supply.metric_delay.high
        self._targets = [(metric, _goal(metric)) for metric in spec.metrics]
        self._is_able = all(metric.type in KNOWN for metric in spec.metrics) and None not in {g for _, g in self._targets}
        rules = spec.rules
        self._memory = max((each.window for each in rules), default=0.0) if rules else 0.0
        self._memory = max(self._memory, spec.controller.downscale_stabilization)
        self._noted: list[float] = []

    @classmethod
    def of(cls, policy: object, wants: Wants, observer: Observer, fleet: Fleet) -> Calm | None:
        """For a bare HPA; None for every other policy."""
        if not isinstance(policy, HorizontalPodAutoscaler) or wants.hpa is None:
            return None
        return cls(wants.hpa, observer, fleet)

    def holds(self, now: float, state: Memory | None) -> bool:
        """Whether the HPA would keep the size; if so, its recommendation is noted."""
        fleet, spec, size = self._fleet, self._spec, self._fleet.size
        if (
            not self._is_able
            or state is None
            or self._observer.is_dark
            or now - fleet.changed <= self._settled_after
            or fleet.ready != size
            or not max(spec.floor, 1) <= size <= spec.max_replicas
        ):
            return False
        if spec.rules is None and any(each.replicas > size for each in state.recommendations or ()):
            return False
        request = self._observer.request or {}
        best = 0
        for metric, goal in self._targets:
            found = self._observer.common(metric.name, is_resource=metric.type in RESOURCES)
            if found is None or found[0] != size or goal is None:
                return False
            n, total = found
            asked = request.get(metric.name, 0)
            if isinstance(goal, PercentOfRequest) and not asked:
                return False
            tally = Tally(n, n, total, n * asked)
            best = max(best, from_pods(size, Sample(n, tally), goal, spec.tolerances))
        if best != size:
            return False
        self._noted.append(now)
        return True

    def recalled(self, state: Memory | None, now: float) -> Memory | None:
        """What the controller remembers, the decisions that were spared included."""
        if not self._noted or state is None:
            return state
        size, since = self._fleet.size, now - self._memory - 1
        spared = tuple(Recommendation(size, at) for at in self._noted if at >= since)
        self._noted.clear()
        kept = tuple(each for each in state.recommendations or () if each.at >= since)
        return replace(state, recommendations=kept + spared)


def _goal(metric: MetricSpec) -> PercentOfRequest | PerPod | None:
    if metric.target.average is not None:
        return PerPod(metric.target.average)
    return PercentOfRequest(metric.target.utilization) if metric.target.utilization is not None else None
