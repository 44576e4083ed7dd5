"""A candidate as a file: what is read back is what was judged."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.scaling.candidates.documents import document_of
from tonnage.scaling.candidates.setup import policy_of
from tonnage.scaling.candidates.space import Freedom, space_of
from tonnage.scaling.files import read_policy
from tonnage.scaling.manifests.emit import emit

TWO_METRICS = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: clay}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: clay}
  maxReplicas: 20
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
    - {type: External, external: {metric: {name: depth}, target: {type: Value, value: 1500m}}}
"""
NO_METRICS = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: plain}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: plain}
  maxReplicas: 9
"""
OWN_FORM = "kind: sessions\nname: pool\nmin_workers: 2\nmax_workers: 9\nsessions_per_worker: 4\n"
OLD = "kind: hpa\nversion: '1.28'\nmaxReplicas: 9\n"
TEXTS = {
    "agent": VOICE_SCALING,
    "hpa": VOICE_HPA,
    "two metrics": TWO_METRICS,
    "no metrics": NO_METRICS,
    "own form": OWN_FORM,
    "old": OLD,
}
FREEDOM = Freedom(60, (3, 8), floors=tuple(float(i % 7) for i in range(48)))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@given(seed=st.integers(0, 10_000))
def test_the_file_of_a_candidate_is_its_policy(text, seed):
    base = read_policy(text, "given.yaml")
    space = space_of(base, FREEDOM)
    candidate = space.sample(Random(seed))
    if space.allowed(candidate):
        written = read_policy(emit(document_of(base, candidate, FREEDOM)), "tuned.yaml")
        assert written.policy == policy_of(base, candidate, FREEDOM)
        assert written.name == base.name


def test_the_given_file_stays_as_it_was():
    base = read_policy(VOICE_SCALING, "given.yaml")
    before = dict(base.node)
    document_of(base, space_of(base, FREEDOM).sample(Random(1)), FREEDOM)
    assert dict(base.node) == before
