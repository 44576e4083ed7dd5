"""What a workload beside a policy tells of its replicas, and what a supply makes of it."""

import pytest
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.errors import PlanError
from tonnage.scaling.files import read_policy
from tonnage.scaling.supply import Delay, Supply
from tonnage.scaling.surroundings import surroundings
from tonnage.scaling.workload_facts import workload_facts

DEPLOYMENT = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: voice-agent, namespace: livekit}
spec:
  replicas: 7
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 30%}}
  template:
    spec:
      terminationGracePeriodSeconds: 900
      containers:
        - {name: agent, resources: {requests: {cpu: 1500m}, limits: {cpu: "2"}}}
        - {name: proxy, resources: {limits: {cpu: 250m}}}
"""
EMPTY = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: voice-agent}
"""


def facts(beside, policy=VOICE_HPA):
    found = workload_facts(read_policy(policy + beside, "p.yaml"))
    return None if found is None else ({each.key: each.value for each in found.facts}, found.initial)


def test_every_fact_of_a_deployment():
    # 1.5 cores and the limit that is a request; 30 % of 7 replicas, rounded up.
    assert facts(DEPLOYMENT) == ({"grace": "900s", "cpu_request": "1.75", "cpu_limit": "2.25", "surge": "3"}, 7)


def test_what_a_deployment_leaves_out_is_kubernetes_default():
    # 25 % of the two replicas that the HPA keeps at least; no container requests anything.
    assert facts(EMPTY) == ({"grace": "30s", "surge": "1"}, None)


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        (("maxSurge: 30%", "maxSurge: 4"), "surge", "4"),
        (("maxSurge: 30%", "maxSurge: 0"), "surge", None),
        (("type: RollingUpdate, rollingUpdate: {maxSurge: 30%}", "type: Recreate"), "surge", None),
        (("kind: Deployment", "kind: StatefulSet"), "surge", None),
        (("resources: {limits: {cpu: 250m}}", "image: x"), "cpu_request", None),
        (("limits: {cpu: 250m}", "requests: {cpu: 0.1}"), "cpu_request", "1.6"),
        (("limits: {cpu: 250m}", "requests: {cpu: 0.1}"), "cpu_limit", None),
        (("terminationGracePeriodSeconds: 900", "terminationGracePeriodSeconds: 0"), "grace", "0s"),
    ],
)
def test_a_fact_in_its_other_forms(change, key, value):
    policy = VOICE_HPA.replace("kind: Deployment", "kind: StatefulSet") if "StatefulSet" in change[1] else VOICE_HPA
    assert change[0] in DEPLOYMENT
    assert facts(DEPLOYMENT.replace(*change), policy)[0].get(key) == value


def test_init_containers_count_where_they_run_as_long_as_the_pod():
    more = (
        DEPLOYMENT
        + "      initContainers:\n        - {name: x, restartPolicy: Always, resources: {requests: {cpu: 1}}}\n"
    )
    assert facts(more)[0]["cpu_request"] == "2.75"
    assert facts(more.replace("restartPolicy: Always, ", ""))[0]["cpu_request"] == "1.75"


def test_the_workload_is_the_one_that_the_hpa_targets():
    other = DEPLOYMENT.replace("voice-agent", "other").replace("900", "5")
    assert facts(other + DEPLOYMENT)[0]["grace"] == "900s"
    assert facts(other) is None
    assert facts(DEPLOYMENT.replace("kind: Deployment", "kind: StatefulSet")) is None
    assert facts(DEPLOYMENT.replace("namespace: livekit", "namespace: test")) is None
    assert facts("") is None


def test_a_policy_without_a_target_takes_the_only_workload_of_its_file():
    assert facts(DEPLOYMENT, VOICE_SCALING)[0]["grace"] == "900s"
    assert facts(DEPLOYMENT + EMPTY, VOICE_SCALING) is None
    inner = "".join(f"  {line}\n" for line in VOICE_SCALING.splitlines())
    schedule = "kind: schedule\nspans: [{from: 08:00, to: 18:00, floor: 5}]\nwraps:\n" + inner
    assert facts(DEPLOYMENT, schedule)[0]["grace"] == "900s"


def test_what_is_written_holds_and_the_rest_is_taken_over():
    policy = read_policy(VOICE_HPA + DEPLOYMENT, "p.yaml")
    found = surroundings(policy, "grace=10m, startup=45s, rollouts=1h+2h")
    assert found.supply == Supply.parse("grace=10m,startup=45s,rollouts=1h+2h,cpu_request=1.75,cpu_limit=2.25,surge=3")
    assert Supply.parse(found.text) == found.supply
    assert found.initial == 7
    assert found.taken == (
        "cpu_request=1.75 from Deployment voice-agent (p.yaml:34)",
        "cpu_limit=2.25 from Deployment voice-agent (p.yaml:34)",
        "surge=3 from Deployment voice-agent (p.yaml:30)",
        "7 replicas at the start from Deployment voice-agent",
    )


def test_a_default_is_told_as_one():
    found = surroundings(read_policy(VOICE_HPA + EMPTY, "p.yaml"), "")
    assert found.taken[0] == "grace=30s from Deployment voice-agent (p.yaml:25) by Kubernetes' default"


def test_the_warm_up_is_the_session_policys_own_however_deep_it_is_wrapped():
    found = surroundings(read_policy(VOICE_SCALING), "")
    assert (found.supply.warmup, found.text, found.initial) == (Delay.fixed(30.0), "warmup=30s", None)
    assert surroundings(read_policy(VOICE_SCALING), "warmup=1s").taken == ()
    span = "spans: [{from: 08:00, to: 18:00, floor: 5}]"
    inner = "".join(f"    {line}\n" for line in VOICE_SCALING.splitlines())
    twice = f"kind: schedule\n{span}\nwraps:\n  kind: schedule\n  {span}\n  wraps:\n{inner}"
    assert surroundings(read_policy(twice), "").supply.warmup == Delay.fixed(30.0)


def test_without_a_workload_and_a_session_policy_nothing_is_taken_over():
    found = surroundings(read_policy(VOICE_HPA), "startup=45s")
    assert (found.supply, found.text, found.taken) == (Supply.parse("startup=45s"), "startup=45s", ())


def test_all_mistakes_are_told_at_once_with_their_lines():
    wrong = (
        DEPLOYMENT.replace("replicas: 7", "replicas: many")
        .replace("900", "-1")
        .replace("1500m", "1.5 cores")
        .replace("30%", "some")
        .replace("cpu: 250m", "cpu: -1")
    )
    with pytest.raises(PlanError) as caught:
        surroundings(read_policy(VOICE_HPA + wrong, "p.yaml"), "grace=x,when=now")
    told = [(mistake.path, mistake.source) for mistake in caught.value.mistakes]
    pod = "spec.template.spec"
    assert told == [
        ("supply.grace", ""),
        ("supply.when", ""),
        ("spec.replicas", "p.yaml:29"),
        (f"{pod}.terminationGracePeriodSeconds", "p.yaml:33"),
        (f"{pod}.containers[0].resources.requests.cpu", "p.yaml:35"),
        (f"{pod}.containers[1].resources.limits.cpu", "p.yaml:36"),
        ("spec.strategy.rollingUpdate.maxSurge", "p.yaml:30"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("replicas: 7", "replicas: 20000"), "spec.replicas: is 20000: a rehearsal starts with at most 10000"),
        (("replicas: 7", "replicas: true"), "spec.replicas: is True: write a whole number from 0"),
        (("strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 30%}}", "strategy: 5"), "spec.strategy: is 5, not a mapping"),
        (("maxSurge: 30%", "maxSurge: 2.5"), "is 2.5: write a whole number or per cent"),
        (("resources: {limits: {cpu: 250m}}", "resources: 5"), "resources: is 5, not a mapping"),
    ],
)  # fmt: skip
def test_what_kubernetes_would_refuse_is_a_mistake(change, message):
    assert change[0] in DEPLOYMENT
    with pytest.raises(PlanError, match=message.replace("[", "\\[")):
        facts(DEPLOYMENT.replace(*change))


@pytest.mark.parametrize("odd", ["spec: 5", "spec: {template: []}", "spec: {template: {spec: {containers: 1}}}"])
def test_a_workload_that_is_malformed_is_a_mistake_and_no_crash(odd):
    with pytest.raises(PlanError, match=r"not a (mapping|list)"):
        facts(f"{EMPTY}{odd}\n")
