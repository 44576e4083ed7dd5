"""What the Deployment needs so that a scale-down cuts nobody off, and what a PodDisruptionBudget can and cannot do."""

from __future__ import annotations

from math import ceil
from typing import Any, Final

from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.manifests.settings import LEAST_GRACE, Settings

_PROBE_PERIOD: Final = 5  # [s]

_REPLICAS: Final = (
    "A patch of the Deployment. spec.replicas is left out on purpose: the HPA owns it, and every apply that set it "
    "would throw the pool back to that size.\n"
    "The probes and the hook ask the application for /started, /ready and /drain, as worker_metrics.py answers them: "
    "change paths and port to yours."
)
_SAFE_TO_EVICT: Final = (
    "The Cluster Autoscaler (and Karpenter, by the next line) does not empty a node for lack of load while such a pod "
    "is on it."
)
_DELETION_COST: Final = (
    "Which pods a scale-down takes: those with the lowest controller.kubernetes.io/pod-deletion-cost first. Let each "
    "worker, or a small controller, set its own to its number of sessions, so that idle ones go first. It is an "
    "annotation of the pod, not of this template."
)


def deployment_patch(settings: Settings) -> str:
    """The patch, to be merged by container name."""
    longest = f"{settings.longest_session:g} s" if settings.longest_session else "not given"
    grace = (
        "Nothing in Kubernetes keeps an HPA from removing a busy pod; in this time its sessions may end. At least the "
        f"longest session ({longest}) and {LEAST_GRACE} s."
    )
    if settings.grace > LEAST_GRACE:
        grace += " The Cluster Autoscaler waits 600 s at most: raise its --max-graceful-termination-sec to this too."
    annotations = {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": Noted("false", _SAFE_TO_EVICT),
        "karpenter.sh/do-not-disrupt": "true",
    }
    pod = {
        "terminationGracePeriodSeconds": Noted(settings.grace, grace),
        "containers": [_container(settings)],
    }
    return emit(
        Noted(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": settings.metadata(),
                "spec": {"template": {"metadata": {"annotations": annotations}, "spec": Noted(pod, _DELETION_COST)}},
            },
            _REPLICAS,
        )
    )


def _container(settings: Settings) -> dict[str, Any]:
    warmup = settings.warmup or 0.0
    failures = max(ceil(2 * warmup / _PROBE_PERIOD), 1)
    requests = {key: value for key, value in (("cpu", settings.cpu), ("memory", settings.memory)) if value}
    resources = Noted(
        {"requests": requests}, "The scheduler, node autoscalers and the HPA's utilization all count requests."
    )
    return {
        "name": settings.container,
        "ports": [{"name": "metrics", "containerPort": settings.port}],
        **({"resources": resources} if requests else {}),
        "startupProbe": Noted(
            _probe("/started", failures), f"Twice the warm-up of {warmup:g} s, then the container is restarted."
        ),
        "readinessProbe": Noted(
            _probe("/ready", 1), "Ready means that it takes sessions: not while it warms up, and not while it drains."
        ),
        "lifecycle": Noted(
            {"preStop": {"httpGet": {"path": "/drain", "port": "metrics"}}},
            "The worker takes no new sessions from here on. SIGTERM follows; the process then ends when its last "
            "session has.",
        ),
    }


def _probe(path: str, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": _PROBE_PERIOD,
        "failureThreshold": failures,
    }


def disruption_budget(settings: Settings) -> str:
    """The PodDisruptionBudget, with what it does not do."""
    note = (
        "Governs evictions only: a drained node takes one pod at a time. It holds neither the scale-down of an HPA nor "
        "a rollout, and protects no session in progress: the Deployment's grace period does that."
    )
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": Noted({"matchLabels": {"app": settings.name}}, "The labels of the pods: change them to yours."),
    }
    if settings.minor < 27:
        del spec["unhealthyPodEvictionPolicy"]
    document = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": settings.metadata(),
        "spec": spec,
    }
    return emit(Noted(document, note))
