"""The catalogue: k6's metrics under k6's names, and the rules for custom ones."""

import pytest

from tonnage.errors import PlanError
from tonnage.metrics import catalog
from tonnage.metrics.catalog import BUILT_IN, Metric

K6 = {
    "vus": "gauge", "vus_max": "gauge", "iterations": "counter", "iteration_duration": "trend",
    "dropped_iterations": "counter", "checks": "rate", "group_duration": "trend", "http_reqs": "counter",
    "http_req_failed": "rate", "http_req_duration": "trend", "http_req_blocked": "trend",
    "http_req_connecting": "trend", "http_req_tls_handshaking": "trend", "http_req_sending": "trend",
    "http_req_waiting": "trend", "http_req_receiving": "trend", "data_sent": "counter", "data_received": "counter",
}  # fmt: skip


def test_the_metrics_of_k6_have_its_kinds():
    assert {name: BUILT_IN[name].kind for name in K6} == K6


@pytest.mark.parametrize("metric", BUILT_IN.values(), ids=lambda metric: metric.name)
def test_a_built_in_metric_is_well_formed(metric):
    assert catalog._NAME.fullmatch(metric.name)
    assert metric.meaning
    assert metric.unit in {"s", "B", "1", "cores", "1/s", "share", "cost"}
    assert (metric.contains == "time") == (metric.unit == "s")
    assert (metric.contains == "data") == (metric.unit == "B")
    assert metric.resolution == {"B": 1, "1": 1}.get(metric.unit, 1e-9)
    assert metric.in_k6 == (1000 if metric.unit == "s" else 1)


def test_names_are_unique_and_the_catalogue_is_closed():
    assert len(BUILT_IN) == len(catalog._METRICS)
    with pytest.raises(TypeError):
        BUILT_IN["x"] = BUILT_IN["vus"]


@pytest.mark.parametrize(
    ("kind", "contains", "unit", "resolution"),
    [
        ("trend", "default", "1", 1e-3),
        ("trend", "time", "s", 1e-6),
        ("trend", "data", "B", 1e-3),
        ("counter", "default", "1", 1e-9),
        ("counter", "time", "s", 1e-12),
        ("gauge", "data", "B", 1e-9),
        ("rate", "default", "1", 1),
    ],
)
def test_a_custom_metric_knows_its_step(kind, contains, unit, resolution):
    metric = catalog.custom("items_seen", kind, contains)
    assert metric == Metric("items_seen", kind, contains, unit, pytest.approx(resolution), f"custom {kind}")


def test_a_script_may_declare_a_built_in_metric_as_it_is():
    assert catalog.custom("http_reqs", "counter") is BUILT_IN["http_reqs"]
    with pytest.raises(PlanError, match=r"built-in counter \(default\) has this name"):
        catalog.custom("http_reqs", "trend")


@pytest.mark.parametrize("name", ["aa", "_1", "A" * 129, "my_metric_2"])
def test_a_name_of_k6_is_accepted(name):
    assert catalog.custom(name, "counter").name == name


@pytest.mark.parametrize("name", ["", "a", "1a", "a-b", "a b", "ä1", "A" * 130, "ab\n"])
def test_a_name_outside_the_rule_of_k6_is_refused(name):
    with pytest.raises(PlanError, match="no metric name"):
        catalog.custom(name, "counter")


def test_an_unknown_kind_or_content_is_refused():
    with pytest.raises(PlanError, match="unknown kind 'histogram': use counter, gauge, rate, trend"):
        catalog.custom("items", "histogram")
    with pytest.raises(PlanError, match="unknown content 'bytes': use time, data, default"):
        catalog.custom("items", "trend", "bytes")


def test_a_misspelt_metric_is_answered_with_the_right_one():
    assert catalog.find("vus") is BUILT_IN["vus"]
    with pytest.raises(PlanError, match="did you mean http_req_duration"):
        catalog.find("http_req_durations")
    with pytest.raises(PlanError, match="declare it in the script"):
        catalog.find("zzzz")


def test_the_table_has_a_row_for_each_metric():
    lines = catalog.table().splitlines()
    assert len(lines) == 2 + len(BUILT_IN)
    assert lines[2] == "| `vus` | gauge | 1 | active VUs |"
