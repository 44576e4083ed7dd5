"""Tuning from its texts: demand × model × supply × objectives → the cheapest policy that keeps them.

Days of demand become cases; each candidate is rehearsed on the same cases with the same seeds. The search itself is
`scaling.tune`; here it is given policies to make and days to rehearse them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tonnage.capacity.models import parse_model
from tonnage.errors import Mistake, PlanError
from tonnage.load.curve import Curve, Piece
from tonnage.load.demand import DAY, Demand, spiky_day
from tonnage.load.plan import Threshold
from tonnage.metrics import reading
from tonnage.runs.run import Run
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import Behavior, HpaSpec
from tonnage.scaling.policy import Policy
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply
from tonnage.scaling.tune import Candidate, Days, DayScore, Parameter, Space, Tuning, tune
from tonnage.workflows.rehearse_scaling import supply_of

WINDOW = 3600
"""Seconds of a window: tuning reads totals only."""


@dataclass(frozen=True)
class Case:
    """One day of demand; a stress day multiplies it, bursts it or takes its metrics away. Hashable by its name."""

    name: str
    demand: Demand
    seed: int
    gap: tuple[float, float] | None = None

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class Study:
    """What all candidates share."""

    base: PolicyFile
    model: str
    supply: Supply
    thresholds: tuple[Threshold, ...] | None

    def rehearse(self, policy: Policy[Any], case: Case) -> Run:
        """The policy on one day."""
        supply = self.supply if case.gap is None else replace(self.supply, gaps=(*self.supply.gaps, case.gap))
        settings = Settings(window=WINDOW, thresholds=self.thresholds)
        return simulate(case.demand, parse_model(self.model), policy, supply, case.seed, settings=settings)

    def evaluate(self, candidate: Candidate, case: Case) -> DayScore:
        """How the policy of a candidate fares on a day."""
        return score(self.rehearse(policy_of(self.base, candidate), case))


def study(base: PolicyFile, model: str, supply: str, thresholds: tuple[Threshold, ...] = ()) -> Study:
    """What is tuned: the kind of policy that the file has, within the supply.

    Raises:
        PlanError: a kind of policy that cannot be tuned, or mistakes of the model or the supply.
    """
    if base.kind not in {"sessions", "hpa"}:
        raise PlanError(Mistake("--policy", f"a policy of kind {base.kind} cannot be tuned: give sessions or hpa"))
    parse_model(model)
    return Study(base, model, supply_of(base, supply), thresholds or None)


def tune_policy(
    subject: Study,
    days: Days,
    budget: int,
    seed: int,
    parallel: Callable[..., Any] = map,
) -> Tuning:
    """Search with the given policy as the first candidate."""
    start = [starting_point(subject.base)]
    space = space_of(subject.base)
    return tune(space, subject.evaluate, days, budget=budget, seed=seed, start=start, parallel=parallel)


def score(run: Run) -> DayScore:
    """Cost, violation and margin of a rehearsed day, by the thresholds of its plan."""
    cost = reading.gauge(run.total, "cost")
    results = run.verdict.thresholds if run.verdict else ()
    margins = [margin(result.lower, result.limit) for result in results]
    worst = min(margins, default=1.0)
    broken = bool(run.verdict and run.verdict.value != "pass")
    return DayScore(cost.last if cost else 0.0, max(0.0, -worst, 1e-9 if broken else 0.0), worst)


def margin(value: float | None, limit: float) -> float:
    """Distance to a limit from above in shares of it; where the limit is 0, each unit beyond it counts as one share."""
    if value is None:
        return 0.0
    return (limit - value) / limit if limit else -value


# ---- candidates ----


def space_of(base: PolicyFile) -> Space:
    """The parameters of the policy's kind, with bounds around what it has."""
    spec = base.spec
    if isinstance(spec, SessionSpec):
        return Space(
            (
                Parameter("min_workers", 1, min(spec.max_workers, 40), 1),
                Parameter("scale_up_threshold", 400, 950, 25),
                Parameter("scale_down_threshold", 100, 700, 25),
                Parameter("scale_down_delay", 60, 1800, 60),
            ),
            lambda one: one["scale_down_threshold"] * 2 <= one["scale_up_threshold"],
        )
    hpa = _hpa(spec)
    return Space(
        (
            Parameter("min_replicas", 1, min(hpa.max_replicas, 40), 1),
            Parameter("target_share", 0.4, 1.2, 0.05),
            Parameter("scale_down_window", 60, 1800, 60),
            Parameter("scale_up_pods", 2, 20, 1),
        )
    )


def starting_point(base: PolicyFile) -> Candidate:
    """The policy itself, as a point of its space."""
    spec = base.spec
    if isinstance(spec, SessionSpec):
        return {
            "min_workers": float(spec.min_workers),
            "scale_up_threshold": float(spec.scale_up_threshold),
            "scale_down_threshold": float(spec.scale_down_threshold),
            "scale_down_delay": spec.scale_down_delay,
        }
    hpa = _hpa(spec)
    window = hpa.behavior.down.window if hpa.behavior and hpa.behavior.down.window is not None else 300.0
    policies = (hpa.behavior.up.policies if hpa.behavior else None) or ()
    pods = max((policy.value for policy in policies if policy.type == "Pods"), default=4)
    return {
        "min_replicas": float(hpa.min_replicas or 1),
        "target_share": 1.0,
        "scale_down_window": float(window),
        "scale_up_pods": float(pods),
    }


def policy_of(base: PolicyFile, candidate: Candidate) -> Policy[Any]:
    """The policy that a candidate stands for."""
    spec = spec_of(base, candidate)
    return SessionPolicy(spec) if isinstance(spec, SessionSpec) else HorizontalPodAutoscaler(spec)


def spec_of(base: PolicyFile, candidate: Candidate) -> SessionSpec | HpaSpec:
    """The parameters of the policy, changed by the candidate."""
    spec = base.spec
    if isinstance(spec, SessionSpec):
        return replace(
            spec,
            min_workers=int(candidate["min_workers"]),
            scale_up_threshold=int(candidate["scale_up_threshold"]),
            scale_down_threshold=int(candidate["scale_down_threshold"]),
            scale_down_delay=float(candidate["scale_down_delay"]),
        )
    hpa = _hpa(spec)
    behavior = hpa.behavior or Behavior()
    ups = behavior.up.policies or ()
    pods = tuple(replace(one, value=int(candidate["scale_up_pods"])) if one.type == "Pods" else one for one in ups)
    return replace(
        hpa,
        min_replicas=int(candidate["min_replicas"]),
        metrics=tuple(_scaled(metric, candidate["target_share"]) for metric in hpa.metrics),
        behavior=Behavior(
            replace(behavior.up, policies=pods or None),
            replace(behavior.down, window=float(candidate["scale_down_window"])),
        ),
    )


def _scaled(metric: Any, share: float) -> Any:
    target = metric.target
    changed = {
        name: max(1, round(getattr(target, name) * share))
        for name in ("utilization", "average", "value")
        if getattr(target, name) is not None
    }
    return replace(metric, target=replace(target, **changed))


def _hpa(spec: Any) -> HpaSpec:
    if not isinstance(spec, HpaSpec):
        raise PlanError(Mistake("--policy", "only session policies and HPAs can be tuned"))
    return spec


# ---- days ----


def days_of(demand: Demand | None, count: int, seed: int) -> Days:
    """Training, stress and test days: whole days of a demand, or as many spiky ones with seeds from `seed` on.

    The stress days are made from the busiest training day: half as much again (growth), three times as much for ten
    minutes half an hour before its peak (burst), and its metrics absent for ten minutes from the peak on.
    """
    found = list(_whole_days(demand)) if demand is not None else [spiky_day(seed + i) for i in range(count)]
    cases = [Case(f"day {i + 1}", one, seed + i) for i, one in enumerate(found[:count])]
    split = Days.split(cases)
    busiest = max((case for case in split.training if isinstance(case, Case)), key=lambda case: case.demand.curve.total)
    peak = _peak(busiest.demand.curve)
    burst = _burst(busiest.demand, peak)
    grown = replace(busiest.demand, curve=_times(busiest.demand.curve, 1.5))
    stress = (
        Case("growth", grown, seed),
        Case("burst", burst, seed),
        Case("metrics absent", busiest.demand, seed, (peak, peak + 600.0)),
    )
    return replace(split, stress=stress)


def _whole_days(demand: Demand) -> Iterator[Demand]:
    for i in range(int(demand.curve.length // DAY)):
        yield replace(demand, curve=_clip(demand.curve, i * DAY, (i + 1) * DAY), unknown=())


def _clip(curve: Curve, begin: float, end: float) -> Curve:
    """The part of a curve between two instants, from its own zero on."""
    pieces, at = [], 0.0
    for piece in curve.pieces:
        low, high = max(begin, at), min(end, at + piece.length)
        if high > low:
            pieces.append(Piece(high - low, piece.value(low - at), piece.value(high - at)))
        at += piece.length
    return Curve(tuple(pieces))


def _times(curve: Curve, factor: float) -> Curve:
    return Curve(tuple(Piece(one.length, one.begin * factor, one.end * factor) for one in curve.pieces))


def _peak(curve: Curve) -> float:
    """The instant of the largest value."""
    at, best, where = 0.0, -1.0, 0.0
    for piece in curve.pieces:
        if max(piece.begin, piece.end) > best:
            best, where = max(piece.begin, piece.end), at
        at += piece.length
    return where


def _burst(demand: Demand, peak: float) -> Demand:
    begin, end = max(0.0, peak - 1800.0), max(600.0, peak - 1200.0)
    parts = (
        *_clip(demand.curve, 0.0, begin).pieces,
        *_times(_clip(demand.curve, begin, end), 3.0).pieces,
        *_clip(demand.curve, end, demand.curve.length).pieces,
    )
    return replace(demand, curve=Curve(parts))


# ---- on several cores ----

_SUBJECT: list[tuple[Study, Days]] = []


def share_work(subject: Study, days: Days) -> None:
    """Give a worker process what all candidates share, once."""
    _SUBJECT[:] = [(subject, days)]


def work(candidate: Mapping[str, float]) -> Any:
    """One trial in a worker process."""
    from tonnage.scaling.tune import trial

    subject, days = _SUBJECT[0]
    return trial(candidate, subject.evaluate, days)


def shared(pool: Any) -> Callable[..., Any]:
    """A `parallel` for `tune` over a pool whose processes were given the subject by `share_work`."""
    return partial(_through, pool)


def _through(pool: Any, judge: Any, candidates: Any) -> Any:
    del judge  # closures cannot be sent: the processes have their own
    return pool.map(work, candidates, chunksize=2)


def tune_on_all_cores(subject: Study, days: Days, budget: int, seed: int) -> Tuning:
    """`tune_policy`, with the trials shared among as many processes as there are cores."""
    with ProcessPoolExecutor(initializer=share_work, initargs=(subject, days)) as pool:
        return tune_policy(subject, days, budget, seed, shared(pool))


def compared(study_of: Mapping[str, Study], days: Days) -> dict[str, tuple[DayScore, ...]]:
    """How each policy as it is fares on the test days."""
    return {
        name: tuple(one.evaluate(starting_point(one.base), case) for case in days.test)
        for name, one in study_of.items()
    }
