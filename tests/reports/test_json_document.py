"""The JSON document: what the schema says, for every run."""

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Threshold
from tonnage.reports.json_document import json_document
from tonnage.runs.run import Ending


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    data = json.loads((files("tonnage") / "schemas" / "summary.schema.json").read_text())
    Draft202012Validator.check_schema(data)
    return Draft202012Validator(data)


def test_every_document_is_valid_and_has_no_nan(named_run, schema):
    _, run = named_run
    document = json_document(run)
    schema.validate(document)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_it_says_what_it_should(runs, golden):
    golden("json/failing.json", json.dumps(json_document(runs["failing"]), indent=2) + "\n")


def test_metrics_have_k6s_shape_and_scale(runs):
    metrics = json_document(runs["passing"])["metrics"]
    assert metrics["http_reqs"] == {"type": "counter", "contains": "default", "values": {"count": 1000, "rate": 100}}
    assert metrics["http_req_failed"]["values"] == {"rate": 0, "passes": 0, "fails": 1000}
    assert metrics["vus"]["values"] == {"value": 14, "min": 14, "max": 14}
    assert metrics["http_req_duration"]["values"]["min"] == 20
    assert list(metrics["iteration_duration"]["values"]) == [
        "avg", "min", "med", "max", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "count",
    ]  # fmt: skip
    assert metrics["orders"]["values"] == {"count": 200, "rate": 20}
    assert metrics["items_seen"]["values"]["avg"] == 12


def test_parts_that_thresholds_name_are_metrics_too(runs):
    metrics = json_document(runs["passing"])["metrics"]
    assert metrics["http_req_response_time{name:GET /cart}"]["values"]["count"] == 800
    assert metrics["http_req_duration{expected_response:true}"]["values"]["count"] == 1000


def test_thresholds_have_three_states(runs):
    thresholds = json_document(runs["invalid"])["thresholds"]
    assert thresholds["http_req_duration{name:DELETE /cart}"] == {
        "p(99)<1s": {"ok": None, "value": None, "margin": None}
    }
    failed = json_document(runs["failing"])["thresholds"]["checks"]["rate>0.99"]
    assert failed["ok"] is False
    assert failed["margin"] < 0


def test_what_is_known_only_from_below_is_named(runs):
    document = json_document(runs["censored"])
    assert document["censored"]["http_req_duration"] == ["avg", "max", "p(95)", "p(99)", "p(99.9)"]
    assert document["metrics"]["http_req_duration"]["values"]["max"] == 30_000
    assert json_document(runs["passing"])["censored"] == {}


def test_errors_have_a_kind_a_code_and_times(runs):
    assert json_document(runs["refused"])["errors"] == [
        {"of": "request", "kind": "connection refused", "code": "1212", "count": 5000, "first": 0, "last": 4}
    ]


def test_planned_and_delivered_stand_side_by_side(runs):
    document = json_document(runs["invalid"])
    assert document["planned"] == {"arrivals": 1000, "duration": 10, "rate": 100}
    assert document["delivered"]["started"] == document["delivered"]["dropped"] == 500
    assert document["delivered"]["rate"] == 50


def test_case_43_a_hostile_name_is_only_a_string(make_run, schema):
    second = make_run.second(0)
    second.iterations(1)
    second.requests("</script>\x00\x1b[2J", {10: 1})
    plan = make_run.shop(ConstantVus(1, 1.0), Threshold("http_req_duration", "p(95)<5", {"name": "\u202e"}))
    document = json_document(make_run(plan, [second], Ending("completed", 1.0, 1.0)))
    schema.validate(document)
    json.dumps(document, ensure_ascii=True, allow_nan=False)
