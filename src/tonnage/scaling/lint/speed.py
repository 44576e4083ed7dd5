"""How fast a policy grows, and how fast it can when pods take their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from tonnage.finding import Evidence, Finding
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec, MetricSpec
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import Step, counts_sessions, observed, one_metric, pool, ramp, shared, target_of
from tonnage.scaling.lint.objects import where
from tonnage.scaling.policy import Observation, Policy
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

_HORIZON: Final = 4 * 3600.0  # [s] after which a way to the largest size is given up


def default_scale_up(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN512: without behavior.scaleUp.policies the size may double every 15 s."""
    spec = file.spec
    if not isinstance(spec, HpaSpec) or (spec.behavior and spec.behavior.up.policies is not None):
        return
    metric = spec.metrics[0]
    start = max(spec.floor, 1)
    most = spec.max_replicas
    steps = list(ramp(one_metric(spec, metric), start, 0.0, _demanding(metric, most, None), 600.0, most))
    if len(steps) < 2:
        return
    sizes = " → ".join(str(step.size) for step in steps)
    claim = (
        f"how fast the HPA grows is left to Kubernetes' defaults: under full demand it goes {sizes} within "
        f"{steps[-1].now + spec.controller.sync_period:g} s, if pods are ready at once"
    )
    numbers: dict[str, int | float | str] = {"sizes": sizes, "seconds": steps[-1].now}
    advice = (
        "Write behavior.scaleUp and scaleDown out, so that the rate is a decision: `tonnage manifests` writes the "
        "defaults where none is given."
    )
    evidence = Evidence(metric.name, numbers, (0.0, steps[-1].now))
    yield Finding.of("TN512", claim, evidence, advice, where(file, "behavior"))


def slow_ramp(file: PolicyFile, around: Circumstances) -> Iterator[Finding]:
    """TN514: full demand at the smallest size, and every pod takes a node's delay and a warm-up to be ready."""
    spec = file.spec
    if not isinstance(spec, HpaSpec | SessionSpec):
        return
    policy: Policy[Any]
    slots = None
    if isinstance(spec, SessionSpec):
        policy, start, most, key = SessionPolicy(spec), max(spec.min_workers, 1), spec.max_workers, "max_workers"
        see, what = _rejecting(spec), "sessions"
    else:
        metric = next((each for each in spec.metrics if each.type == "Pods"), spec.metrics[0])
        slots = around.sessions_per_worker if counts_sessions(metric) else None
        policy, start, most, key = one_metric(spec, metric), max(spec.floor, 1), spec.max_replicas, "maxReplicas"
        see, what = _demanding(metric, most, slots), metric.name
    steps = list(ramp(policy, start, around.delay, see, _HORIZON, most))
    reached = steps[-1].size >= most
    total = steps[-1].now + around.delay
    if len(steps) < 2 or (reached and total <= around.patience):
        return
    goes = f"asks for {most} after {steps[-1].now:g} s, and has them ready after {total:g} s"
    if not reached:
        goes = f"has got no further than {steps[-1].size} of {most} after {_HORIZON:g} s"
    claim = (
        f"under full demand the policy, from {start}, {goes}, when a new pod takes {around.delay:g} s "
        f"({around.node_delay:g} s for a node, {around.start_up:g} s to warm up)"
    )
    full = isinstance(spec, HpaSpec) and slots is not None
    if full:
        claim += f": full workers show {slots} sessions each, however many callers wait"
    numbers: dict[str, int | float | str] = {
        "start": start, "most": most, "reached": steps[-1].size, "asked_after": steps[-1].now, "delay": around.delay,
        "half_after": _half(steps, most),
    }  # fmt: skip
    evidence = Evidence(what, numbers, (0.0, steps[-1].now))
    yield Finding.of("TN514", claim, evidence, _advice(spec, full), where(file, _rate_key(file, key)))


def _half(steps: list[Step], most: int) -> float:
    """When half of the largest size was asked for; -1 when it never was."""
    return next((step.now for step in steps if 2 * step.size >= most), -1.0)


def _advice(spec: HpaSpec | SessionSpec, full: bool) -> str:
    nodes = "keep room on the nodes (a CapacityBuffer, or balloon pods), or a larger smallest size before a known rush"
    if isinstance(spec, SessionSpec):
        return f"Raise min_workers; {nodes}."
    faster = "Let behavior.scaleUp add a share, such as Percent 100 in 15 s, beside the pods"
    return f"{faster}; {'lower the target; ' if full else ''}{nodes}."


def _rate_key(file: PolicyFile, key: str) -> str:
    return "scaleUp" if any(path.endswith("scaleUp") for path in file.document.lines) else key


def _demanding(metric: MetricSpec, most: int, slots: int | None) -> Callable[[float, int, int], Observation]:
    """Demand for `most` pods at twice the target, shared by the ready ones; no pod shows more than its slots."""
    total = 2 * most * target_of(metric)

    def see(now: float, size: int, ready: int) -> Observation:
        values = shared(total, ready)
        return observed(metric, now, size, [min(each, 1000 * slots) for each in values] if slots else values)

    return see


def _rejecting(spec: SessionSpec) -> Callable[[float, int, int], Observation]:
    """Every ready worker is full, and somebody was rejected since the last decision."""
    return lambda now, size, ready: pool(now, [spec.sessions_per_worker] * ready, size - ready, rejected=1)


CHECKS: Final = (default_scale_up, slow_ramp)
