"""Rehearsals from their texts: what the policy's file adds to the supply."""

import pytest

from tonnage.errors import PlanError
from tonnage.load.demand import parse_demand
from tonnage.metrics import reading
from tonnage.scaling.files import read_policy
from tonnage.scaling.supply import Supply
from tonnage.workflows.rehearse_scaling import findings_of, rehearse, supply_of
from tonnage.workflows.tune_scaling import study

POLICY = """
kind: sessions
min_workers: 2
max_workers: 9
sessions_per_worker: 5
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: agents}
spec:
  replicas: 4
  template: {spec: {terminationGracePeriodSeconds: 700, containers: [{name: agent, resources: {limits: {cpu: 2}}}]}}
"""
SESSIONS = "sessions:mean=60s,per_worker=4"


def test_a_rehearsal_can_be_repeated_from_the_texts_of_its_plan():
    policy = read_policy(POLICY, "p.yaml")
    run = rehearse(policy, parse_demand("0.1/s, 1h: 0.1/s"), SESSIONS, "startup=20s")
    assert run.plan.rehearsal.supply == "startup=20s,warmup=30s,grace=700s,cpu_request=2,cpu_limit=2,surge=1"
    assert Supply.parse(run.plan.rehearsal.supply) == supply_of(policy, "startup=20s")
    assert reading.gauge(run.total, "replicas_desired").maximum == 4
    alone = read_policy(POLICY.partition("---")[0], "p.yaml")
    again = rehearse(alone, parse_demand("0.1/s, 1h: 0.1/s"), SESSIONS, run.plan.rehearsal.supply)
    assert again.plan.rehearsal == run.plan.rehearsal
    assert "taken" not in again.facts


def test_tuning_has_the_same_supply():
    assert study(read_policy(POLICY), SESSIONS, "grace=1s").supply == Supply.parse(
        "grace=1s,warmup=30s,cpu_request=2,cpu_limit=2,surge=1"
    )


def test_the_lint_of_a_rehearsal_knows_the_slots_of_the_model_and_says_how_to_ask_for_the_same():
    findings, flags = findings_of(read_policy(POLICY), SESSIONS)
    assert {"TN501", "TN507", "TN508"} >= {each.code for each in findings} >= {"TN501"}
    assert flags == " --sessions-per-worker 4"
    assert findings_of(read_policy(POLICY), "service:demand=20ms")[1] == ""
    with pytest.raises(PlanError, match="is no model"):
        findings_of(read_policy(POLICY), "usl:a=1")
