"""Room on the nodes, so that a new pod need not wait for a new node."""

from __future__ import annotations

from math import ceil

from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.manifests.settings import Settings

FIRST_BUFFER = 35  # minor version of Kubernetes from which CapacityBuffer is beta


def headroom(settings: Settings, least: int) -> tuple[str, str]:
    """File name and text: a CapacityBuffer from 1.35 on, balloon pods before."""
    if settings.minor >= FIRST_BUFFER:
        return "capacity-buffer.yaml", capacity_buffer(settings)
    return "balloon.yaml", balloon(settings, least)


def capacity_buffer(settings: Settings) -> str:
    """A CapacityBuffer of so many per cent of the Deployment."""
    note = (
        f"Room for {settings.headroom} % more pods, kept by the node autoscaler: a new node takes minutes, and callers "
        "do not wait that long. It needs the CapacityBuffer CRD, and the Cluster Autoscaler (1.35 or later, with "
        "--capacity-buffer-controller-enabled and --capacity-buffer-pod-injection-enabled) or Karpenter with its "
        "feature gate; without them this object does nothing, and says nothing."
    )
    return emit(
        Noted(
            {
                "apiVersion": "autoscaling.x-k8s.io/v1beta1",
                "kind": "CapacityBuffer",
                "metadata": settings.metadata("-headroom"),
                "spec": {
                    "provisioningStrategy": "buffer.x-k8s.io/active-capacity",
                    "scalableRef": {"apiGroup": "apps", "kind": "Deployment", "name": settings.name},
                    "percentage": settings.headroom,
                },
            },
            note,
        )
    )


def balloon(settings: Settings, least: int) -> str:
    """Pods that do nothing, as large as the real ones and the first to make room."""
    count = max(ceil(settings.headroom * least / 100), 1)
    priority = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": f"{settings.name}-balloon"},
        "value": Noted(
            -10, "Below 0, the priority of pods without a class; the Cluster Autoscaler ignores pods below -10."
        ),
        "globalDefault": False,
        "description": f"Room that {settings.name} may take at once.",
    }
    size = "As much as one replica requests."
    if not (settings.cpu and settings.memory):
        size += " It was not given: change it to yours."
    labels = {"app": f"{settings.name}-balloon"}
    container = {
        "name": "pause",
        "image": "registry.k8s.io/pause:3.10",
        "resources": Noted({"requests": {"cpu": settings.cpu or "1", "memory": settings.memory or "1Gi"}}, size),
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": settings.metadata("-balloon"),
        "spec": {
            "replicas": Noted(
                count,
                f"{settings.headroom} % of the smallest size, {least}. It does not follow the pool as a CapacityBuffer "
                "(Kubernetes 1.35) would: raise it to what arrives while a node is coming.",
            ),
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": f"{settings.name}-balloon",
                    "terminationGracePeriodSeconds": 0,
                    "containers": [container],
                },
            },
        },
    }
    note = (
        "Balloon pods: they hold room on the nodes and give it up to real pods at once; new nodes then come for them."
    )
    return emit(Noted(priority, note), deployment)
