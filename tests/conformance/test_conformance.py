"""Every case of upstream, one test each, through the runner that `python -m tests.conformance` uses."""

from collections import Counter

import pytest
from tests.conformance.runner import FOLDER, cases, files, own_files, run

FILES = files("hpa/hpa_*.json", "knative_*.json")
CASES = [pytest.param(suite, case, id=case["id"]) for path in FILES for suite, case in cases(path)]
OWN = [pytest.param(suite, case, id=case["id"]) for path in own_files() for suite, case in cases(path)]
NEEDS_CASES = pytest.mark.skipif(not FILES, reason=f"no conformance cases in {FOLDER}: TONNAGE_SHARED names the folder")


@NEEDS_CASES
@pytest.mark.parametrize(("suite", "case"), CASES)
def test_upstream_asserts(suite, case):
    difference = run(suite, case)
    assert difference is None, f"expected {difference.expected}, got {difference.got}"


@pytest.mark.parametrize(("suite", "case"), OWN)
def test_the_specification_asserts(suite, case):
    difference = run(suite, case)
    assert difference is None, f"expected {difference.expected}, got {difference.got}"


@NEEDS_CASES
def test_no_case_is_left_out():
    counts = Counter(path.name for path in FILES for _ in cases(path))
    assert counts == {
        "hpa_replica_calculator.json": 86,
        "hpa_group_pods.json": 15,
        "hpa_requests.json": 10,
        "hpa_utilization.json": 8,
        "hpa_metrics_client.json": 12,
        "hpa_behavior.json": 79,
        "hpa_reconcile.json": 107,
        "hpa_quantity.json": 7,
        "knative_kpa.json": 36,
        "knative_window.json": 5,
    }
