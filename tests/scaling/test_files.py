"""Policy files: every form, and every mistake at once with its line."""

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaling.inputs import INPUTS, VOICE_HPA, VOICE_SCALING, needs_inputs

from tonnage.errors import PlanError
from tonnage.scaling.files import read_policy
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.schedule import DAY, WEEK, Schedule, Span
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.yaml_text import read_documents

VOICE = SessionSpec(2, 50, 5, 800, 300, 300.0, 30.0)


def told(content):
    with pytest.raises(PlanError) as caught:
        read_policy(content, "p.yaml")
    return [str(each) for each in caught.value.mistakes]


def test_an_hpa_manifest_is_a_policy_as_it_is():
    found = read_policy(VOICE_HPA, "hpa.yaml", version="1.33")
    assert isinstance(found.policy, HorizontalPodAutoscaler)
    assert (found.kind, found.name, found.namespace, found.spec.version) == (
        "hpa",
        "voice-agent-hpa",
        "livekit",
        "1.33",
    )


def test_the_hpa_is_found_among_other_objects_which_are_kept():
    others = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
    found = read_policy(f"{others}---\n{VOICE_HPA}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\n", "all.yaml")
    assert [each.value["kind"] for each in found.others] == ["Deployment", "PodDisruptionBudget"]
    assert found.document.place("spec.maxReplicas") == "all.yaml:13"


def test_json_is_yaml_too():
    assert read_policy(json.dumps({"kind": "sessions", **SESSIONS}), "p.json").spec == VOICE


SESSIONS = {
    "min_workers": 2,
    "max_workers": 50,
    "sessions_per_worker": 5,
    "scale_up_threshold": 0.8,
    "scale_down_threshold": 0.3,
    "scale_down_delay": "300s",
    "warmup_time": "30s",
}


def test_the_voice_agents_block_is_a_session_policy():
    found = read_policy(VOICE_SCALING, "agent.yaml")
    assert (found.kind, found.name, found.spec) == ("sessions", "dental-receptionist", VOICE)
    assert isinstance(found.policy, SessionPolicy)


@needs_inputs
@pytest.mark.parametrize("name", ["clay-hpa", "voice-agent-hpa", "voice-agent-scaling"])
def test_the_documents_policies_are_read(name):
    assert read_policy((INPUTS / f"{name}.yaml").read_bytes(), f"{name}.yaml").spec


KNATIVE = "kind: knative\nname: api\nmetric: rps\ntarget: 150\nstable_window: 1m\nleast: 1\nmost: 20\n"


def test_knative_has_its_own_keys():
    found = read_policy(KNATIVE)
    assert found.spec == KnativeSpec("rps", 150, stable_window=60, least=1, most=20)
    assert (found.name, type(found.policy)) == ("api", KnativePodAutoscaler)


DAILY = """kind: schedule
name: clinic
spans:
  - {from: 08:00, to: 18:00, floor: 6}
  - {from: 22:00, to: 06:00, ceiling: 10}
wraps:
"""


def test_a_schedule_wraps_any_other():
    inner = "".join(f"  {line}\n" for line in VOICE_SCALING.splitlines())
    found = read_policy(DAILY + inner)
    assert isinstance(found.policy, Schedule)
    assert found.policy.spans == (Span(28800, 64800, 6), Span(79200, 21600, 0, 10))
    assert (found.policy.length, found.name, found.core.spec) == (DAY, "clinic", VOICE)


def test_a_day_makes_a_schedule_weekly_and_schedules_nest():
    text = (
        DAILY
        + "  kind: schedule\n  spans: [{from: mon 08:00, to: Mon 11:30, floor: 9}]\n  wraps: {kind: hpa, maxReplicas: 9}"
    )
    found = read_policy(text)
    assert found.inner.policy.spans == (Span(28800, 41400, 9),)
    assert (found.inner.policy.length, found.core.kind) == (WEEK, "hpa")


@pytest.mark.parametrize(("written", "meant"), [("1.30", "1.30"), ('"1.33"', "1.33")])
def test_an_hpa_as_a_policy_names_its_version(written, meant):
    text = f"kind: hpa\nversion: {written}\ngates: {{HPAScaleToZero: true}}\nmaxReplicas: 3\n"
    found = read_policy(text)
    assert (found.spec.version, found.spec.gates, found.spec.max_replicas) == (meant, {"HPAScaleToZero": True}, 3)
    assert read_policy(text, version="1.35").spec.version == "1.35"


FLAT_HPA = "\n".join(line.replace("- ", "- ", 1).strip() for line in VOICE_HPA.splitlines())
FLAT_SESSIONS = "\n".join(line.strip() for line in VOICE_SCALING.splitlines())


@pytest.mark.parametrize(
    ("text", "line", "key", "deep"),
    [(FLAT_HPA, 6, "spec", "scaleTargetRef"), (FLAT_SESSIONS, 3, "scaling", "min_workers")],
)
def test_case_33_a_lost_indentation_is_refused_and_never_guessed(text, line, key, deep):
    assert told(text) == [
        (
            f"p.yaml:{line}: the indentation is lost: {key!r} is empty, and {deep!r}, which has its place deeper, stands at "
            "the margin. Restore the indentation: it is not guessed"
        )
    ]


@needs_inputs
@pytest.mark.parametrize(
    ("document", "first", "after"),
    [("001", "apiVersion", "\nimport"), ("002", "agent:", "ready"), ("002", "apiVersion", "Why")],
)
def test_the_documents_as_they_came_have_lost_theirs(document, first, after):
    (path,) = INPUTS.glob(f"{document}_*.txt")
    text = path.read_text()
    begin = text.index(first)
    (mistake,) = told(text[begin : text.index(after, begin)])
    assert "the indentation is lost" in mistake


def test_case_33_all_mistakes_of_a_session_policy_are_told_at_once():
    assert told(
        "kind: sessions\nmin_workers: 5\nmax_worker: 2\nscale_up_threshold: 80%\nscale_down_delay: 5x\n"
        "sessions_per_worker: .nan\nmin_workers: 3\n"
    ) == [
        "p.yaml:6: sessions_per_worker: is .nan, which is not finite",
        "p.yaml:7: min_workers: stands twice, first in line 2: keep one",
        "p.yaml:3: max_worker: is no key of a session policy: did you mean max_workers?",
        "p.yaml:4: scale_up_threshold: is '80%': write a share such as 0.8",
        "p.yaml:5: scale_down_delay: duration '5x' has the unknown unit 'x': use ns, us, ms, s, m, h or d",
        "p.yaml:1: max_workers: is missing",
    ]


def test_case_67_bounds_that_cannot_be_are_told_where_they_stand():
    assert told(VOICE_SCALING.replace("min_workers: 2", "min_workers: 60").replace("0.3", "0.9")) == [
        "p.yaml:4: agent.scaling.min_workers: is 60, above max_workers: 50",
        "p.yaml:8: agent.scaling.scale_down_threshold: lies at or above 0 and below scale_up_threshold",
    ]


def test_case_33_mistakes_of_an_hpa_have_its_lines_and_those_of_the_other_documents():
    text = VOICE_HPA.replace("maxReplicas", "maxReplica").replace("type: AverageValue", "type: Value")
    assert told(f"{text}---\napiVersion: apps/v1\nkind: Deployment\nkind: Deployment\n") == [
        "p.yaml:9: spec.maxReplica: is no field of an HPA: did you mean maxReplicas?",
        "p.yaml:6: spec.maxReplicas: is missing",
        "p.yaml:23: spec.metrics[0].pods.target.type: is 'Value': write AverageValue",
        "p.yaml:27: kind: stands twice, first in line 26: keep one",
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["p.yaml: is empty: a policy is an autoscaling/v2 HorizontalPodAutoscaler"]),
        ("- a", ["p.yaml: has no policy: "]),
        ("apiVersion: apps/v1\nkind: Deployment", ["p.yaml: has no policy: "]),
        ("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaller", ["did you mean kind: HorizontalPodAutoscaler?"]),
        (f"{VOICE_HPA}---\n{VOICE_SCALING}", ["p.yaml: has 2 policies (p.yaml:1, p.yaml:25): give each a file"]),
        ("kind: session", ["p.yaml:1: kind: is 'session': write one of hpa, sessions, knative, schedule; did you mean"]),
        ("kind: [hpa]", ["p.yaml:1: kind: is ['hpa']: write one of"]),
        ("agent:\n  scalin: {}", ["p.yaml:1: agent.scaling: is missing; did you mean it by scalin?"]),
        ("agent: 5", ["p.yaml:1: agent.scaling: is no mapping"]),
        ("agent:\n  scaling: 5", ["p.yaml:2: agent.scaling: is no mapping"]),
        ("kind: hpa\nname: 5\nwraps: {}\nmaxReplicas: 3", ["name: is 5, not a text", "only a schedule wraps"]),
        (
            "kind: hpa\nversion: 1.10\ngates: {Foo: true}\nmaxReplicas: 0",
            ["p.yaml:2: version: is '1.10': it is", "p.yaml:3: gates.Foo: is not", "p.yaml:4: maxReplicas: is 0"],
        ),
        ("kind: hpa\nmaxReplicas: 3\ngates: 5", ["p.yaml:3: gates: is a mapping"]),
        ("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: [a]", ["p.yaml:3: metadata: is a mapping"]),
        (VOICE_HPA.replace("voice-agent-hpa", "7"), ["p.yaml:4: metadata.name: is 7, not a text"]),
        (
            "kind: knative\ntarget: 0\nleast: 1.5\nmetric: x\nstable_window: 1s\nfoo: 2\nreachable: 1\nup_rate: true\n",
            [
                "p.yaml:2: target: is 0: it is above 0",
                "p.yaml:3: least: is 1.5, not a whole number",
                "p.yaml:4: metric: is 'x': write concurrency or rps",
                "p.yaml:5: stable_window: is 1: it is at least 6 and at most 3600",
                "p.yaml:6: foo: is no key of a Knative policy",
                "p.yaml:7: reachable: is 1: write true or false",
                "p.yaml:8: up_rate: is True: write a number",
            ],
        ),
        ("kind: knative\nleast: 5\nmost: 2", ["p.yaml:2: least: is 5, above most, which is 2"]),
        ("kind: knative\nmetric: 5\ntarget: x", ["metric: is 5, not a text", "target: is 'x', not a number"]),
        (
            ("kind: schedule\norigin: x\nspans:\n- {from: mon 08:00, to: 25:00, flor: 4}\n- {from: 08:00, floor: x}\n"
            "- 5\n- {from: mon 08:00, to: tue 09:00, floor: 3, ceiling: 2}\n"),
            [
                "p.yaml:2: origin: duration 'x'",
                "p.yaml:4: spans[0].flor: is no key of a span: did you mean floor?",
                "p.yaml:4: spans[0].to: is '25:00': write a time such as 08:00 or mon 08:00",
                "p.yaml:4: spans[0]: bounds nothing",
                "p.yaml:5: spans[1].to: is missing",
                "p.yaml:5: spans[1].from: is '08:00': another span has a day",
                "p.yaml:5: spans[1].floor: is 'x': write a whole number from 0",
                "p.yaml:6: spans[2]: is a mapping",
                "p.yaml:7: spans[3].floor: is 3, above ceiling, which is 2",
                "p.yaml:1: wraps: is missing: it is the policy inside",
            ],
        ),
        ("kind: schedule\nwraps: {kind: sessions, min_worker: 2}", ["spans: is a list", "wraps.min_worker: is no key"]),
        (DAILY + "  5", ["p.yaml:6: wraps: a policy is a mapping"]),
    ],
)  # fmt: skip
def test_case_33_what_is_wrong_is_told_with_what_to_write(text, messages):
    found = told(text)
    missing = [message for message in messages if not any(message in each for each in found)]
    assert not missing, found


DOCS = Path(__file__).parents[2] / "docs" / "reference" / "policies.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", BLOCKS, ids=range(len(BLOCKS)))
def test_the_examples_of_the_documentation_are_policies(text):
    assert read_policy(text, "policies.md").policy.period > 0


FUZZED = read_documents(VOICE_HPA)[0].value
_values = st.sampled_from([None, True, -1, 2.5, "x", "", [], [1], {}, {"a": 1}, [{}], 10**30])


def paths(node, path=()):
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


@given(st.sampled_from([path for path in paths(FUZZED) if path]), _values)
def test_any_value_in_any_place_of_a_manifest_is_read_or_refused_with_a_line(path, value):
    node = changed = copy.deepcopy(FUZZED)
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    try:
        assert read_policy(json.dumps(changed), "p.yaml").spec
    except PlanError as error:
        sources = {mistake.source for mistake in error.mistakes}
        assert all(source.startswith("p.yaml") for source in sources)
