"""Every finding with the numbers of an example that the policy itself has computed."""

import json
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.hpa.sights import specs
from tests.scaling.inputs import INPUTS, VOICE_HPA, VOICE_SCALING, needs_inputs
from tests.scaling.lint.cases import (
    BUDGET,
    CASES,
    DEPLOYMENT,
    EXPOSED,
    QUEUE,
    RULES,
    SERVICE,
    SIDECAR,
)

from tonnage.finding import CODES
from tonnage.scaling.files import PolicyFile, read_policy
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.rules import lint, lint_all, reaches
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.yaml_text import Document


@lru_cache
def found(text, around=None, version=None):
    return {each.code: each for each in lint(read_policy(text, "policy.yaml", version=version), around)}


def numbers(text, code, around=None):
    return found(text, around)[code].evidence[0].numbers


def test_every_code_of_scaling_has_an_example():
    assert set(CASES) == {code for code in CODES if code.startswith("TN5")}


@pytest.mark.parametrize("code", CASES)
def test_the_example_of_each_code_is_the_golden_one(code, golden):
    text, around = CASES[code]
    finding = found(text, around)[code]
    assert (finding.severity, finding.name) == (CODES[code].severity, CODES[code].name)
    golden(f"findings/{code}.json", json.dumps(finding.to_dict(), indent=2, ensure_ascii=False) + "\n")


def test_the_hpa_acts_at_45_and_35_of_50_where_the_policy_acts_at_40_and_14():
    seen = numbers(VOICE_SCALING, "TN501")
    assert [seen[key] for key in ("up_at", "down_at", "policy_up_at", "policy_down_at", "slots")] == [
        45,
        35,
        40,
        14,
        50,
    ]


def test_tolerances_of_its_own_let_an_hpa_say_it_from_1_35_on():
    text = VOICE_HPA.replace("stabilizationWindowSeconds: 30", "stabilizationWindowSeconds: 30\n      tolerance: 0")
    assert "TN501" not in found(text, version="1.35")
    assert "TN501" in found(text, version="1.33")


@pytest.mark.parametrize(
    ("buffer", "severity"),
    [("0.05", "warning"), ("0.199", "warning"), ("0.2", "info"), ("0.25", "info"), ("0.251", None), ("0.3", None)],
)
def test_a_buffer_is_held_against_the_threshold(buffer, severity):
    finding = found(f"{VOICE_SCALING}    buffer: {buffer}\n").get("TN502")
    assert (finding and finding.severity) == severity
    if finding:
        seen = finding.evidence[0].numbers
        assert seen["then"] > seen["workers"]


def test_without_a_buffer_of_its_own_a_policy_has_none_to_hold_against_it():
    assert "TN502" not in found(VOICE_SCALING)


@pytest.mark.parametrize(
    ("fewest", "down", "is_found"), [(1, 0.41, True), (1, 0.4, False), (2, 0.533, False), (2, 0.534, True)]
)
def test_pairs_that_cycle(fewest, down, is_found):
    text = VOICE_SCALING.replace("min_workers: 2", f"min_workers: {fewest}").replace("0.3", str(down))
    assert ("TN503" in found(text)) is is_found


def test_with_a_small_buffer_a_constant_load_cycles():
    text = VOICE_SCALING.replace("min_workers: 2", "min_workers: 1").replace("0.3", "0.41") + "    buffer: 0.1\n"
    seen = numbers(text, "TN503")
    assert (seen["drop"], seen["sizes"][:13]) == (0, "1 → 2 → 1 → 2")


def test_value_multiplies_and_average_value_does_not():
    seen = numbers(QUEUE, "TN504")
    assert seen["size_with_value"] > 8 * seen["size_with_average"]
    assert "TN504" not in found(QUEUE.replace("type: Value, value", "type: AverageValue, averageValue"))


@pytest.mark.parametrize(("target", "is_found"), [(62, False), (63, True), (70, True)])
def test_with_a_tolerance_the_target_lies_below_the_limit(target, is_found):
    text = SERVICE.replace("averageUtilization: 60", f"averageUtilization: {target}")
    assert ("TN505" in found(text, Circumstances(load_threshold=0.7))) is is_found


def test_a_load_between_0_and_1_and_a_session_policy_are_held_against_the_limit_too():
    text = VOICE_HPA.replace('"4"', '"0.65"').replace("agent_active_sessions", "worker_load")
    assert numbers(text, "TN505")["first_up_at"] == 0.7151
    assert "TN505" not in found(text.replace("0.65", "0.6"))
    assert numbers(VOICE_SCALING, "TN505", Circumstances(load_threshold=0.7))["first_up_at"] == 0.8


def test_requests_of_all_containers_or_of_the_one_looked_at():
    assert "missing request for cpu in container proxy" in found(SERVICE + SIDECAR)["TN506"].claim
    complete = SIDECAR.replace("image: proxy}", "image: proxy, resources: {limits: {cpu: 1}}}")
    assert "TN506" not in found(SERVICE + complete)


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        (("", ""), "governs evictions only, not the scale-down of an HPA: without load the HPA takes 10 replicas to 8"),
        (("maxUnavailable: 1", "maxUnavailable: 100%"), "lets 2 of 2 pods, the smallest size, be evicted at once"),
        (("maxUnavailable: 1", "minAvailable: 0"), "lets 2 of 2 pods"),
        (("maxUnavailable: 1", "minAvailable: 50%"), "governs evictions only"),
        (("matchLabels: {app: voice-agent}}\n  t", "matchLabels: {app: x}}\n  t"), "governs evictions only"),
    ],
)
def test_what_a_disruption_budget_does_not_protect(change, claim):
    assert claim in found(VOICE_HPA + DEPLOYMENT + BUDGET.replace(*change))["TN507"].claim


def test_a_budget_that_selects_other_pods():
    other = BUDGET.replace("app: voice-agent", "app: other")
    assert "selects none of the pods" in found(VOICE_HPA + DEPLOYMENT + other)["TN507"].claim


def test_a_long_grace_protects_sessions_from_a_scale_down():
    patient = DEPLOYMENT.replace("      containers:", "      terminationGracePeriodSeconds: 600\n      containers:")
    assert not {"TN508", "TN509"} & set(found(VOICE_HPA + patient))
    assert {"TN508", "TN509"} <= set(found(VOICE_HPA + patient, Circumstances(longest_session=601)))


def test_services_without_sessions_need_no_grace():
    assert not {"TN508", "TN509"} & set(found(SERVICE + DEPLOYMENT.replace("voice-agent", "api")))


def test_a_metric_name_is_looked_for_in_the_sample():
    claim = found(VOICE_HPA, Circumstances(exposed=EXPOSED))["TN510"].claim
    assert "the sample has agent_sessions_active" in claim
    assert "unable to fetch metrics from custom metrics API" in claim
    assert "TN510" not in found(VOICE_HPA, Circumstances(exposed=frozenset({"agent_active_sessions"})))


def test_an_adapters_name_of_a_counter_is_found_by_the_counter():
    text = VOICE_HPA.replace("agent_active_sessions", "http_requests_per_second")
    assert "TN510" not in found(text, Circumstances(exposed=frozenset({"http_requests_total"})))


@pytest.mark.parametrize(
    "expression", ["jobs_waiting > 100", "avg(jobs_waiting{a='b'}) >= 100.0", "100 < jobs_waiting > 100"]
)
def test_alerts_of_the_file_are_held_against_the_target(expression):
    rules = RULES.replace('max(jobs_waiting{queue="a"}) > 100', f'"{expression}"')
    text = QUEUE.replace("type: Value, value", "type: AverageValue, averageValue")
    assert found(text + rules)["TN511"].place == "policy.yaml:9"
    assert "TN511" not in found(text + rules.replace("100", "101"))
    assert "TN511" not in found(text + rules.replace("warning", "critical"))


def test_written_behaviour_is_no_default():
    assert "TN512" not in found(VOICE_HPA)
    assert numbers(SERVICE, "TN512")["sizes"] == "2 → 4 → 8 → 16 → 20"


def test_full_workers_show_no_more_sessions_than_they_have_slots():
    free, full = (numbers(VOICE_HPA, "TN514", Circumstances(sessions_per_worker=slots)) for slots in (None, 5))
    assert full["asked_after"] > 4 * free["asked_after"]


def test_a_session_policy_tells_the_slots_to_an_hpa_beside_it():
    files = [read_policy(VOICE_HPA, "hpa.yaml"), read_policy(VOICE_SCALING, "agent.yaml")]
    assert "of 50 slots that is 90% and 70%" in lint_all(files)[0].claim


def test_a_schedule_is_looked_at_by_what_it_wraps():
    inner = "".join(f"  {line}\n" for line in VOICE_SCALING.splitlines())
    text = "kind: schedule\nspans: [{from: 08:00, to: 18:00, floor: 5}]\nwraps:\n" + inner
    assert found(text)["TN501"].place == "policy.yaml:10"


def test_an_object_that_is_malformed_is_not_looked_at():
    odd = "---\napiVersion: a\nkind: Deployment\nspec: 5\n---\napiVersion: a\nkind: PrometheusRule\nspec: {groups: [5, {rules: [{expr: 1}]}]}\n"
    assert found(VOICE_HPA + odd + "---\napiVersion: a\nkind: PodDisruptionBudget\nspec: []\n")


def test_knative_has_no_findings():
    assert found("kind: knative") == {}


def test_an_hpa_without_a_minimum_may_shrink_to_one():
    text = SERVICE.replace("  minReplicas: 2\n", "")
    assert "alone it asks for a second at 67 % cpu" in found(text)["TN513"].claim
    assert found(text)["TN513"].place == "policy.yaml:6"


def test_a_policy_that_may_not_grow_has_no_way_to_its_largest_size():
    text = VOICE_HPA.replace("stabilizationWindowSeconds: 30\n", "selectPolicy: Disabled\n")
    assert not {"TN505", "TN512", "TN514"} & set(found(text, Circumstances(sessions_per_worker=5)))


def test_a_target_that_full_workers_never_reach_gets_nowhere():
    # 1.1 x 4.6 is more than the 5 sessions that a full worker shows.
    claim = found(VOICE_HPA.replace('"4"', "4.6"), Circumstances(sessions_per_worker=5)).get("TN514")
    assert claim is None
    slow = found(VOICE_HPA.replace("value: 4\n", "value: 1\n").replace("value: 4,", "value: 1,"))["TN514"]
    assert slow.evidence[0].numbers["asked_after"] == 48 * 60 - 30


def test_a_single_size_leaves_nothing_to_say():
    text = SERVICE.replace("maxReplicas: 20", "maxReplicas: 2")
    assert set(found(text)) == set()


@settings(max_examples=30, deadline=None)
@given(specs(), st.sampled_from([None, 1, 5]), st.sampled_from([None, 0.7]))
def test_any_hpa_can_be_looked_at(spec, slots, threshold):
    file = PolicyFile("hpa", spec, HorizontalPodAutoscaler(spec), Document({}, "any.yaml"))
    around = Circumstances(slots, threshold, exposed=EXPOSED)
    assert all(json.dumps(each.to_dict(), allow_nan=False) for each in lint(file, around))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_session_policy_can_be_looked_at(data):
    least = data.draw(st.integers(0, 20))
    up = data.draw(st.integers(1, 1000))
    spec = SessionSpec(
        least,
        least + data.draw(st.integers(1, 60)),
        data.draw(st.integers(1, 30)),
        up,
        data.draw(st.integers(0, up - 1)),
        data.draw(st.sampled_from([0.0, 60.0, 7200.0])),
        buffer=data.draw(st.one_of(st.none(), st.integers(0, 999))),
    )
    file = PolicyFile("sessions", spec, SessionPolicy(spec), Document({}, "any.yaml"))
    assert all(json.dumps(each.to_dict(), allow_nan=False) for each in lint(file, Circumstances(load_threshold=0.7)))


def test_severities_are_ordered():
    finding = found(VOICE_HPA)["TN501"]
    assert [reaches(finding, each) for each in ("info", "warning", "error")] == [True, True, False]


@needs_inputs
@pytest.mark.parametrize(
    ("name", "around", "codes"),
    [
        ("clay-hpa", Circumstances(), ["TN501", "TN511", "TN511", "TN512", "TN515"]),
        ("voice-agent-hpa", Circumstances(), ["TN501", "TN509", "TN514", "TN515"]),
        ("voice-agent-hpa", Circumstances(sessions_per_worker=5), ["TN501", "TN505", "TN509", "TN514", "TN515"]),
        ("voice-agent-scaling", Circumstances(), ["TN501"]),
    ],
)
def test_the_documents_have_the_findings_that_they_are_known_for(name, around, codes):
    text = (INPUTS / f"{name}.yaml").read_bytes()
    assert [each.code for each in lint(read_policy(text, f"{name}.yaml"), around)] == codes


@needs_inputs
def test_the_second_documents_queue_depth_is_its_alerts_warning_line():
    finding = lint(read_policy((INPUTS / "clay-hpa.yaml").read_bytes(), "clay-hpa.yaml"))[2]
    assert finding.place == "clay-hpa.yaml:19"
    assert finding.evidence[0].numbers["warns_above"] == 100
