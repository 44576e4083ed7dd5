"""Searching for the cheapest policy that keeps its objectives.

    minimise    cost over the training days
    such that   every objective holds on at least 95 % of the training days, and on all stress days

A candidate is a point of a Space: named parameters with bounds and steps. How a candidate fares on a day is asked of
`evaluate`; tune knows neither policies nor simulators, and reads no clock. Every candidate sees the same days with the
same seeds (common random numbers), so that two of them differ by what they are and not by luck.

    round 1   a share of the budget at random over the whole space
    round 2…  children of the best so far: each parameter from one of two of them, some moved on, most by a little
    always    a candidate leaves as soon as it cannot be feasible any more: a stress day broken is enough
    at last   those on the front that left are seen on every day, so that the front compares like with like

The days on which the winner is tested were never seen by the search. Of two feasible candidates the cheaper wins, of
two that are not the one with fewer violations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Any

from tonnage.errors import TooFewPoints

Candidate = Mapping[str, float]
Day = Any
"""Whatever names a day to `evaluate`; hashable."""

FEASIBLE_SHARE = 0.95
_RANDOM_SHARE = 0.3
_ROUNDS = 10
_ELITE = 6
_MOVED = 0.2
"""The share of a child's parameters that are moved, beside the one that always is."""
_FRONT = 12
"""Of the front at most so many are looked at on every day."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number between `low` and `high`, in whole steps from `low`."""

    name: str
    low: float
    high: float
    step: float

    @property
    def size(self) -> int:
        """How many values there are."""
        return int((self.high - self.low) / self.step + 1e-9) + 1

    def value(self, index: int) -> float:
        """The index-th value, held within the bounds."""
        steps = min(max(index, 0), self.size - 1)
        return round(self.low + steps * self.step, 9)

    def index(self, value: float) -> int:
        """The index of the nearest value."""
        return min(max(round((value - self.low) / self.step), 0), self.size - 1)


@dataclass(frozen=True, slots=True)
class Space:
    """What may be chosen. `allowed` refuses combinations that make no policy, such as a down line above the up line."""

    parameters: tuple[Parameter, ...]
    allowed: Callable[[Candidate], bool] = lambda _: True

    def sample(self, rng: Random) -> Candidate:
        """A candidate at random."""
        return {parameter.name: parameter.value(rng.randrange(parameter.size)) for parameter in self.parameters}

    def child(self, one: Candidate, other: Candidate, rng: Random) -> Candidate:
        """Each parameter from one of two candidates; one is moved, and others seldom are.

        A move is up to half of the range; most are short, for its length goes with the square of a uniform number.
        """
        found = {}
        must = rng.randrange(len(self.parameters))
        for i, parameter in enumerate(self.parameters):
            value = rng.choice((one, other))[parameter.name]
            if i == must or rng.random() < _MOVED:
                steps = max(1, round((parameter.size - 1) / 2 * rng.random() ** 2))
                value = parameter.value(parameter.index(value) + steps * rng.choice((-1, 1)))
            found[parameter.name] = value
        return found


@dataclass(frozen=True, slots=True)
class DayScore:
    """How a candidate fared on one day: what it cost, and by how much the worst objective was missed (0: all held).

    `margin` is the distance of the worst objective to its limit in shares of the limit, positive inside. `values` are
    those of the objectives, in their order; None where there is none.
    """

    cost: float
    violation: float
    margin: float
    values: tuple[float | None, ...] = ()

    @property
    def held(self) -> bool:
        return self.violation <= 0


@dataclass(frozen=True)
class Days:
    """Whole days: those that the search sees, those that must never break, and those that it never sees."""

    training: tuple[Day, ...]
    stress: tuple[Day, ...] = ()
    test: tuple[Day, ...] = ()

    @classmethod
    def split(cls, days: Sequence[Day], stress: Sequence[Day] = (), share: float = 0.7) -> Days:
        """The first `share` of the days for training, the rest for the test: a policy is tuned on the past.

        Raises:
            TooFewPoints: fewer than two days; there would be none to test on.
        """
        if len(days) < 2:
            raise TooFewPoints("days of demand, of which some are kept for the test", len(days), 2)
        cut = min(max(1, round(share * len(days))), len(days) - 1)
        return cls(tuple(days[:cut]), tuple(stress), tuple(days[cut:]))


@dataclass(frozen=True)
class Trial:
    """A candidate with its scores on stress days and training days, in this order.

    `complete` is False where it left early; its cost then covers the days that it was seen on.
    """

    candidate: Candidate
    scores: tuple[DayScore, ...]
    feasible: bool
    complete: bool

    @property
    def cost(self) -> float:
        """Mean cost of a day."""
        return sum(score.cost for score in self.scores) / len(self.scores)

    @property
    def violations(self) -> float:
        """Mean violation of a day."""
        return sum(score.violation for score in self.scores) / len(self.scores)

    @property
    def margin(self) -> float:
        """The least margin on any day."""
        return min(score.margin for score in self.scores)

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Smaller is better."""
        return (not self.feasible, self.cost if self.feasible else self.violations, self.cost)


@dataclass(frozen=True)
class Tuning:
    """What a search found.

    Attributes:
        chosen: the cheapest feasible candidate; None where there is none.
        front: candidates that are not beaten in cost and violations at once, the cheapest first.
        tried: how many candidates were looked at.
        tested: scores of the chosen one on days that it was not tuned on.
    """

    chosen: Trial | None
    front: tuple[Trial, ...]
    tried: int
    tested: tuple[DayScore, ...]


Evaluate = Callable[[Candidate, Day], DayScore]
Look = Callable[[Sequence[Candidate], bool], Iterable[Trial]]
"""Trials of several candidates, on every day where the second argument says so; such as by several processes."""


def tune(
    space: Space,
    evaluate: Evaluate,
    days: Days,
    *,
    budget: int,
    seed: int,
    start: Sequence[Candidate] = (),
    look: Look | None = None,
) -> Tuning:
    """Search the space with at most `budget` candidates.

    Args:
        start: candidates to begin with, such as the policy in use.
        look: how trials are made; one after the other where it is None.
    """
    rng = Random(seed)
    seen: dict[tuple[tuple[str, float], ...], Trial] = {}
    trials_of = look or (lambda some, whole: (trial(one, evaluate, days, whole=whole) for one in some))

    def run(candidates: Iterable[Candidate], most: int) -> None:
        fresh = {_key(candidate): candidate for candidate in candidates if space.allowed(candidate)}
        wanted = [candidate for key, candidate in fresh.items() if key not in seen][: min(most, budget - len(seen))]
        for found in trials_of(wanted, False):
            seen[_key(found.candidate)] = found

    first = ceil(_RANDOM_SHARE * budget)
    run([*start, *(space.sample(rng) for _ in range(4 * first))], max(first, len(start)))
    for round_ in range(_ROUNDS):
        elite = [one.candidate for one in sorted(seen.values(), key=lambda trial: trial.rank)[:_ELITE]]
        room = (budget - len(seen)) // (_ROUNDS - round_)
        children = (space.child(elite[i % len(elite)], rng.choice(elite), rng) for i in range(4 * room) if elite)
        run(children, room)
    trials = sorted(seen.values(), key=lambda trial: trial.rank)
    chosen = trials[0] if trials and trials[0].feasible else None
    tested = tuple(evaluate(chosen.candidate, day) for day in days.test) if chosen else ()
    return Tuning(chosen, _whole_front(trials, trials_of), len(trials), tested)


def trial(candidate: Candidate, evaluate: Evaluate, days: Days, *, whole: bool = False) -> Trial:
    """One candidate over the stress days and the training days.

    It leaves when it cannot be feasible any more, unless the `whole` of the days is wanted.
    """
    scores: list[DayScore] = []
    allowed = len(days.training) - ceil(FEASIBLE_SHARE * len(days.training))
    broken = 0
    is_feasible = True
    for i, day in enumerate((*days.stress, *days.training)):
        score = evaluate(candidate, day)
        scores.append(score)
        if not score.held:
            broken += i >= len(days.stress)
            is_feasible = is_feasible and i >= len(days.stress) and broken <= allowed
        if not is_feasible and not whole:
            break
    return Trial(candidate, tuple(scores), is_feasible, len(scores) == len(days.stress) + len(days.training))


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Those that no other one beats in cost and in violations at once, the cheapest first."""
    best: list[Trial] = []
    for one in sorted(trials, key=lambda trial: (trial.cost, trial.violations)):
        if not best or one.violations < best[-1].violations:
            best.append(one)
    return tuple(best)


def _whole_front(trials: Sequence[Trial], trials_of: Look) -> tuple[Trial, ...]:
    """The front of those that were seen on every day.

    A trial that left was seen on the first, hardest days only, so its cost and violations are of other days than those
    of the rest: the best of them are looked at again, on all of them.
    """
    complete = [one for one in trials if one.complete]
    left = [one.candidate for one in front([one for one in trials if not one.complete])]
    spread = [left[i * len(left) // _FRONT] for i in range(_FRONT)] if len(left) > _FRONT else left
    return front([*complete, *trials_of(spread, True)])


def _key(candidate: Candidate) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(candidate.items()))
