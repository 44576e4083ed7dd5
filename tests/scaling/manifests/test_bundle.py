"""Generated manifests act as the policy does, which is tried on them by the HPA itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.inputs import INPUTS, VOICE_HPA, VOICE_SCALING, needs_inputs

from tonnage.errors import PlanError
from tonnage.scaling.files import read_policy
from tonnage.scaling.hpa.spec import VERSIONS
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.example import Lines, lines, pods_sight, workers_sight
from tonnage.scaling.lint.rules import lint
from tonnage.scaling.manifests.bundle import manifests
from tonnage.scaling.manifests.hpa import express
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.yaml_text import read_documents

VOICE = read_policy(VOICE_SCALING, "agent.yaml")
NEW, OLD = Settings("1.35", "voice-agent", "livekit"), Settings("1.33", "voice-agent", "livekit")


def written(spec, cluster):
    """The HPA that the manifests have, read back."""
    text = "kind: sessions\n" + "".join(
        f"{key}: {value}\n"
        for key, value in {
            "min_workers": spec.min_workers,
            "max_workers": spec.max_workers,
            "sessions_per_worker": spec.sessions_per_worker,
            "scale_up_threshold": spec.scale_up_threshold / 1000,
            "scale_down_threshold": spec.scale_down_threshold / 1000,
        }.items()
    )
    files = manifests(read_policy(text, "p.yaml"), Settings(cluster, "pool"))
    return read_policy(files["hpa.yaml"], "hpa.yaml", version=cluster)


def acts(hpa, size, slots):
    return lines(hpa.policy, pods_sight(hpa.spec.metrics[0]), size, slots)


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [("1.37", Lines(40, 14)), ("1.35", Lines(40, 14)), ("1.34", Lines(40, 32)), ("1.27", Lines(40, 32))],
)
def test_read_back_the_hpa_grows_at_40_of_50_and_shrinks_at_14_or_cannot(cluster, expected):
    assert lines(VOICE.policy, workers_sight, 10, 50) == Lines(40, 14)
    hpa = read_policy(manifests(VOICE, Settings(cluster))["hpa.yaml"], "hpa.yaml", version=cluster)
    assert acts(hpa, 10, 50) == expected
    assert (
        f"grows at {expected.up} of 50 sessions and shrinks at {expected.down}"
        in manifests(VOICE, Settings(cluster))["hpa.yaml"]
    )


def test_the_target_is_a_thousandth_below_the_line_or_a_tolerance():
    assert express(VOICE.spec, tolerant=True).target == 3999
    assert express(VOICE.spec, tolerant=True).down == "0.625"
    assert express(VOICE.spec, tolerant=False).target == 3636


def test_a_line_that_11_divides_is_met_too():
    # 5 x 0.88 = 4.4, over 1.1 exactly 4: there the ratio is 1.1, which the tolerance still holds.
    spec = SessionSpec(2, 50, 5, 880, 300)
    assert express(spec, tolerant=False).target == 3999
    assert acts(written(spec, "1.33"), 10, 50).up == lines(SessionPolicy(spec), workers_sight, 10, 50).up == 44


@st.composite
def pools(draw):
    up = draw(st.integers(50, 1000))
    # Above half of the upper threshold the policy itself cannot always shrink, and truncation decides.
    return SessionSpec(0, 10_000, draw(st.integers(1, 40)), up, draw(st.integers(0, up // 2)))


@settings(max_examples=40, deadline=None)
@given(pools(), st.integers(2, 40))
def test_from_1_35_on_any_pair_of_thresholds_is_met_exactly(spec, size):
    slots = spec.sessions_per_worker * size
    assert acts(written(spec, "1.35"), size, slots) == lines(SessionPolicy(spec), workers_sight, size, slots)


@settings(max_examples=40, deadline=None)
@given(pools(), st.integers(2, 40))
def test_below_1_35_the_pool_never_grows_late(spec, size):
    slots = spec.sessions_per_worker * size
    own, hpa = lines(SessionPolicy(spec), workers_sight, size, slots).up, acts(written(spec, "1.33"), size, slots).up
    assert hpa is not None
    assert own is None or hpa <= own


@pytest.mark.parametrize(("cluster", "folder"), [("1.35", "new"), ("1.33", "old")])
def test_the_files_are_the_golden_ones(cluster, folder, golden):
    chosen = Settings(cluster, "voice-agent", "livekit", longest_session=1800, cpu="500m", memory="1Gi")
    files = manifests(VOICE, chosen)
    for name, text in files.items():
        golden(f"manifests/{folder}/{name}", text)
    assert list(files) == sorted(files)


@pytest.mark.parametrize("cluster", [each for each in VERSIONS if each != "1.20"])
def test_every_file_is_yaml_and_the_same_each_time(cluster):
    for file in (VOICE, read_policy(VOICE_HPA, "hpa.yaml")):
        files = manifests(file, Settings(cluster))
        assert files == manifests(file, Settings(cluster))
        assert all(read_documents(text, name) for name, text in files.items() if name.endswith(".yaml"))


def test_the_deployments_size_is_never_set():
    for chosen in (NEW, OLD):
        assert "replicas" not in read_documents(manifests(VOICE, chosen)["deployment-patch.yaml"])[0].value["spec"]


@pytest.mark.parametrize(("longest", "grace"), [(0, 600), (599, 600), (1800.5, 1801)])
def test_the_grace_is_the_longest_sessions_and_at_least_600_s(longest, grace):
    (patch,) = read_documents(manifests(VOICE, Settings("1.35", longest_session=longest))["deployment-patch.yaml"])
    assert patch.value["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == grace


def test_room_on_the_nodes_is_a_capacity_buffer_or_balloon_pods():
    assert "capacity-buffer.yaml" in manifests(VOICE, NEW)
    balloon, pods = read_documents(manifests(VOICE, OLD)["balloon.yaml"])
    assert (balloon.value["value"], pods.value["spec"]["replicas"]) == (-10, 1)


def test_an_hpa_keeps_its_metrics_and_gets_its_behaviour_written_out():
    text = VOICE_HPA.replace("scaleDown:", "scaleDown:\n      tolerance: 0.3")
    given_hpa = read_policy(text, "hpa.yaml", version="1.35")
    again = read_policy(manifests(given_hpa, Settings("1.35"))["hpa.yaml"], "again.yaml", version="1.35")
    assert again.spec.metrics == given_hpa.spec.metrics
    assert (again.spec.rules, again.namespace) == (given_hpa.spec.rules, "livekit")
    older = manifests(given_hpa, Settings("1.33"))["hpa.yaml"]
    assert "tolerance:" not in older
    assert "Its tolerances are left out" in older


@needs_inputs
def test_the_second_documents_hpa_gets_the_default_behaviour_and_its_alerts_line_is_told():
    clay = read_policy((INPUTS / "clay-hpa.yaml").read_bytes(), "clay-hpa.yaml")
    files = manifests(clay, Settings("1.33"))
    again = read_policy(f"{files['hpa.yaml']}---\n{files['prometheus-rule.yaml']}", "again.yaml", version="1.33")
    assert again.spec.metrics == clay.spec.metrics
    assert "The behaviour is Kubernetes' default" in files["hpa.yaml"]
    told = [each.claim for each in lint(again) if each.code == "TN511"]
    assert ["DeepRequestQueue" in claim for claim in told] == [False, True]


def test_what_is_generated_has_no_grave_finding():
    files = manifests(VOICE, NEW)
    patch = files["deployment-patch.yaml"]
    whole = "---\n".join([files["hpa.yaml"], patch, files["prometheus-rule.yaml"]])
    found = lint(
        read_policy(whole, "all.yaml", version="1.35"), Circumstances(sessions_per_worker=5, load_threshold=0.9)
    )
    assert {each.code for each in found} <= {"TN514", "TN515"}


def test_a_schedule_is_told_to_be_out_of_reach():
    inner = "".join(f"  {line}\n" for line in VOICE_SCALING.splitlines())
    file = read_policy("kind: schedule\nspans: [{from: 08:00, to: 18:00, floor: 5}]\nwraps:\n" + inner)
    assert manifests(file, NEW)["hpa.yaml"].startswith("# The policy has a schedule around it")


def test_a_pool_that_may_be_empty_keeps_one_worker_and_a_long_delay_is_cut():
    text = VOICE_SCALING.replace("min_workers: 2", "min_workers: 0").replace("300s", "2h")
    hpa = read_policy(manifests(read_policy(text), NEW)["hpa.yaml"], version="1.35")
    assert (hpa.spec.min_replicas, hpa.spec.rules[1].window) == (1, 3600)


@pytest.mark.parametrize(
    ("text", "chosen", "messages"),
    [
        ("kind: knative\ntarget: 200\n", NEW, ["p.yaml:2: target: is 200 % of capacity: Knative takes 1 to 100"]),
        (VOICE_SCALING, Settings("1.20"), ["version '1.20' has no manifests: it is one of 1.23 to 1.37"]),
        (VOICE_SCALING, Settings("2"), ["version '2' has no manifests"]),
        (
            VOICE_SCALING,
            Settings("1.35", "My App", "x y", metric='a"b', queue_metric="1", cpu="1x", memory="0"),
            ["name: is 'My App'", "namespace: is 'x y'", "metric: is 'a\"b'", "queue_metric: is '1'", "'1x'", "memory: is '0'"],
        ),
    ],
)  # fmt: skip
def test_case_33_what_cannot_be_written_is_refused(text, chosen, messages):
    with pytest.raises(PlanError) as caught:
        manifests(read_policy(text, "p.yaml"), chosen)
    found = [str(each) for each in caught.value.mistakes]
    assert not [each for each in messages if not any(each in mistake for mistake in found)], found
