"""The native session pool against a plain one, against simpy, and against closed forms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.plain_pool import PlainPool, loss_by_simpy

from tonnage.capacity.queueing import erlang_b
from tonnage.scaling.kernel import SessionPool


def pool(rate, until, **given):
    options = {"mean": 60.0, "scv": 1.0, "per_worker": 5, "grace": 600.0, "seed": 1, **given}
    return SessionPool([(0.0, until, rate, rate)], **options)


steps = st.lists(
    st.tuples(st.sampled_from(["add", "late", "drain", "wait"]), st.integers(0, 5), st.integers(1, 40)), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(steps, st.sampled_from(["least", "pack"]), st.integers(1, 5), st.integers(7, 90), st.integers(1, 90))
def test_without_chance_it_does_what_the_plain_pool_does(actions, routing, per_worker, length, grace):
    # Times that never coincide: of two things in one instant either may come first.
    common = {"per_worker": per_worker, "routing": routing, "grace": grace + 0.37}
    native = pool(0.5, 400.0, mean=length + 0.11, scv=0.0, regular=True, **common)
    plain = PlainPool(0.5, 400.0, length + 0.11, **common)
    now = 0.53
    for both in (native, plain):
        both.add_worker(0.0, 0.0)
    for action, number, wait in actions:
        for both in (native, plain):
            both.advance(now)
        if action in ("add", "late"):
            ready = now + (0.0 if action == "add" else 17.29)
            for both in (native, plain):
                both.add_worker(ready, ready)
        elif action == "drain" and number < len(plain.workers) and plain.workers[number]["drained"] is None:
            for both in (native, plain):
                both.drain_worker(number)
        now += wait
    for both in (native, plain):
        both.advance(600.03)
    found = native.counters()
    assert {name: found[name] for name in plain.counts} == plain.counts
    assert {number: sessions for number, _, sessions in native.workers() if sessions} == plain.sessions()


def test_the_loss_is_that_of_simpy_and_of_erlang():
    native = pool(0.15, 400_000.0)
    native.add_worker(0.0, 0.0)
    native.add_worker(0.0, 0.0)
    native.advance(400_000.0)
    found = native.counters()
    share = found["lost"] / found["arrived"]
    assert share == pytest.approx(loss_by_simpy(0.15, 60.0, 10, 400_000.0, 1), abs=0.012)
    assert share == pytest.approx(erlang_b(10, 9.0), abs=0.008)


def test_arrivals_follow_the_curve():
    native = SessionPool([(0.0, 1000.0, 0.0, 10.0)], mean=1.0, scv=1.0, per_worker=1, grace=0.0, seed=3)
    native.advance(500.0)
    first = native.counters()["arrived"]
    native.advance(1000.0)
    assert first == pytest.approx(1250, abs=4 * 1250**0.5)
    assert native.counters()["arrived"] == pytest.approx(5000, abs=4 * 5000**0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"routing": "best"}, "unknown routing"), ({"scv": -1.0}, "no law"), ({"law": "gamma", "scv": 3.0}, "no law")],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        pool(1.0, 10.0, **wrong)


def test_a_rate_below_zero_is_refused():
    with pytest.raises(ValueError, match="negative"):
        pool(-1.0, 10.0)


@pytest.mark.parametrize("mean", [1e-9, 1e9])
@pytest.mark.parametrize("scv", [0.0, 1.0, 400.0])
def test_lengths_of_any_size_terminate_and_nobody_is_lost_from_the_count(mean, scv):
    native = pool(5.0, 1000.0, mean=mean, scv=scv)
    native.add_worker(0.0, 0.0)
    native.advance(1000.0)
    found = native.counters()
    assert found["arrived"] == found["started"] + found["lost"]
    assert found["started"] == found["finished"] + found["active"]


def test_it_goes_on_from_tick_to_tick_while_they_are_calm():
    both = [pool(0.02, 4000.0) for _ in range(2)]
    for each in both:
        each.add_worker(0.0, 0.0)
    found, went_on = both[0].advance_calm(1, 5.0, 1000.0, 0, 3)
    actives = []
    for tick in range(1, len(found) + 2):
        both[1].advance(5.0 * tick)
        actives.append(both[1].counters()["active"])
    assert went_on
    assert found == actives[:-1]
    assert all(active < 3 for active in found)
    assert actives[-1] >= 3, "the first that is not calm"
    assert both[0].counters() == both[1].counters()
    after = len(found) + 2
    assert both[0].advance_calm(after, 5.0, 5.0 * after, 0, 9) == ([], False), "the end is excluded"
    assert len(both[0].advance_calm(after, 5.0, 5.0 * (after + 2), 0, 9)[0]) == 2


def test_a_session_that_ends_on_a_draining_worker_ends_the_calm():
    native = pool(0.02, 4000.0)
    for _ in range(2):
        native.add_worker(0.0, 0.0)
    native.advance(300.0)
    number = next(number for number, _, sessions in native.workers() if sessions)
    native.drain_worker(number)
    before = native.counters()["draining"]
    found, went_on = native.advance_calm(61, 5.0, 4000.0, 0, 99)
    assert went_on
    assert native.counters()["draining"] < before
    assert 5.0 * (61 + len(found)) < 4000.0


def test_ticks_lie_some_time_apart_and_end():
    with pytest.raises(ValueError, match="apart, and end"):
        pool(0.02, 400.0).advance_calm(1, 0.0, 100.0, 0, 3)
