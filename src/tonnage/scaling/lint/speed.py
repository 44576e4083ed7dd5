"""How fast a policy grows, and how fast it can when pods take their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any, Final

from tonnage.capacity.sessions import SessionModel
from tonnage.finding import Evidence, Finding
from tonnage.runs.run import Run
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import counts_sessions, one_metric, target_of
from tonnage.scaling.lint.objects import where
from tonnage.scaling.lint.rehearsed import FOREVER, Step, World, callers, held, steps
from tonnage.scaling.policy import Policy
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

_HORIZONS: Final = (450.0, 1800.0, 7200.0, 4 * 3600.0)
"""How long the way to the largest size is looked at [s], in turn: most policies are there soon, and the longest look is
the one after which it is given up."""
_DEFAULT_HORIZONS: Final = (150.0, 600.0)
_FASTEST: Final = 1000.0  # callers a second


def default_scale_up(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN512: without behavior.scaleUp.policies the size may double every 15 s."""
    spec = file.spec
    if not isinstance(spec, HpaSpec) or (spec.behavior and spec.behavior.up.policies is not None):
        return
    metric = spec.metrics[0]
    start = max(spec.floor, 1)
    most = spec.max_replicas
    way = _way(partial(held, spec, metric, _full(metric, most), start, World()), start, most, _DEFAULT_HORIZONS)
    if len(way) < 2:
        return
    sizes = " → ".join(str(step.size) for step in way)
    claim = (
        f"how fast the HPA grows is left to Kubernetes' defaults: under full demand it goes {sizes} within "
        f"{way[-1].at:g} s, if pods are ready at once"
    )
    numbers: dict[str, int | float | str] = {"sizes": sizes, "seconds": way[-1].at}
    advice = (
        "Write behavior.scaleUp and scaleDown out, so that the rate is a decision: `tonnage manifests` writes the "
        "defaults where none is given."
    )
    evidence = Evidence(metric.name, numbers, (0.0, way[-1].at))
    yield Finding.of("TN512", claim, evidence, advice, where(file, "behavior"))


def slow_ramp(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN514: full demand at the smallest size, and every pod takes a node's delay and a warm-up to be ready."""
    spec, slots = file.spec, None
    world = World(around.node_delay, around.start_up)
    if isinstance(spec, SessionSpec):
        start, most, key, what = max(spec.min_workers, 1), spec.max_workers, "max_workers", "sessions"
        example = _crowd(SessionPolicy(spec), spec.sessions_per_worker, start, most, world)
    elif isinstance(spec, HpaSpec):
        metric = next((each for each in spec.metrics if each.type == "Pods"), spec.metrics[0])
        slots = around.sessions_per_worker if counts_sessions(metric) else None
        start, most, key, what = max(spec.floor, 1), spec.max_replicas, "maxReplicas", metric.name
        if slots:
            example = _crowd(one_metric(spec, replace(metric, name="sessions")), slots, start, most, world)
        else:
            example = partial(held, spec, metric, _full(metric, most), start, world)
    else:
        return
    way = _way(example, start, most, _HORIZONS)
    reached = way[-1].size >= most
    total = way[-1].at + around.delay
    if len(way) < 2 or (reached and total <= around.patience):
        return
    goes = f"asks for {most} after {way[-1].at:g} s, and has them ready after {total:g} s"
    if not reached:
        goes = f"has got no further than {way[-1].size} of {most} after {_HORIZONS[-1]:g} s"
    claim = (
        f"under full demand the policy, from {start}, {goes}, when a new pod takes {around.delay:g} s "
        f"({around.node_delay:g} s for a node, {around.start_up:g} s to warm up)"
    )
    if slots:
        claim += f": full workers show {slots} sessions each, however many callers wait"
    numbers: dict[str, int | float | str] = {
        "start": start, "most": most, "reached": way[-1].size, "asked_after": way[-1].at, "delay": around.delay,
        "half_after": _half(way, most),
    }  # fmt: skip
    evidence = Evidence(what, numbers, (0.0, way[-1].at))
    yield Finding.of("TN514", claim, evidence, _advice(spec, slots is not None), where(file, _rate_key(file, key)))


def _way(example: Callable[[float], Run], start: int, most: int, horizons: tuple[float, ...]) -> list[Step]:
    """The steps of an example up to the one that asks for the largest size, or all that there are."""
    way: list[Step] = []
    for until in horizons:
        way = steps(example(until), start)
        reached = next((i for i, step in enumerate(way) if step.size >= most), None)
        if reached is not None:
            return way[: reached + 1]
    return way


def _crowd(policy: Policy[Any], slots: int, start: int, most: int, world: World) -> Callable[[float], Run]:
    """Callers without end, so many that they would fill the largest pool within a minute, but not above the rate that
    is simulated in no time."""
    model, rate = SessionModel(FOREVER, per_worker=slots), min(most * slots / 60, _FASTEST)
    at_once = start * slots + ceil(rate * policy.period)
    return partial(callers, policy, model, rate, at_once, start, world)


def _full(metric: MetricSpec, most: int) -> list[int]:
    """Demand for the largest size at twice the target [1/1000]."""
    return [2 * most * target_of(metric)]


def _half(way: list[Step], most: int) -> float:
    """When half of the largest size was asked for; -1 when it never was."""
    return next((step.at for step in way if 2 * step.size >= most), -1.0)


def _advice(spec: HpaSpec | SessionSpec, full: bool) -> str:
    nodes = "keep room on the nodes (a CapacityBuffer, or balloon pods), or a larger smallest size before a known rush"
    if isinstance(spec, SessionSpec):
        return f"Raise min_workers; {nodes}."
    faster = "Let behavior.scaleUp add a share, such as Percent 100 in 15 s, beside the pods"
    return f"{faster}; {'lower the target; ' if full else ''}{nodes}."


def _rate_key(file: PolicyFile, key: str) -> str:
    return "scaleUp" if any(path.endswith("scaleUp") for path in file.document.lines) else key


CHECKS: Final = (default_scale_up, slow_ramp)
