"""Closed forms of single stations: published cases, laws and inverses."""

import json
import os
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.capacity.queueing import (
    MMc,
    MMcK,
    erlang_b,
    erlang_c,
    halfin_whitt,
    offered_for_blocking,
    servers_for_blocking,
    square_root_staffing,
)
from tonnage.errors import OutOfDomain

SHARED = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "conformance" / "capacity"
servers = st.integers(1, 200)
load = st.floats(0.01, 500)


def service_level(case):
    queue = MMc(case["offered_erlangs"] / case["mean_service_s"], case["mean_service_s"], case["servers"])
    return {
        "wait_probability": queue.wait_probability,
        "service_level": 1 - queue.wait_exceeds(case["target_wait_s"]),
        "occupancy": queue.utilization,
        "asa_seconds": queue.wait,
        "immediate": 1 - queue.wait_probability,
    }


def station(case):
    queue = MMc(case["arrival_rate"], case["service_time"], case["servers"])
    return {
        "U": queue.utilization,
        "p0": queue.empty_probability,
        "wait_probability": queue.wait_probability,
        **dict.fromkeys(("Wq", "Wq_min"), queue.wait),
        **dict.fromkeys(("W", "W_h", "R"), queue.response_time),
        **dict.fromkeys(("L", "Q", "in_system"), queue.in_system),
        "Lq": queue.queue_length,
    }


def bounded(case):
    queue = MMcK(case["arrival_rate"], case["service_time"], case["servers"], case["capacity"])
    values = {"p0": queue.empty_probability, "pK": queue.blocking, "R": queue.response_time, "Wq": queue.wait}
    return {**values, "Q": queue.in_system}


def pool(case):
    offered = case["offered_sessions"]
    capacity = -(-offered * 5 // 4)  # ⌈offered / 0.8⌉ without rounding
    return {
        "capacity": capacity,
        "blocking": erlang_b(capacity, offered),
        "wait_probability": erlang_c(capacity, offered),
        "capacity_for_1pct_blocking": servers_for_blocking(offered, 0.01),
    }


def staffing(case):
    offered, beta = case["offered_erlangs"], case["beta"]
    n = square_root_staffing(offered, beta)
    rounded = (n - offered) / sqrt(offered)  # the β of whole servers
    return {"servers": n, "exact_erlang_c": erlang_c(n, offered), "halfin_whitt": halfin_whitt(rounded)}


ANSWERS = {
    "erlang_b": lambda case: {"blocking": erlang_b(case["servers"], case["offered_erlangs"])},
    "erlang_b_inverse": lambda case: {
        "max_offered_erlangs": offered_for_blocking(case["servers"], case["target_blocking"])
    },
    "erlang_b_servers": lambda case: {
        "servers": servers_for_blocking(case["offered_erlangs"], case["target_blocking"])
    },
    "erlang_c": service_level,
    "square_root_staffing": staffing,
    "session_pool_buffer": pool,
    "mm1": station,
    "mmc": station,
    "mmck": bounded,
}


def published():
    for name in ("capacity_erlang.json", "capacity_queues.json"):
        path = SHARED / name
        if path.exists():
            data = json.loads(path.read_text())
            for case in data["cases"] if isinstance(data, dict) else data:
                if case["conform"] and case["kind"] in ANSWERS:
                    yield pytest.param(case, id=case["id"])


@pytest.mark.skipif(not SHARED.exists(), reason="the published cases lie in ../shared, which is absent")
@pytest.mark.parametrize("case", list(published()))
def test_a_published_value_is_reproduced(case):
    answer = ANSWERS[case["kind"]](case["input"])
    for name, expected in case["expect"].items():
        tolerance = case["tolerance"].get(name) or case["tolerance"]["*"]
        assert answer[name] == pytest.approx(expected, rel=tolerance.get("rel", 0), abs=tolerance.get("abs", 0)), name


def test_two_values_that_were_published_wrong_are_not_reproduced():
    # PRODYNA/exciting-algorithms asserts 0.012 and 0.261.
    assert erlang_b(200, 180) == pytest.approx(0.010324995204982299, rel=1e-12)
    assert erlang_c(25, 20) == pytest.approx(0.20910282659883664, rel=1e-12)


def test_thousands_of_servers_do_not_overflow():
    assert erlang_b(5000, 10_000) == pytest.approx(0.50010, abs=1e-5)


@given(servers, load)
def test_one_more_server_never_blocks_more(n, offered):
    assert erlang_b(n + 1, offered) <= erlang_b(n, offered)


@given(servers, load)
def test_waiting_is_at_least_as_likely_as_blocking(n, offered):
    assert erlang_c(n, offered) >= erlang_b(n, offered)


@given(servers, st.floats(0.001, 0.9))
def test_the_load_for_a_blocking_has_that_blocking(n, blocking):
    assert erlang_b(n, offered_for_blocking(n, blocking)) == pytest.approx(blocking, rel=1e-6)


@given(load, st.floats(1e-6, 1))
def test_the_servers_for_a_blocking_are_the_fewest(offered, blocking):
    n = servers_for_blocking(offered, blocking)
    assert erlang_b(n, offered) <= blocking
    assert n == 0 or erlang_b(n - 1, offered) > blocking


@given(servers, st.floats(0.01, 0.99), st.floats(0.001, 10), st.floats(0.01, 0.999))
def test_the_quantile_of_the_response_time_is_exceeded_as_often_as_it_says(n, utilization, service_time, q):
    queue = MMc(utilization * n / service_time, service_time, n)
    assert queue.response_exceeds(queue.response_quantile(q)) == pytest.approx(1 - q, rel=1e-6, abs=1e-9)


def test_a_single_server_has_an_exponential_response_time():
    queue = MMc(75, 0.01, 1)
    assert queue.response_quantile(0.5) == pytest.approx(0.04 * 0.6931471805599453)


def test_a_saturated_station_is_refused():
    with pytest.raises(OutOfDomain):
        MMc(100, 0.01, 1)
    with pytest.raises(OutOfDomain):
        servers_for_blocking(1, 0)


@given(st.floats(0.1, 50), st.floats(0.01, 2), st.integers(1, 20), st.integers(0, 30))
def test_more_room_never_refuses_more(rate, service_time, n, room):
    smaller, larger = (MMcK(rate, service_time, n, n + extra) for extra in (room, room + 1))
    assert larger.blocking <= smaller.blocking + 1e-12
