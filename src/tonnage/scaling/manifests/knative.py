"""A Knative policy as the annotations of its Service, and what belongs to the whole cluster as its ConfigMap."""

from __future__ import annotations

from typing import Any, Final

from tonnage.scaling.knative import KnativeSpec
from tonnage.scaling.knative_service import CONFIG, GROUP, annotations_of, cluster_values
from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.manifests.settings import Settings

_PATCH: Final = (
    "A patch of the Knative Service: annotations of the revision's template, so that applying it makes a revision. "
    "Nothing here protects a request in progress: a pod that goes has the revision's timeoutSeconds to finish, and "
    "which one goes is not chosen by its load."
)
_CLUSTER: Final = (
    "For every revision of the cluster, not for this one only: Knative has no annotation for these. Merge it into the "
    "ConfigMap that is there, for instance by kubectl patch configmap config-autoscaler --namespace knative-serving "
    "--type merge --patch-file config-autoscaler.yaml"
)


def knative_files(spec: KnativeSpec, settings: Settings) -> dict[str, str]:
    """File name → text: the patch of the Service, and the cluster's ConfigMap where the policy differs from it.

    Raises:
        PlanError: with every value that Knative would refuse.
    """
    notes = _notes(spec)
    noted: dict[str, Any] = {
        f"{GROUP}/{name}": Noted(value, notes[name]) if name in notes else value
        for name, value in annotations_of(spec).items()
    }
    service = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": settings.metadata(),
        "spec": {"template": {"metadata": {"annotations": noted}}},
    }
    files = {"knative-service-patch.yaml": emit(Noted(service, _PATCH))}
    values = cluster_values(spec)
    if values:
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG, "namespace": "knative-serving"},
            "data": values,
        }
        files["config-autoscaler.yaml"] = emit(Noted(config, _CLUSTER))
    return files


def _notes(spec: KnativeSpec) -> dict[str, str]:
    """What stands before an annotation, by its name."""
    unit = "requests a second" if spec.metric == "rps" else "requests at once"
    notes = {
        "target": (
            f"What one pod can carry, in {unit}. A containerConcurrency of the Service that is lower takes its place."
        ),
        "target-utilization-percentage": f"So that a pod is asked to carry {spec.target:g} of {spec.capacity:g}.",
        "panic-threshold-percentage": (
            f"Panic from {spec.panic_threshold:g} times the ready pods' target on, over the last tenth of the window "
            "(panic-window-percentage 10, Knative's default, which is left as it is)."
        ),
        "target-burst-capacity": _burst(spec.burst_capacity),
        "max-scale": "0 is no bound." if not spec.most else "",
        "min-scale": (
            "" if spec.least else f"Scales to zero, {spec.zero_grace:g} s of grace at most after the decision for it."
        ),
        "activation-scale": "The fewest pods on the way up from zero.",
    }
    return {name: note for name, note in notes.items() if note}


def _burst(capacity: float) -> str:
    if capacity == 0:
        return "The activator stays out of the way once there are pods: a burst meets them directly."
    if capacity < 0:
        return "The activator is always in the way, and buffers every burst."
    return f"While less than {capacity:g} is free, the activator is in the way and buffers. It changes no size."
