"""The Plan as data: what is written is what is read, for every Plan."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonnage.errors import PlanError
from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from tonnage.load.plan import CustomMetric, Http, Limits, Plan, RequestSource, Scenario, ScriptSource, Threshold

words = st.text(max_size=20)
amounts = st.floats(0, 1e9)
counts = st.integers(0, 10**9)
tables = st.dictionaries(words, words, max_size=3)
pairs = st.lists(st.tuples(words, words), max_size=3).map(tuple)
texts = st.lists(words, max_size=3).map(tuple)
stages = st.lists(st.builds(Stage, amounts, amounts), max_size=4).map(tuple)
executors = st.one_of(
    st.builds(ConstantVus, counts, amounts),
    st.builds(RampingVus, counts, stages, amounts),
    st.builds(SharedIterations, counts, counts, amounts),
    st.builds(PerVuIterations, counts, counts, amounts),
    st.builds(ConstantArrivalRate, amounts, amounts, amounts, counts, counts),
    st.builds(RampingArrivalRate, amounts, amounts, stages, counts, counts),
)
scenarios = st.builds(
    Scenario, words, executors, words, amounts, amounts, st.sampled_from(["queue", "drop"]), tables, tables
)
thresholds = st.builds(Threshold, words, words, tables, st.booleans(), amounts, st.booleans())
metrics = st.builds(
    CustomMetric,
    words,
    st.sampled_from(["counter", "gauge", "rate", "trend"]),
    st.sampled_from(["default", "time", "data"]),
)
https = st.builds(
    Http,
    st.none() | words,
    amounts,
    counts,
    st.booleans(),
    st.none() | words,
    st.none() | words,
    pairs,
    texts,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["off", "headers", "full"]),
)
plans = st.builds(
    Plan,
    scenarios=st.lists(scenarios, max_size=3).map(tuple),
    script=st.none() | st.builds(ScriptSource, words, words, words),
    request=st.none() | st.builds(RequestSource, words, words, pairs, st.none() | words),
    thresholds=st.lists(thresholds, max_size=3).map(tuple),
    metrics=st.lists(metrics, max_size=3).map(tuple),
    http=https,
    limits=st.builds(Limits, *[amounts] * 9),
    env=tables,
    tags=tables,
    seed=counts,
    setup_timeout=amounts,
    teardown_timeout=amounts,
    no_setup=st.booleans(),
    no_teardown=st.booleans(),
    series_limit=counts,
    summary_trend_stats=texts,
)


@settings(deadline=None)
@given(plans)
def test_a_plan_reads_back_as_itself(plan):
    assert Plan.from_dict(plan.to_dict()) == plan


@settings(deadline=None)
@given(plans)
def test_a_plan_survives_json(plan):
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def records(data, path=""):
    """(path, table) of every table of a plan's data that is a record, not a table of the user's names."""
    if isinstance(data, dict):
        if path.rpartition(".")[2] not in {"env", "tags", "selector"}:
            yield path, data
            for key, value in data.items():
                yield from records(value, f"{path}.{key}")
    elif isinstance(data, list):
        for i, item in enumerate(data):
            yield from records(item, f"{path}[{i}]")


@settings(deadline=None)
@given(plans, st.data())
def test_an_unknown_key_anywhere_is_an_error(plan, data):
    written = plan.to_dict()
    path, table = data.draw(st.sampled_from(list(records(written))))
    table["unknwon"] = 1
    with pytest.raises(PlanError, match="unknown key `unknwon`") as error:
        Plan.from_dict(written)
    assert error.value.mistakes[0].path == f"{path}.unknwon".lstrip(".")


def test_the_extent_of_a_plan_is_that_of_its_scenarios():
    closed = Scenario("a", ConstantVus(1, 10), start_time=5)
    rate = Scenario("b", ConstantArrivalRate(2, 1, 10, 1, 1))
    assert Plan((closed, rate)).duration == 15
    assert Plan((closed, rate, rate)).planned_arrivals == 40
    assert Plan((closed,)).planned_arrivals is None
    assert Plan(()).duration == 0


def test_a_threshold_is_called_as_k6_calls_it():
    assert Threshold("http_reqs", "count>1").name == "http_reqs"
    assert Threshold("http_reqs", "count>1", {"a": "b", "c": "d"}).name == "http_reqs{a:b,c:d}"
