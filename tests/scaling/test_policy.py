"""What the seam promises, whatever the policy."""

import dataclasses

import pytest

from tonnage.scaling.policy import NOT_OBSERVED, Absent, Decision, Metrics, Observation


def test_no_decision_keeps_the_size_and_says_why():
    decision = Decision.none(7, "no pods were seen")
    assert (decision.replicas, decision.valid) == (7, False)
    assert decision.reason == "no decision, because no pods were seen"
    assert decision.error == "no pods were seen"


def test_a_resource_that_nobody_read_is_absent_not_zero():
    assert Metrics().resource == NOT_OBSERVED
    assert Absent("scrape timed out") != 0


def test_the_existing_size_is_the_asked_one_unless_told_otherwise():
    assert Observation(0.0, 3).existing == 3
    assert Observation(0.0, 3, status_replicas=5).existing == 5


def test_an_observation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Observation(0.0, 3).replicas = 4
