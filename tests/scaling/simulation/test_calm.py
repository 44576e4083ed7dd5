"""Decisions that are spared are those that the policy would have made."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.worlds import CALLS, CLAY_HPA, PLAIN_VOICE_HPA, POOL, VOICE_HPA, WAVES, WEB

from tonnage.capacity.service import ServiceModel
from tonnage.load.demand import parse_demand
from tonnage.load.spiky import spiky_day
from tonnage.scaling.schedule import Schedule, Span
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply

FLOORS = Schedule(POOL, (Span(2 * 3600.0, 7.5 * 3600, 6), Span(7.5 * 3600, 9 * 3600, 30), Span(9.5 * 3600, 86_400, 4)))
BOUNDS = Schedule(POOL, (Span(0, 5 * 3600.0, 3, 3), Span(7 * 3600, 10 * 3600, 20, 25)))
RARE = parse_demand("2/s, 1h: 40/s, 30m: 10/s, 0s: 30/s, 20m: 30/s, 1h: 2/s")
ONE_BY_ONE = ServiceModel(0.2, 2, scv=2.0, by="request")

SUPPLIES = {
    "plain": "",
    "nodes": "per_node=3,idle_nodes=1,startup=20s..60s,grace=300s",
    "faults": "gaps=1h..1h5m+9h..9h30m,restarts=30m+8h45m,rollouts=2h+10h,surge=2,failures=1/2h,evictions=1/3h",
}


@pytest.mark.parametrize("supply", SUPPLIES.values(), ids=SUPPLIES)
@pytest.mark.parametrize(
    ("demand", "model", "policy"),
    [
        pytest.param(WAVES, WEB, CLAY_HPA, id="requests"),
        pytest.param(RARE, ONE_BY_ONE, CLAY_HPA, id="requests one by one"),
        pytest.param(spiky_day(1), CALLS, VOICE_HPA, id="sessions under an HPA with behaviour"),
        pytest.param(spiky_day(2), CALLS, PLAIN_VOICE_HPA, id="sessions under an HPA without"),
        pytest.param(spiky_day(3), CALLS, POOL, id="sessions under their own policy"),
        pytest.param(spiky_day(3), CALLS, FLOORS, id="sessions under floors"),
        pytest.param(spiky_day(4), CALLS, BOUNDS, id="sessions under floors and ceilings"),
    ],
)
def test_a_run_is_the_same_with_and_without_the_decisions_that_are_spared(demand, model, policy, supply):
    run = demand, model, policy, Supply.parse(supply), 1, 11 * 3600
    spared, asked = (simulate(*run, settings=Settings(spares=spares)) for spares in (True, False))
    assert spared.events == asked.events
    assert spared == asked


policies = st.builds(
    lambda least, up, down, buffer, delay, floor: Schedule(
        SessionPolicy(
            SessionSpec(
                least, 60, 5, scale_up_threshold=up, scale_down_threshold=down, buffer=buffer, scale_down_delay=delay
            )
        ),
        (Span(6 * 3600.0, 9 * 3600.0, floor), Span(9 * 3600.0, 22 * 3600.0, 3)),
    ),
    st.integers(1, 9),
    st.sampled_from([500, 650, 800, 900]),
    st.sampled_from([100, 250, 300]),
    st.sampled_from([None, 500, 700]),
    st.sampled_from([0.0, 60.0, 300.0, 900.0]),
    st.integers(0, 20),
)


@settings(max_examples=20, deadline=None)
@given(policies, st.booleans(), st.sampled_from([*SUPPLIES.values()]), st.integers(1, 99))
def test_so_it_is_for_any_session_policy(policy, is_bare, supply, seed):
    chosen = policy.policy if is_bare else policy
    run = (spiky_day(seed), CALLS, chosen, Supply.parse(supply), seed, 10 * 3600)
    spared, asked = (simulate(*run, settings=Settings(spares=spares)) for spares in (True, False))
    assert spared == asked
