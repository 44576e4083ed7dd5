"""Examples that happen: the policy in the simulator, under a load that can be said in one sentence.

    held      a load that stays, whatever the number of replicas that share it
    sessions  so many sessions, then so many, each number for the same time
    callers   callers who come and stay, until nobody finds a slot any more

Metrics are read without delay. At the first instant there are none: the load has not lasted yet, and a policy must not
take that for idleness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any, Final

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.load.curve import Curve
from tonnage.load.demand import Demand
from tonnage.runs.run import Run
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec, Target
from tonnage.scaling.lint.example import one_metric, target_of
from tonnage.scaling.policy import Policy
from tonnage.scaling.simulation.signals import RESOURCES
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Delay, Supply

MOMENT: Final = 1e-5  # [s] in which those come who come at once
FOREVER: Final = 1e9  # [s] longer than any example


@dataclass(frozen=True, slots=True)
class Step:
    """The size that was asked for at an instant [s]."""

    at: float
    size: int


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds an example.

    Attributes:
        node: until a new replica has its node, each one of its own [s]; 0 where there is always room.
        warmup: until it is ready from then on [s].
        metrics_from: from when on there are metrics [s].
        cpu_request: of a replica [cores].
        routing: of sessions; packed, a scale-down finds idle replicas.
    """

    node: float = 0.0
    warmup: float = 0.0
    metrics_from: float = MOMENT
    cpu_request: float = 0.0
    routing: str = "pack"

    @property
    def supply(self) -> Supply:
        """The world as the simulator has it."""
        return Supply(
            startup=Delay.fixed(0.0),
            warmup=Delay.fixed(self.warmup),
            node=Delay.fixed(self.node),
            per_node=1 if self.node else 0,
            grace=FOREVER,
            routing=self.routing,
            victims="idle",
            metric_delay=Delay.fixed(0.0),
            gaps=((0.0, self.metrics_from),),
            cpu_request=self.cpu_request,
        )


def steps(run: Run, start: int) -> list[Step]:
    """The start of a run and every change of size in it, from its events."""
    sizes = [(event.at, event.text) for event in run.events if event.kind == "scaled"]
    return [Step(0.0, start), *(Step(at, int(text.split(" → ")[1].split(":")[0])) for at, text in sizes)]


def held(spec: HpaSpec, metric: MetricSpec, totals: Sequence[int], start: int, world: World, length: float) -> Run:
    """An HPA on one metric whose replicas share a total [1/1000 of its unit], each total for a length, from `start` on.

    The simulator knows the metric as a rate of requests, which stays whatever answers them. Only cpu is simulated as
    itself, since the HPA looks at readiness for cpu alone; a processor saturates, so there each ready replica shows
    what `start` of them would have of the largest total, however many they become.
    """
    shown, rates, servers, demand = _as_rate(metric), [total / 1000 for total in totals], 1, 0.0
    if metric.type in RESOURCES and metric.name == "cpu":
        cores = max(totals) / start / (100_000 if metric.target.utilization is not None else 1000)
        shown, servers, demand = metric, ceil(cores), 1.0
        rates = [2.0 * servers * max(spec.max_replicas, start)]
        world = replace(world, cpu_request=1.0)
    curve = Curve.stairs([(float(ceil(length)), rate) for rate in rates])
    return _rehearsed(curve, ServiceModel(demand, servers), one_metric(spec, shown), world, start)


def _as_rate(metric: MetricSpec) -> MetricSpec:
    """The metric by the name of what a held load is; a resource other than cpu acts as a metric of pods does."""
    if metric.type in RESOURCES:
        return MetricSpec("Pods", "rate", Target("AverageValue", average=target_of(metric)))
    return replace(metric, name="rate")


def sessions(
    policy: Policy[Any], per_worker: int, counts: Sequence[int], length: float, start: int, world: World
) -> Run:
    """So many sessions at once for `length` seconds, then as many as the next count says, and so on.

    All sessions of a count end as those of the next one come: they change between two decisions.
    """
    stairs = [(policy.period / 2, 0.0)]
    # Callers come at whole areas under the demand: half a caller more keeps the last one off a rounded edge.
    spare = 0.5
    for count in counts:
        stairs += [(MOMENT, (count + spare) / MOMENT), (length - MOMENT, 0.0)]
        spare = 0.0
    model = SessionModel(length - 2 * MOMENT, scv=0.0, per_worker=per_worker)
    return _rehearsed(Curve.stairs(stairs), model, policy, world, start)


def callers(
    policy: Policy[Any], model: SessionModel, rate: float, at_once: int, start: int, world: World, until: float
) -> Run:
    """Callers who come `at_once` and then at a rate [1/s], and stay; whoever finds no slot goes away.

    They take any free slot at random: nothing shrinks here, and of full replicas that is found out at once.
    """
    world = replace(world, routing="weighted")
    curve = Curve.stairs([(MOMENT, at_once / MOMENT), (float(ceil(until)), rate)])
    return _rehearsed(curve, replace(model, mean=FOREVER, scv=0.0), policy, world, start)


def _rehearsed(curve: Curve, model: ServiceModel | SessionModel, policy: Policy[Any], world: World, start: int) -> Run:
    settings = Settings(window=ceil(policy.period), initial=start, regular=True, thresholds=())
    return simulate(Demand(curve), model, policy, world.supply, horizon=floor(curve.length), settings=settings)
