"""A Knative Service as a policy: its annotations say what the policy says, and the simulator does the same by both."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaling.worlds import CALLS, WAVES, WEB

from tonnage.errors import PlanError
from tonnage.load.demand import parse_demand
from tonnage.scaling.files import read_policy
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.knative_service import annotations_of, service_spec
from tonnage.scaling.manifests.bundle import manifests
from tonnage.scaling.manifests.knative import knative_files
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.simulator import simulate
from tonnage.scaling.supply import Supply

OWN = """kind: knative
name: web
target: 7
capacity: 10
least: 1
most: 50
up_rate: 3
zero_grace: 60s
stable_window: 90s
panic_threshold: 1.5
scale_down_delay: 2m
activation_scale: 3
"""


def service(annotations="", concurrency="", more=""):
    lines = "".join(f"        autoscaling.knative.dev/{line}\n" for line in annotations.splitlines())
    head = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n"
    told = f"    metadata:\n      annotations:\n{lines}" if lines else "    metadata: {}\n"
    return f"{head}{told}    spec: {{{concurrency}}}\n{more}"


def spec_of(*given):
    return read_policy(service(*given), "service.yaml").spec


def back(spec):
    """The policy that the manifests of one give when they are read again."""
    files = knative_files(spec, Settings(name="web"))
    kept = [text for name, text in files.items() if name != "kustomization.yaml"]
    return read_policy("---\n".join(kept), "both.yaml")


@pytest.mark.parametrize(
    ("demand", "model", "text"),
    [
        pytest.param(WAVES, WEB, OWN, id="concurrency of requests"),
        pytest.param(WAVES, WEB, OWN.replace("target: 7", "metric: rps\ntarget: 45").replace("10", "60"), id="rate"),
        pytest.param(parse_demand("0/s, 1h: 0.3/s, 1h: 0.3/s, 30m: 0/s, 1h: 0/s"), CALLS, "kind: knative\ntarget: 4\ncapacity: 5\n", id="sessions, to zero"),
    ],
)  # fmt: skip
def test_the_run_on_the_generated_manifest_is_the_policys_own(demand, model, text):
    policy = read_policy(text, "policy.yaml")
    files = manifests(policy, Settings("1.35"))
    whole = "---\n".join(text for name, text in files.items() if name != "kustomization.yaml")
    own, made = (
        simulate(demand, model, each.policy, Supply.parse("startup=20s"), 1) for each in (policy, read_policy(whole))
    )
    assert any(event.kind == "scaled" for event in own.events)
    assert made.events == own.events
    assert made.total == own.total


def test_the_files_of_a_knative_policy_are_the_golden_ones(golden):
    files = manifests(read_policy(OWN, "policy.yaml"), Settings("1.35"))
    assert list(files) == ["config-autoscaler.yaml", "knative-service-patch.yaml", "kustomization.yaml"]
    for name, text in files.items():
        golden(f"manifests/knative/{name}", text)


def test_a_schedule_around_it_cannot_be_said_by_annotations_and_that_is_told():
    inner = "".join(f"  {line}\n" for line in OWN.splitlines())
    text = f"kind: schedule\nspans: [{{from: 08:00, to: 18:00, floor: 5}}]\nwraps:\n{inner}"
    patch = manifests(read_policy(text, "policy.yaml"), Settings("1.35"))["knative-service-patch.yaml"]
    assert patch.startswith("# The policy has a schedule around it, which annotations cannot express")


@st.composite
def specs(draw):
    capacity = draw(st.floats(0.5, 1000))
    percent = draw(st.floats(1.5, 99.5))
    least = draw(st.integers(0, 20))
    return KnativeSpec(
        draw(st.sampled_from(["concurrency", "rps"])),
        capacity * percent / 100,
        capacity,
        draw(st.sampled_from([-1.0, 0.0, 211.0, 12.5])),
        draw(st.integers(111, 999)) / 100,
        draw(st.floats(1.5, 1000)),
        draw(st.floats(1.5, 10)),
        float(draw(st.integers(6, 3600))),
        float(draw(st.integers(0, 3600))),
        activation_scale=draw(st.sampled_from([1, 20])),
        least=least,
        most=draw(st.sampled_from([0, least + 20])),
        zero_grace=float(draw(st.integers(0, 3600))),
    )


@settings(max_examples=60, deadline=None)
@given(specs())
def test_reading_is_the_inverse_of_writing(spec):
    found = back(spec).spec
    assert found.target == pytest.approx(spec.target, rel=1e-12)
    assert found == spec or found.target != spec.target


def test_what_a_service_leaves_open_is_knatives_default():
    file = read_policy(service(), "service.yaml")
    assert (file.kind, file.name, file.namespace) == ("knative", "web", "shop")
    assert file.policy == KnativePodAutoscaler(KnativeSpec())
    assert spec_of("metric: rps") == KnativeSpec("rps", 140.0, 200.0)


@pytest.mark.parametrize(
    ("annotations", "concurrency", "target", "capacity"),
    [
        ('target: "10"', "", 7, 10),
        ("", "containerConcurrency: 20", 14, 20),
        ('target: "50"', "containerConcurrency: 20", 14, 20),
        ('target: "10"\ntarget-utilization-percentage: "80"', "containerConcurrency: 0", 8, 10),
        ('metric: rps\ntarget: "50"', "containerConcurrency: 20", 35, 50),
    ],
)
def test_the_target_is_resolved_as_knative_does(annotations, concurrency, target, capacity):
    found = spec_of(annotations, concurrency)
    assert (found.target, found.capacity) == (target, capacity)


def test_the_older_names_in_camel_case_are_read_and_the_others_hold():
    assert spec_of('minScale: "2"\nmaxScale: "9"\npanicThresholdPercentage: "150.0"') == KnativeSpec(
        panic_threshold=1.5, least=2, most=9
    )
    assert spec_of('min-scale: "3"\nminScale: "2"').least == spec_of('minScale: "2"\nmin-scale: "3"').least == 3


def test_what_makes_no_difference_here_is_let_pass():
    rest = 'initial-scale: "4"\npanic-window-percentage: "10.0"\nscale-to-zero-pod-retention-period: 0s'
    assert spec_of(rest) == KnativeSpec()


def test_mistakes_are_told_at_once_with_their_lines():
    wrong = """class: hpa.autoscaling.knative.dev
targett: "5"
window: 5s
min-scale: 3
max-scale: many
panic-window-percentage: "20"
target-utilization-percentage: "170"
metric: cpu"""
    with pytest.raises(PlanError) as caught:
        spec_of(wrong, "containerConcurrency: -1")
    told = {(each.path.rpartition("/")[2], each.source): each.message for each in caught.value.mistakes}
    assert {name: int(place.partition(":")[2]) for name, place in told} == {
        "class": 8,
        "targett": 9,
        "window": 10,
        "min-scale": 11,
        "max-scale": 12,
        "panic-window-percentage": 13,
        "target-utilization-percentage": 14,
        "metric": 15,
        "spec.template.spec.containerConcurrency": 16,
    }
    words = " ".join(told.values())
    for each in (
        "did you mean target?",
        "is 3, not a text: quote it",
        "only 10 is",
        "give the HorizontalPodAutoscaler",
    ):
        assert each in words


def test_the_clusters_configmap_beside_a_service_is_read_strictly():
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-autoscaler}\ndata:\n"
    assert spec_of("", "", f'{config}  max-scale-down-rate: "4"\n').down_rate == 4
    with pytest.raises(PlanError) as caught:
        spec_of("", "", f'{config}  stable-window: 30s\n  max-scale-up-rate: "1"\n  scale-to-zero-grace-period: soon\n')
    told = [(each.path, each.source) for each in caught.value.mistakes]
    assert told == [
        ("data.stable-window", "service.yaml:13"),
        ("data.max-scale-up-rate", "service.yaml:14"),
        ("data.scale-to-zero-grace-period", "service.yaml:15"),
    ]


def test_a_service_of_kubernetes_itself_is_no_policy():
    with pytest.raises(PlanError, match="has no policy"):
        read_policy("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"target": 200.0}, "target"),
        ({"panic_threshold": 1.05}, "panic_threshold"),
        ({"burst_capacity": -0.5}, "burst_capacity"),
        ({"stable_window": 60.5}, "stable_window"),
        ({"scale_down_delay": 0.5}, "scale_down_delay"),
        ({"reachable": False}, "reachable"),
        ({"activation_scale": 2, "least": 3}, "activation_scale"),
    ],
)
def test_what_knative_would_refuse_is_refused(change, path):
    with pytest.raises(PlanError) as caught:
        annotations_of(KnativeSpec(**change))
    assert [mistake.path for mistake in caught.value.mistakes] == [path]


def test_the_share_of_the_capacity_is_written_as_short_as_it_can_be():
    assert annotations_of(KnativeSpec(target=7.0, capacity=10.0))["target-utilization-percentage"] == "70"
    third = annotations_of(KnativeSpec(target=1.0, capacity=3.0))["target-utilization-percentage"]
    node = {"spec": {"template": {"metadata": {"annotations": {
        "autoscaling.knative.dev/target": "3", "autoscaling.knative.dev/target-utilization-percentage": third
    }}}}}  # fmt: skip
    assert service_spec(node).target == pytest.approx(1.0, rel=1e-15)
