"""The native stations against plain ones, against simpy, and against closed forms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.plain_stations import PlainStations, responses_by_simpy

from tonnage.capacity.queueing import MMc
from tonnage.scaling.kernel import RequestPool

LONG_AGO = -1e6


def stations(rate, until, replicas=0, **given):
    options = {"mean": 0.02, "scv": 1.0, "servers": 1, "grace": 30.0, "seed": 1, **given}
    pool = RequestPool([(0.0, until, rate, rate)], **options)
    for _ in range(replicas):
        pool.add_replica(LONG_AGO, 0.0)
    return pool


def run(rate, until, replicas, **given):
    """Response times [ns] of all that has ended by then."""
    pool = stations(rate, until, replicas, **given)
    pool.advance(until)
    return pool.take_responses()[0]


def is_conserved(found):
    return found["arrived"] == sum(found[name] for name in ("served", "failed", "in_service", "queued", "in_line"))


# ------------------------------------------------------------------------------------------------- without chance

steps = st.lists(
    st.tuples(st.sampled_from(["add", "late", "drain", "fail", "wait"]), st.integers(0, 5), st.integers(1, 40)),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(steps, st.sampled_from(["round_robin", "least"]), st.integers(1, 4), st.integers(1, 60), st.integers(1, 90))
def test_without_chance_they_do_what_the_plain_ones_do(actions, balancing, servers, length, grace):
    # Times that never coincide: of two things in one instant either may come first.
    common = {"servers": servers, "balancing": balancing, "grace": grace + 0.37}
    native = stations(0.5, 400.0, mean=length + 0.11, scv=0.0, regular=True, **common)
    plain = PlainStations(0.5, 400.0, length + 0.11, **common)
    now = 0.53
    for both in (native, plain):
        both.add_replica(0.0, 0.0)
    for action, number, wait in actions:
        for both in (native, plain):
            both.advance(now)
        if action in ("add", "late"):
            ready = now + (0.0 if action == "add" else 17.29)
            for both in (native, plain):
                both.add_replica(ready, ready)
        elif action != "wait" and number < len(plain.replicas) and plain.replicas[number]["drained"] == math.inf:
            for both in (native, plain):
                (both.drain_replica if action == "drain" else both.fail_replica)(number)
        now += wait
    for both in (native, plain):
        both.advance(600.03)
    found = native.counters()
    assert {name: found[name] for name in plain.counts} == plain.counts
    assert (found["in_line"], is_conserved(found)) == (len(plain.line), True)
    held = plain.held()
    assert {number: requests for number, requests in native.replicas() if requests} == {
        number: requests for number, requests in enumerate(held) if requests
    }
    times, _ = native.take_responses()
    assert (times.sum if times else 0) == pytest.approx(1e9 * sum(plain.times), abs=len(plain.times) + 1)
    assert (times.maximum if times else 0) == pytest.approx(1e9 * max(plain.times, default=0), abs=1)


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from(["random", "round_robin", "least"]), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_no_request_is_lost_whatever_happens_to_replicas(actions, balancing, scv):
    pool = stations(3.0, 400.0, 1, mean=1.7, scv=scv, servers=2, balancing=balancing)
    now, added, gone = 0.0, 1, 0
    for action, number, wait in actions:
        now += wait
        pool.advance(now)
        if action in ("add", "late"):
            pool.add_replica(now, now + (0.0 if action == "add" else 17.29))
            added += 1
        elif action != "wait" and number < added:
            (pool.drain_replica if action == "drain" else pool.fail_replica)(number)
        gone += sum(left for _, _, left in pool.take_gone())
        found = pool.counters()
        assert is_conserved(found)
    pool.advance(1000.0)
    found = pool.counters()
    assert is_conserved(found)
    assert found["failed"] == gone + sum(left for _, _, left in pool.take_gone())
    pool.note_unfinished()
    times, late = (each.count if each else 0 for each in pool.take_responses())
    assert (times, times + late + found["failed"]) == (found["served"], found["arrived"])


# ------------------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (4, 0.7), (4, 0.9), (16, 0.85)])
def test_each_replica_under_random_balancing_is_mmc(servers, load):
    rate = load * servers / 0.02
    found, station = run(3 * rate, 600_000 / rate, 3, servers=servers), MMc(rate, 0.02, servers)
    assert found.sum / found.count / 1e9 == pytest.approx(station.response_time, rel=0.03)
    for q in (0.1, 0.5, 0.9, 0.99):
        assert found.quantile(q) / 1e9 == pytest.approx(station.response_quantile(q), rel=0.04)


@pytest.mark.parametrize("scv", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("load", [0.4, 0.8])
def test_one_server_waits_by_pollaczek_and_khinchine(scv, load):
    rate = load / 0.02
    found = run(2 * rate, 2_000_000 / rate, 2, scv=scv)
    wait = load * 0.02 * (1 + scv) / (2 * (1 - load))
    assert found.sum / found.count / 1e9 == pytest.approx(0.02 + wait, rel=0.03)


@pytest.mark.parametrize(
    ("scv", "draw"),
    [
        (0.5, lambda chance: chance.gammavariate(2.0, 0.01)),
        (2.0, lambda chance: chance.lognormvariate(math.log(0.02) - math.log(3) / 2, math.sqrt(math.log(3)))),
    ],
)
def test_the_quantiles_of_several_servers_are_those_of_simpy(scv, draw):
    rate = 0.85 * 3 / 0.02
    expected = responses_by_simpy(rate, 3, draw, 1500.0, 1)
    found = run(rate, 20_000.0, 1, servers=3, scv=scv)
    for q in (0.5, 0.9, 0.99):
        assert found.quantile(q) / 1e9 == pytest.approx(expected[int(q * len(expected))], rel=0.06)


def test_the_fewer_wait_the_better_the_balancing_knows_the_replicas():
    waits = {
        balancing: run(360.0, 500.0, 8, balancing=balancing).sum for balancing in ("random", "round_robin", "least")
    }
    assert waits["least"] < waits["round_robin"] < waits["random"]


def test_busy_servers_are_the_offered_load_and_little_holds():
    pool = stations(300.0, 1000.0, 5, servers=2, scv=2.0)
    pool.advance(1000.0)
    busy, held, waiting = (each / 1000 for each in pool.integrals())
    found, _ = pool.take_responses()
    assert busy == pytest.approx(300 * 0.02, rel=0.02)
    assert held == pytest.approx(found.count / 1000 * found.sum / found.count / 1e9, rel=1e-3)
    assert held == pytest.approx(busy + waiting, rel=1e-9)


def test_what_a_replica_carried_is_its_own():
    pool = stations(100.0, 600.0, 2)
    pool.add_replica(300.0, 330.0)
    for at in range(15, 601, 15):
        pool.advance(float(at))
        pool.sample()
    old = dict(pool.averages(300.0, 300.0))
    assert sum(busy for busy, _, _ in old.values()) == pytest.approx(2.0, rel=0.05)
    assert list(old) == [0, 1, 2]
    assert old[2] == (0.0, 0.0, 0.0)
    # From 330 on a third each; from 300 to 345 half of the window of the youngest was not ready.
    young = dict(pool.averages(600.0, 240.0))
    assert [taken for _, _, taken in young.values()] == pytest.approx([100 / 3] * 3, rel=0.05)
    assert dict(pool.averages(345.0, 60.0))[2][2] == pytest.approx(100 / 3 * 15 / 45, rel=0.15)


# ------------------------------------------------------------------------------------------------- saturation


@pytest.mark.parametrize("replicas", [1, 4])
def test_after_a_stop_of_all_capacity_the_times_are_the_fluid_ones(replicas):
    """λ = 0.6 of the capacity, none of it for T = 10 s: a backlog of λT, worked off in λT / (C − λ) = 15 s."""
    capacity = 100.0 * replicas
    rate = 0.6 * capacity
    pool = stations(rate, 60.0, replicas, mean=0.01, scv=0.0, regular=True, balancing="round_robin", grace=0.0)
    pool.advance(20.0)
    for number in range(replicas):
        pool.drain_replica(number)
    pool.advance(30.0)
    assert pool.counters()["in_line"] == pytest.approx(10 * rate, abs=2)
    pool.take_responses()
    for _ in range(replicas):
        pool.add_replica(30.0, 30.0)
    pool.advance(45.2)
    assert pool.counters()["in_line"] == 0
    assert pool.counters()["failed"] <= replicas
    found, _ = pool.take_responses()
    # The one that came at s into the stop waits T − s and then for λs / C: from 10 s down to 6, and further to 0.
    assert found.maximum / 1e9 == pytest.approx(10, abs=0.1)
    assert found.sum / found.count / 1e9 == pytest.approx(5, abs=0.1)
    assert found.quantile(0.5) / 1e9 == pytest.approx(5, abs=0.1)


def test_an_overload_makes_times_grow_by_the_excess():
    """Twice the capacity for 10 s: whoever comes last waits 10 s, and the mean of those is 5 s."""
    pool = RequestPool(
        [(0.0, 10.0, 200.0, 200.0), (10.0, 30.0, 0.0, 0.0)], mean=0.01, scv=1.0, servers=1, grace=0.0, seed=1
    )
    pool.add_replica(LONG_AGO, 0.0)
    pool.advance(40.0)
    found, _ = pool.take_responses()
    assert found.count == pytest.approx(2000, abs=150)
    assert found.maximum / 1e9 == pytest.approx(10, abs=1.5)
    assert found.sum / found.count / 1e9 == pytest.approx(5, abs=0.8)


# ------------------------------------------------------------------------------------------------- the rest


def test_the_same_seed_gives_the_same_and_balancing_changes_no_arrival_and_no_service_time():
    assert run(100.0, 100.0, 3) == run(100.0, 100.0, 3)
    assert run(100.0, 100.0, 3) != run(100.0, 100.0, 3, seed=2)
    counts, work = set(), []
    for balancing in ("random", "round_robin", "least"):
        pool = stations(100.0, 100.0, 3, balancing=balancing)
        pool.advance(200.0)
        counts.add(pool.counters()["served"])
        work.append(pool.integrals()[0])
    assert len(counts) == 1
    assert work == pytest.approx([work[0]] * 3, rel=1e-9)


def test_responses_are_taken_once_and_kept_in_all():
    pool, parts = stations(50.0, 100.0, 1), 0
    for until in range(10, 101, 10):
        pool.advance(float(until))
        found, late = pool.take_responses()
        parts += found.count
        assert late is None
    assert pool.take_responses() == (None, None)
    assert pool.responses()[0].count == parts == pool.counters()["served"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"balancing": "best"}, "unknown balancing"),
        ({"scv": -1.0}, "no service time"),
        ({"servers": 0}, "at least one server"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        stations(1.0, 10.0, **wrong)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 1e9])
@pytest.mark.parametrize("scv", [0.0, 1.0, 400.0])
def test_service_times_of_any_size_terminate_and_nobody_is_lost_from_the_count(mean, scv):
    pool = stations(5.0, 1000.0, 1, mean=mean, scv=scv)
    pool.advance(1e12)
    found = pool.counters()
    assert is_conserved(found)
    assert found["arrived"] > 4000
