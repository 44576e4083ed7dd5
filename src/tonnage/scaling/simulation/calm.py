"""An HPA's decisions while it only keeps its size, without asking it: most of a week.

While the replicas are alike and every metric can be read, a metric's proposal follows from their number and their sum.
The HPA keeps the size

    when the largest proposal is the size: stabilization bounds the size by recommendations, and it is its own bound
    when it is smaller, and the size is the floor, or a recommendation of it lies within the scale-down window

All that the controller would remember of such a decision is its recommendation. It is noted here, and handed over
before the HPA is asked again. `tests/scaling/simulation/test_calm.py` holds runs with and without this equal.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Final

from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.behavior import Memory, Recommendation
from tonnage.scaling.hpa.calculator import PercentOfRequest, PerPod, Tally
from tonnage.scaling.hpa.quantity import ceil_replicas
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.observer import Observer
from tonnage.scaling.simulation.signals import CUSTOM_WINDOW, RESOURCES, Wants

KNOWN: Final = (*RESOURCES, "Pods")


class Calm:
    """Tells whether a decision can be spared. For one HPA that nothing is wrapped around."""

    def __init__(self, spec: HpaSpec, observer: Observer, fleet: Fleet) -> None:
        self._spec, self._observer, self._fleet = spec, observer, fleet
        # From then on every replica that is ready was so for all of every metric's window.
        self._settled_after = CUSTOM_WINDOW + fleet.supply.metric_delay.high
        request = observer.request or {}
        self._targets = [
            (metric.name, metric.type in RESOURCES, request.get(metric.name, 0), _goal(metric))
            for metric in spec.metrics
        ]
        self._is_able = all(metric.type in KNOWN for metric in spec.metrics) and not any(
            goal is None or (isinstance(goal, PercentOfRequest) and not asked) for _, _, asked, goal in self._targets
        )
        rules = spec.rules
        default = spec.controller.downscale_stabilization
        self._down = rules[1].window if rules else default
        self._memory = max(rules[0].window if rules else 0.0, self._down)
        self._noted: list[tuple[float, int]] = []
        self._held = -inf

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
        if not self._noted and not self._looks_back(state, size):
            return False
        best = self._proposal(size)
        if best is None or best > size:
            return False
        if best < size and size > spec.floor and now - self._held >= self._down:
            return False
        if best == size:
            self._held = now
        self._noted.append((now, best))
        return True

    def recalled(self, state: Memory | None, now: float) -> Memory | None:
        """What the controller remembers, the decisions that were spared included."""
        # A controller that has restarted has forgotten all of it.
        if not self._noted or state is None:
            self._noted.clear()
            return state
        since = now - self._memory - 1
        spared = tuple(Recommendation(size, at) for at, size in self._noted if at >= since)
        self._noted.clear()
        kept = tuple(each for each in state.recommendations or () if each.at >= since)
        return replace(state, recommendations=kept + spared)

    def _looks_back(self, state: Memory, size: int) -> bool:
        """Find what holds the size; not where a larger recommendation may still be raised to."""
        past = state.recommendations or ()
        if self._spec.rules is None and any(each.replicas > size for each in past):
            return False
        self._held = max((each.at for each in past if each.replicas >= size), default=-inf)
        return True

    def _proposal(self, size: int) -> int | None:
        """The largest proposal of all metrics; None where one of them is not that of `size` replicas."""
        best = 0
        for name, is_resource, asked, goal in self._targets:
            found = self._observer.common(name, is_resource=is_resource)
            if found is None or found[0] != size or goal is None:
                return None
            n, total = found
            ratio = goal.ratio(Tally(n, n, total, n * asked))
            # What `calculator.from_pods` says where no pod is unready or missing.
            proposal = size if self._spec.tolerances.hold(ratio) else ceil_replicas(ratio * float(n))
            best = max(best, proposal)
        return best


def _goal(metric: MetricSpec) -> PercentOfRequest | PerPod | None:
    if metric.target.average is not None:
        return PerPod(metric.target.average)
    return PercentOfRequest(metric.target.utilization) if metric.target.utilization is not None else None
