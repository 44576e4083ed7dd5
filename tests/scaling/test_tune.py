"""The search for a policy, on costs whose optimum is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import TooFewPoints
from tonnage.scaling.tune import Days, DayScore, Parameter, Space, Trial, front, trial, tune

SPACE = Space((Parameter("workers", 1, 40, 1), Parameter("buffer", 0, 0.5, 0.05)))


def evaluate(candidate, day):
    """Capacity costs what it is; the day needs `day` of it."""
    capacity = candidate["workers"] * (1 + candidate["buffer"])
    missing = max(0.0, day - capacity)
    return DayScore(cost=capacity, violation=missing, margin=(capacity - day) / day)


def test_the_cheapest_feasible_candidate_is_found():
    days = Days(training=(10, 11, 12), stress=(20,), test=(13, 19))
    found = tune(SPACE, evaluate, days, budget=300, seed=1)
    assert found.chosen is not None
    assert 20 <= found.chosen.cost <= 20.5
    assert all(score.held for score in found.tested)
    assert found.tried <= 300


def test_equal_seeds_find_the_same():
    days = Days(training=(10, 12), stress=(15,), test=(11,))
    assert tune(SPACE, evaluate, days, budget=60, seed=7) == tune(SPACE, evaluate, days, budget=60, seed=7)


def test_where_nothing_is_feasible_nothing_is_chosen():
    found = tune(SPACE, evaluate, Days(training=(1000,)), budget=50, seed=1)
    assert found.chosen is None
    assert found.tested == ()
    assert found.front


def test_a_stress_day_that_breaks_ends_a_trial():
    seen = []

    def counting(candidate, day):
        seen.append(day)
        return evaluate(candidate, day)

    result = trial({"workers": 1, "buffer": 0}, counting, Days(training=(1, 1), stress=(50, 60)))
    assert seen == [50]
    assert not result.feasible


def test_a_trial_of_every_day_does_not_end_early():
    result = trial({"workers": 1, "buffer": 0}, evaluate, Days(training=(1, 1), stress=(50, 60)), whole=True)
    assert len(result.scores) == 4
    assert (result.complete, result.feasible) == (True, False)


def test_the_front_compares_candidates_that_were_seen_on_every_day():
    found = tune(SPACE, evaluate, Days(training=(10, 30), stress=(35,)), budget=60, seed=2)
    assert all(one.complete and len(one.scores) == 3 for one in found.front)
    assert found.front[0].violations > 0
    assert found.front[-1].feasible


def test_trials_may_be_made_by_others():
    days = Days(training=(10, 12), stress=(15,), test=(11,))
    asked = []

    def look(some, whole):
        asked.append(whole)
        return [trial(one, evaluate, days, whole=whole) for one in some]

    found = tune(SPACE, evaluate, days, budget=60, seed=7, look=look)
    assert found == tune(SPACE, evaluate, days, budget=60, seed=7)
    assert asked[-1] is True
    assert not any(asked[:-1])


def test_one_day_in_twenty_may_break_in_training():
    days = Days(training=(*[5] * 19, 100))
    assert trial({"workers": 6, "buffer": 0}, evaluate, days).feasible
    assert not trial({"workers": 6, "buffer": 0}, evaluate, Days(training=(*[5] * 18, 100, 100))).feasible


def test_the_policy_in_use_is_looked_at_first():
    found = tune(SPACE, evaluate, Days(training=(10,)), budget=1, seed=1, start=[{"workers": 10, "buffer": 0.0}])
    assert found.chosen is not None
    assert found.chosen.candidate == {"workers": 10, "buffer": 0.0}


def test_combinations_that_make_no_policy_are_never_tried():
    space = Space(SPACE.parameters, lambda candidate: candidate["workers"] % 2 == 0)
    found = tune(space, evaluate, Days(training=(10,)), budget=80, seed=3)
    assert all(one.candidate["workers"] % 2 == 0 for one in found.front)


def test_a_single_day_cannot_be_split():
    with pytest.raises(TooFewPoints):
        Days.split([1])


@given(st.lists(st.integers(), min_size=2, max_size=50, unique=True), st.floats(0.1, 0.9))
def test_a_split_keeps_every_day_once_and_some_on_each_side(days, share):
    split = Days.split(days, share=share)
    assert [*split.training, *split.test] == days
    assert split.training
    assert split.test


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=40))
def test_nothing_on_the_front_is_beaten(points):
    trials = [
        Trial({"i": i}, (DayScore(cost, violation, 0),), True, True) for i, (cost, violation) in enumerate(points)
    ]
    chosen = front(trials)
    for one in chosen:
        assert not any(other.cost < one.cost and other.violations <= one.violations for other in trials)
    costs = [one.cost for one in chosen]
    assert costs == sorted(costs)


@given(st.integers(0, 10_000))
def test_a_child_has_what_its_parents_have_but_for_a_move(seed):
    from random import Random

    rng = Random(seed)
    one, other = SPACE.sample(rng), SPACE.sample(rng)
    child = SPACE.child(one, other, rng)
    for parameter in SPACE.parameters:
        assert parameter.low <= child[parameter.name] <= parameter.high
    middle = {"workers": 20.0, "buffer": 0.25}
    moved = SPACE.child(middle, middle, rng)
    assert moved != middle
    assert SPACE.child(one, other, Random(seed)) == SPACE.child(one, other, Random(seed))
