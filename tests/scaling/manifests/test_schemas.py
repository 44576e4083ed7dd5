"""Every object that Kubernetes defines is valid by the schemas of its versions; others are looked at field by field."""

import copy

import pytest
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.scaling.files import read_policy
from tonnage.scaling.manifests.bundle import manifests
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.yaml_text import read_documents

kubernetes_validate = pytest.importorskip("kubernetes_validate")

VERSIONS = ("1.27", "1.33", "1.35", "1.37")
OURS = {"HorizontalPodAutoscaler", "PodDisruptionBudget", "PriorityClass", "Deployment"}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "voice-agent"},
    "spec": {
        "selector": {"matchLabels": {"app": "voice-agent"}},
        "template": {
            "metadata": {"labels": {"app": "voice-agent"}},
            "spec": {"containers": [{"name": "voice-agent", "image": "voice-agent:1"}]},
        },
    },
}


def merged(base, patch):
    """A strategic merge, as far as these files need it: mappings by key, lists of mappings by name."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {key: merged(base.get(key), patch.get(key, base.get(key))) for key in {**base, **patch}}
    if isinstance(base, list) and isinstance(patch, list) and base and isinstance(base[0], dict):
        by_name = {each["name"]: each for each in patch}
        kept = [merged(each, by_name.pop(each["name"], each)) for each in base]
        return kept + list(by_name.values())
    return copy.deepcopy(patch)


def objects(text, cluster):
    chosen = Settings(cluster, "voice-agent", longest_session=1800, cpu="500m", memory="1Gi")
    for name, content in manifests(read_policy(text, "p.yaml"), chosen).items():
        if not name.endswith(".yaml"):
            continue
        for document in read_documents(content, name):
            yield name, merged(DEPLOYMENT, document.value) if name == "deployment-patch.yaml" else document.value


@pytest.mark.parametrize("cluster", VERSIONS)
@pytest.mark.parametrize("text", [VOICE_SCALING, VOICE_HPA], ids=["sessions", "hpa"])
def test_every_object_is_valid_in_its_cluster(text, cluster):
    checked = []
    for name, found in objects(text, cluster):
        if found.get("kind") in OURS:
            kubernetes_validate.validate(found, cluster, strict=True)
            checked.append(name)
    assert {"hpa.yaml", "deployment-patch.yaml", "pdb.yaml"} <= set(checked)
    assert ("balloon.yaml" in checked) is (cluster in ("1.27", "1.33"))


def test_the_schemas_do_refuse_what_a_version_does_not_have():
    (hpa,) = (found for name, found in objects(VOICE_SCALING, "1.35") if name == "hpa.yaml")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(hpa, "1.27", strict=True)


def test_objects_of_others_have_the_fields_of_their_definitions():
    found = dict(objects(VOICE_SCALING, "1.37"))
    buffer = found["capacity-buffer.yaml"]["spec"]
    assert set(buffer) == {"provisioningStrategy", "scalableRef", "percentage"}
    assert buffer["scalableRef"] == {"apiGroup": "apps", "kind": "Deployment", "name": "voice-agent"}
    kustomization = found["kustomization.yaml"]
    assert kustomization["resources"][0] == "deployment.yaml"
    assert set(kustomization["resources"][1:]) | {"deployment-patch.yaml", "prometheus-adapter-rule.yaml"} == set(found) - {
        "kustomization.yaml"
    }  # fmt: skip
    for rule in found["prometheus-adapter-rule.yaml"]["rules"]:
        assert set(rule) == {"seriesQuery", "resources", "name", "metricsQuery"}
