"""Models of services and of sessions, by their texts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.capacity.models import parse_model
from tonnage.capacity.queueing import MMc, erlang_b
from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import OutOfDomain, PlanError, UsageError


def test_texts_give_models():
    assert parse_model("service:demand=20ms,servers=4") == ServiceModel(0.02, 4)
    assert parse_model("service:demand=20ms,scv=0.5,by=request") == ServiceModel(0.02, scv=0.5, by="request")
    assert parse_model("service:demand=20ms,scv=1,by=flow") == ServiceModel(0.02)
    assert parse_model("sessions:mean=180s,scv=1") == SessionModel(180)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("service:demand=fast,severs=4", 2),
        ("service:servers=0", 2),
        ("sessions:mean=0s,scv=-1,law=long", 3),
        ("sessions:mean=3m,scv=2,law=gamma", 1),
        ("service:demand", 1),
        ("service:demand=20ms,scv=-1,by=hand", 2),
        ("service:demand=20ms,scv=2", 1),
        ("service:demand=20ms,scv=0,by=flow", 1),
        ("usl:alpha=1", 1),
    ],
)
def test_every_mistake_of_a_text_is_named(text, count):
    with pytest.raises(PlanError) as refusal:
        parse_model(text)
    assert len(refusal.value.mistakes) == count


def test_a_flow_of_another_scv_than_that_of_mmc_is_a_mistake_and_names_the_remedy():
    with pytest.raises(PlanError, match=r"model\.scv: .* add by=request"):
        ServiceModel(0.02, 4, scv=0.5)


def test_times_of_another_scv_are_refused_and_what_does_not_need_it_is_right():
    model = ServiceModel(0.02, 4, scv=0.5, by="request").of(3)
    assert (model.capacity, model.domain, model.utilization("cpu", 300)) == (600, (0, 600), 0.5)
    assert model.limited(2).scv == 0.5
    for question in (
        lambda: model.response_time(300),
        lambda: model.response_quantile(0.95, 300),
        lambda: model.concurrency(300),
        lambda: model.throughput(10),
        lambda: model.waiting(300),
    ):
        with pytest.raises(OutOfDomain, match=r"scv .* = 0\.5"):
            question()
    with pytest.raises(OutOfDomain, match="arrival rate"):
        model.utilization("cpu", 600)
    assert ServiceModel(0.02, by="request").response_time(25) == ServiceModel(0.02).response_time(25)


def test_replicas_share_the_load():
    model, station = ServiceModel(0.02, 4).of(3), MMc(100, 0.02, 4)
    assert model.capacity == 600
    assert model.response_time(300) == station.response_time
    assert model.response_quantile(0.95, 300) == station.response_quantile(0.95)
    assert model.utilization("cpu", 300) == station.utilization == 0.5
    assert model.waiting(300) == 3 * station.queue_length


@given(st.floats(1e-3, 1), st.integers(1, 16), st.integers(1, 20), st.floats(0.01, 0.98))
def test_throughput_and_concurrency_are_inverses(demand, servers, replicas, load):
    model = ServiceModel(demand, servers, replicas)
    rate = load * model.capacity
    assert model.throughput(model.concurrency(rate)) == pytest.approx(rate, rel=1e-6)


def test_a_resource_that_the_model_does_not_have_is_refused_by_name():
    with pytest.raises(UsageError, match="'disk' is no resource of a service: it has cpu"):
        ServiceModel(0.02, 4).utilization("disk", 100)


def test_saturation_has_no_number():
    with pytest.raises(OutOfDomain):
        ServiceModel(0.02, 4).response_time(200)


@pytest.mark.parametrize("servers", [1, 2, 8])
def test_quantiles_have_numbers_right_up_to_saturation(servers):
    model = ServiceModel(0.02, servers)
    times = [model.response_quantile(0.9999, load * model.capacity) for load in (0.9, 0.99, 0.999, 0.9999)]
    assert times == sorted(times)
    # Nearly all of it is waiting, which is exponential with the rate of the free capacity.
    assert times[-1] == pytest.approx(-math.log(1e-4) / (1e-4 * model.capacity), rel=0.02)


def test_a_request_that_costs_nothing_takes_no_time():
    model = ServiceModel(0.0)
    assert (model.response_time(1e6), model.utilization("cpu", 1e6), model.response_quantile(0.99, 5)) == (0, 0, 0)


@pytest.mark.parametrize("limit", [0.5, 1.0, 2.5, 4.0, 8.0])
def test_a_limit_is_the_capacity(limit):
    assert ServiceModel(0.02, 4).limited(limit).capacity == pytest.approx(min(limit, 4) / 0.02)


def test_a_pool_blocks_by_erlang_b():
    assert SessionModel(180, per_worker=5).blocking(0.2, 10) == erlang_b(50, 36)
