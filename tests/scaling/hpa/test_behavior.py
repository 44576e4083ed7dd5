"""Laws of stabilization and rate limits, and what 1.20 did differently."""

from hypothesis import given
from hypothesis import strategies as st

from tonnage.scaling.hpa.behavior import (
    Memory,
    Recommendation,
    ScaleEvent,
    Sizes,
    changed,
    limit_rate,
    period_start,
    stabilize,
    stabilize_both,
    stabilize_one,
    store_event,
)
from tonnage.scaling.hpa.spec import Behavior, RatePolicy, ScalingRules

past = st.lists(st.builds(Recommendation, st.integers(0, 100), st.floats(-900, 0)), max_size=12).map(tuple)
sizes = st.builds(Sizes, st.integers(0, 100), st.integers(0, 100), st.just(0), st.just(1000))


def windows(up, down):
    return Behavior(ScalingRules(up), ScalingRules(down)).rules(300)


@given(past, st.integers(0, 100))
def test_the_stable_size_is_the_largest_of_its_window(recent, desired):
    stable, _ = stabilize(recent, desired, 300, 0.0)
    assert stable == max([desired, *(each.replicas for each in recent if each.at >= -300)])


@given(past, sizes, st.integers(0, 600), st.integers(0, 600))
def test_stabilization_never_goes_further_than_the_proposal(recent, size, up, down):
    stable, _ = stabilize_both(recent, size, windows(up, down), 0.0)
    assert min(size.current, size.desired) <= stable <= max(size.current, size.desired)


@given(past, sizes, st.integers(0, 600), st.integers(0, 600))
def test_the_list_of_recommendations_grows_by_one_at_most_and_holds_the_latest(recent, size, up, down):
    _, after = stabilize_both(recent, size, windows(up, down), 0.0)
    assert len(after) - len(recent) in (0, 1)
    assert Recommendation(size.desired, 0.0) in after


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 100)), min_size=1, max_size=50))
def test_events_are_kept_for_the_longest_period_and_no_more_than_needed(steps):
    events, now, all_events = (), 0.0, []
    for change, pause in steps:
        now += pause
        events = store_event(events, change, 120, now)
        all_events.append(ScaleEvent(change, now))
        assert changed(events, 120, now) == changed(tuple(all_events), 120, now)


def test_the_start_of_a_period_is_excluded():
    events = (ScaleEvent(3, -60.0), ScaleEvent(5, -59.0))
    assert changed(events, 60, 0.0) == 5


def test_in_1_20_a_deletion_does_not_raise_the_start_of_a_scale_up_period():
    memory = Memory((), ups=(ScaleEvent(4, -60.0),), downs=(ScaleEvent(2, -60.0),))
    assert period_start(6, memory, "up", 300, 0.0) == 4
    assert period_start(6, memory, "up", 300, 0.0, cross_terms=False) == 2
    assert period_start(6, memory, "down", 300, 0.0, cross_terms=False) == 8


def test_in_1_20_stabilization_looks_in_one_direction_only():
    # Both windows are shut: the newer rule stays at 2, the older one follows the smallest of the scale-up window.
    recent, size = (Recommendation(1, -180.0),), Sizes(2, 3, 0, 10)
    assert stabilize_both(recent, size, windows(300, 300), 0.0)[0] == 2
    assert stabilize_one(recent, size, windows(300, 300), 0.0)[0] == 1


def test_a_disabled_direction_does_not_move():
    rules = Behavior(ScalingRules(select="Disabled"), ScalingRules(select="Disabled")).rules(300)
    assert limit_rate(Sizes(5, 9, 1, 10), Memory(()), rules, 0.0).replicas == 5
    assert limit_rate(Sizes(5, 2, 1, 10), Memory(()), rules, 0.0).replicas == 5


def test_a_list_of_policies_replaces_the_whole_default_and_other_fields_stay():
    up, down = Behavior(ScalingRules(policies=(RatePolicy("Pods", 1, 60),))).rules(120)
    assert (up.window, up.select, up.policies) == (0, "Max", (RatePolicy("Pods", 1, 60),))
    assert (down.window, down.policies) == (120, (RatePolicy("Percent", 100, 15),))
