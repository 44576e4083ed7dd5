"""Tuning from its texts: demand × model × supply × objectives → the cheapest policy that keeps them.

Each candidate is rehearsed on the same days with the same seeds. The search itself is `scaling.tune`; here it is given
policies to make and days to rehearse them on. Policies in use are rehearsed as they are, on the days that the search
did not see and on the stress days, beside the one that was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tonnage.capacity.models import parse_model
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import Mistake, PlanError
from tonnage.load.plan import Threshold
from tonnage.metrics import reading
from tonnage.runs.run import Run, ThresholdResult
from tonnage.scaling.candidates import floors
from tonnage.scaling.candidates.setup import Model, Setup, setup_of
from tonnage.scaling.candidates.space import Freedom, space_of, starting_point
from tonnage.scaling.comparison import Comparison, Fared
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.simulator import OBJECTIVES, Settings, simulate
from tonnage.scaling.supply import Supply
from tonnage.scaling.tune import Candidate, Days, DayScore, Look, Trial, Tuning, trial, tune
from tonnage.workflows.rehearse_scaling import supply_of
from tonnage.workflows.tuning_days import Case, training

WINDOW = 3600
"""Seconds of a window: tuning reads totals only."""
BEYOND = 1.0
"""The violation where an objective was not kept and nothing says by how much: as if the limit was missed by itself."""


@dataclass(frozen=True)
class Study:
    """What all candidates share: the policy to start from, the service, its surroundings, and what must hold."""

    base: PolicyFile
    model: Model
    supply: Supply
    objectives: tuple[Threshold, ...]
    freedom: Freedom

    def rehearse(self, setup: Setup, case: Case) -> Run:
        """A setup on one day."""
        supply = setup.supply if case.gap is None else replace(setup.supply, gaps=(*setup.supply.gaps, case.gap))
        settings = Settings(window=WINDOW, thresholds=self.objectives)
        return simulate(case.demand, setup.model, setup.policy, supply, case.seed, settings=settings)

    def evaluate(self, candidate: Candidate, case: Case) -> DayScore:
        """How a candidate fares on a day."""
        return score(self.rehearse(setup_of(self.base, candidate, self.freedom, self.model, self.supply), case))

    def as_it_is(self, case: Case) -> DayScore:
        """How the given policy fares on a day, without any change."""
        return score(self.rehearse(Setup(self.base.policy, self.model, self.supply), case))

    @property
    def start(self) -> Candidate:
        """The point at which the search begins."""
        slots = self.model.per_worker if isinstance(self.model, SessionModel) else 0
        return starting_point(self.base, self.freedom, slots, self.supply.idle_nodes)


def study(
    base: PolicyFile, model: str, supply: str, thresholds: tuple[Threshold, ...] = (), freedom: Freedom | None = None
) -> Study:
    """What is tuned: the kind of policy that the file has, within the supply.

    Raises:
        PlanError: a kind of policy that cannot be tuned, mistakes of the model or the supply, no objective.
    """
    freedom = freedom or Freedom()
    space_of(base, freedom)
    parsed = parse_model(model)
    if isinstance(parsed, SessionModel):
        thresholds = (*OBJECTIVES, *thresholds)
    elif freedom.slots is not None:
        raise PlanError(Mistake("--sessions-per-worker", "belongs to a model of sessions"))
    elif not thresholds:
        text = "a service has no objective of its own: give one, such as 'http_req_response_time:p(95)<500'"
        raise PlanError(Mistake("--slo", text))
    around = supply_of(base, supply)
    if freedom.idle_nodes is not None and not (around.per_node and around.price_node > 0):
        text = "needs per_node and price_node in --supply: where nodes cost nothing, the most are always chosen"
        raise PlanError(Mistake("--idle-nodes", text))
    return Study(base, parsed, around, thresholds, freedom)


def with_floors(subject: Study, days: Days) -> Study:
    """The study with floors by the time of day in its space, as the training days need them."""
    model, supply = subject.model, subject.supply
    mean, per_worker, carries = (
        (model.mean, model.per_worker, model.per_worker / model.mean)
        if isinstance(model, SessionModel)
        else (None, 1, model.of(1).capacity)
    )
    lead = supply.node.high + supply.pull.high + supply.startup.high + supply.warmup.high
    demands = [case.demand.arrivals(mean).curve for case in training(days)]
    found = replace(subject.freedom, floors=floors.needs(demands, carries, lead), per_worker=per_worker)
    return replace(subject, freedom=found)


def tune_policy(subject: Study, days: Days, budget: int, seed: int, look: Look | None = None) -> Tuning:
    """Search with the given policy as the first candidate."""
    space = space_of(subject.base, subject.freedom)
    return tune(space, subject.evaluate, days, budget=budget, seed=seed, start=[subject.start], look=look)


def compare(studies: Sequence[Study], days: Days, budget: int, seed: int) -> Comparison:
    """Tune the first study on all cores, and rehearse all of their policies as they are."""
    subject = studies[0]
    with _cores(subject, days) as (pool, look):
        in_use = {
            one.base.source: [pool.submit(one.as_it_is, case) for case in (*days.test, *days.stress)] for one in studies
        }
        tuning = tune_policy(subject, days, budget, seed, look)
        cut = len(days.test)
        others = {}
        for name, jobs in in_use.items():
            scores = tuple(job.result() for job in jobs)
            others[name] = Fared(scores[:cut], scores[cut:])
    return Comparison(tuning, others, days, subject.objectives)


# ---- scores ----


def score(run: Run) -> DayScore:
    """Cost, violation and margin of a rehearsed day, by the thresholds of its plan."""
    cost = reading.gauge(run.total, "cost")
    verdict = run.verdict
    results = verdict.thresholds if verdict else ()
    margins = [found for found in map(margin, results) if found is not None]
    worst = min(margins, default=1.0)
    if verdict and verdict.value != "pass" and worst >= 0:
        worst = -BEYOND
    return DayScore(cost.last if cost else 0.0, max(0.0, -worst), worst, tuple(result.lower for result in results))


def margin(result: ThresholdResult) -> float | None:
    """Distance to the limit in shares of it, negative beyond it; None where there is nothing to tell.

    Where the limit is 0 each unit beyond it counts as one share, and nothing is told of one that held.
    """
    if result.margin is not None:
        return result.margin
    if result.state == "undecided":
        return -BEYOND
    if result.ok is False and result.lower is not None:
        return -max(abs(result.lower - result.limit), 1e-9)
    return None


# ---- on several cores ----

_SUBJECT: list[tuple[Study, Days]] = []


@contextmanager
def _cores(subject: Study, days: Days) -> Iterator[tuple[ProcessPoolExecutor, Look]]:
    """As many processes as there are cores; each is given what all candidates share, once."""
    with ProcessPoolExecutor(initializer=_share, initargs=(subject, days)) as pool:
        yield pool, lambda some, whole: pool.map(_trial, some, [whole] * len(some), chunksize=2)


def _share(subject: Study, days: Days) -> None:
    _SUBJECT[:] = [(subject, days)]


def _trial(candidate: Candidate, whole: bool) -> Trial:
    """One trial in a worker process."""
    subject, days = _SUBJECT[0]
    return trial(candidate, subject.evaluate, days, whole=whole)
