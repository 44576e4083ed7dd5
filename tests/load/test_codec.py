"""The strict reading of JSON data: every mistake at once, with its path."""

import pytest

from tonnage.errors import PlanError
from tonnage.load.codec import decode, encode, suggestion
from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Http, Plan, Scenario, Threshold


def mistakes(cls, data):
    with pytest.raises(PlanError) as error:
        decode(cls, data)
    return {mistake.path: mistake.message for mistake in error.value.mistakes}


def test_executors_carry_their_kind():
    assert encode(ConstantVus(1, 2.0)) == {"kind": "constant-vus", "vus": 1, "duration": 2.0}
    scenario = Scenario("a", ConstantVus(1, 2.0))
    assert decode(Scenario, encode(scenario)) == scenario


def test_a_whole_number_may_stand_for_a_number_but_true_may_not():
    assert decode(Http, {"timeout": 5}).timeout == 5.0
    assert mistakes(Http, {"timeout": True}) == {"timeout": "a number is needed, not True"}
    assert mistakes(Http, {"max_redirects": True}) == {"max_redirects": "a whole number is needed, not True"}


def test_all_mistakes_are_told_at_once():
    data = {
        "scenarios": [
            {"name": 3, "executor": {"kind": "constant-vus", "vus": "x"}},
            {"name": "b", "executor": {"kind": "constant-vsu"}},
            {"name": "c", "executor": 5},
            7,
        ],
        "thresholds": 1,
        "http": {"debug": "loud", "headers": [["a"], ["b", 2]], "timeot": 1},
        "env": {"A": 1},
        "tags": [],
        "seed": 1.5,
    }
    assert mistakes(Plan, data) == {
        "scenarios[0].name": "a text is needed, not 3",
        "scenarios[0].executor.vus": "a whole number is needed, not 'x'",
        "scenarios[1].executor.kind": "'constant-vsu' is no executor; did you mean `constant-vus`?",
        "scenarios[2].executor.kind": "None is no executor; known are constant-arrival-rate, constant-vus, "
        "per-vu-iterations, ramping-arrival-rate, ramping-vus, shared-iterations",
        "scenarios[3]": "a table is needed, not 7",
        "thresholds": "a list is needed, not 1",
        "http.debug": "'loud' is none of 'off', 'headers', 'full'",
        "http.headers[0]": "2 values are needed, not 1",
        "http.headers[1][1]": "a text is needed, not 2",
        "http.timeot": "unknown key `timeot`; did you mean `timeout`?",
        "env.A": "a text is needed, not 1",
        "tags": "a table of names and values is needed, not []",
        "seed": "a whole number is needed, not 1.5",
    }


def test_a_missing_value_is_a_mistake():
    assert "expression" in mistakes(Threshold, {"metric": "a"})[""]


def test_what_may_be_absent_may_be_null():
    assert decode(Http, {"base_url": None}).base_url is None


def test_a_suggestion_names_the_nearest_or_all():
    assert suggestion("vsu", ["vus", "rate"]) == "; did you mean `vus`?"
    assert suggestion("zzz", ["vus", "rate"]) == "; known are rate, vus"
