"""Spaces, starting points and what a candidate stands for."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import PlanError
from tonnage.load.curve import Curve
from tonnage.scaling.candidates.floors import BLOCK, needs, spans
from tonnage.scaling.candidates.setup import policy_of, setup_of, spec_of
from tonnage.scaling.candidates.space import Freedom, space_of, starting_point
from tonnage.scaling.files import read_policy
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, RatePolicy, ScalingRules
from tonnage.scaling.schedule import Schedule
from tonnage.scaling.sessions import SessionSpec
from tonnage.scaling.supply import Supply

AGENT, HPA = read_policy(VOICE_SCALING, "agent.yaml"), read_policy(VOICE_HPA, "hpa.yaml")
ALL = Freedom(80, (3, 8), 4, tuple([2.0] * 48), per_worker=5)
CALLS = SessionModel(180.0, per_worker=5)


@pytest.mark.parametrize("file", [AGENT, HPA], ids=["sessions", "hpa"])
@pytest.mark.parametrize("freedom", [Freedom(), ALL], ids=["none", "all"])
def test_the_policy_is_near_a_point_of_its_space(file, freedom):
    point, space = starting_point(file, freedom, 5, 0), space_of(file, freedom)
    assert list(point) == [parameter.name for parameter in space.parameters]
    assert space.allowed(point)


def test_the_starting_point_of_a_session_policy_is_the_policy():
    assert spec_of(AGENT, starting_point(AGENT, Freedom())) == replace(AGENT.spec, buffer=AGENT.spec.reserve)


def test_the_starting_point_of_an_hpa_has_its_rates_and_windows():
    spec = spec_of(HPA, starting_point(HPA, Freedom()))
    assert isinstance(spec, HpaSpec)
    assert spec.behavior == Behavior(
        ScalingRules(30, "Max", (RatePolicy("Pods", 1, 15),), 0.1),
        ScalingRules(300, "Max", (RatePolicy("Pods", 1, 60),), 0.1),
    )
    assert [metric.target.average for metric in spec.metrics] == [4000]


@given(st.integers(0, 10_000))
def test_no_allowed_session_policy_cycles_or_fires_again(seed):
    space = space_of(AGENT, ALL)
    candidate = space.sample(Random(seed))
    if space.allowed(candidate):
        spec = spec_of(AGENT, candidate)
        assert isinstance(spec, SessionSpec)
        assert not spec.may_cycle
        assert spec.reserve >= 1000 - spec.scale_up_threshold


def test_without_freedom_nothing_beside_the_kinds_own_parameters_is_searched():
    names = {parameter.name for parameter in space_of(AGENT, Freedom()).parameters}
    assert names == {"min_workers", "scale_up_threshold", "scale_down_threshold", "buffer", "scale_down_delay"}
    added = {parameter.name for parameter in space_of(AGENT, ALL).parameters} - names
    assert added == {"max", "sessions_per_worker", "idle_nodes", "floor_share"}


def test_a_cluster_without_own_tolerances_is_not_given_any():
    old = read_policy(VOICE_HPA, "hpa.yaml", version="1.30")
    assert "scale_up_tolerance" not in starting_point(old, Freedom())


def test_a_worker_of_more_sessions_costs_and_takes_as_much_room_as_they_do():
    supply = Supply.parse("per_node=8")
    point = {**starting_point(AGENT, ALL, 5, 0), "sessions_per_worker": 10.0, "floor_share": 0.0}
    found = setup_of(AGENT, point, ALL, CALLS, supply)
    assert found.model == replace(CALLS, per_worker=10)
    assert found.supply.per_node == 4
    assert found.supply.price_replica == pytest.approx(2 / 3600)
    priced = setup_of(AGENT, point, ALL, CALLS, Supply.parse("price_replica=0.1/h,price_node=1/h"))
    assert priced.supply.price_replica == pytest.approx(0.2 / 3600)
    assert priced.supply.price_node == pytest.approx(1 / 3600)


def test_idle_nodes_are_those_of_the_candidate():
    point = {**starting_point(AGENT, ALL, 5, 0), "idle_nodes": 3.0}
    assert setup_of(AGENT, point, ALL, CALLS, Supply()).supply.idle_nodes == 3
    none = starting_point(AGENT, Freedom(), 5, 0)
    assert setup_of(AGENT, none, Freedom(), CALLS, Supply(idle_nodes=2)).supply.idle_nodes == 2


def test_floors_put_the_policy_into_a_schedule():
    point = {**starting_point(AGENT, ALL, 5, 0), "floor_share": 1.0}
    policy = policy_of(AGENT, point, ALL)
    assert isinstance(policy, Schedule)
    assert policy.bounds(3600.0) == (2, None)
    assert policy_of(AGENT, {**point, "floor_share": 0.0}, ALL) == policy.policy.__class__(policy.policy.spec)


def test_a_kind_without_parameters_is_refused():
    with pytest.raises(PlanError, match="cannot be tuned"):
        space_of(read_policy("kind: knative\ntarget: 70\n", "kpa.yaml"), Freedom())


def test_needs_look_ahead_by_the_lead_and_over_midnight():
    quiet, peak = 1.0, 10.0
    day = Curve.stairs([(8 * 3600.0, quiet), (3600.0, peak), (15 * 3600.0, quiet)])
    late = Curve.stairs([(300.0, 6.0), (86_400.0 - 300, quiet)])
    found = needs([day, late], per_replica=2.0, lead=240.0)
    assert len(found) == 48
    at = {int(i * BLOCK // 1800): need for i, need in enumerate(found)}
    assert at[14] == 0.5
    assert at[15] == at[16] == at[17] == 5.0, "from 07:30, for a replica takes a while, until 09:00"
    assert at[18] == 0.5
    assert at[47] == 3.0, "the burst after midnight"


def test_spans_join_equal_floors_and_stay_below_the_maximum():
    table = spans([0.0] * 16 + [4.2] * 4 + [30.0] * 4 + [1.0] * 24, share=1.0, most=20)
    assert [(span.start / 3600, span.end / 3600, span.floor) for span in table] == [
        (8, 10, 5), (10, 12, 20), (12, 24, 1),
    ]  # fmt: skip
    assert spans([3.0] * 48, share=0.0, most=20) == ()


def test_a_service_has_no_sessions_to_choose():
    point = starting_point(HPA, Freedom(), 0, 0)
    found = setup_of(HPA, point, Freedom(), ServiceModel(0.1, 2), Supply())
    assert found.model == ServiceModel(0.1, 2)
