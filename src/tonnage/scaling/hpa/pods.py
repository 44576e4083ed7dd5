"""Which pods count, and what they request.

    every pod ──► deleting or ended ──────────────► ignored
             └──► Pending ────────────────────────► unready
             └──► no metric ──────────────────────► missing
             └──► cpu, and too young or not ready ► unready
             └──► otherwise ──────────────────────► ready

Source:
    Kubernetes, replica_calculator.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tonnage.scaling.hpa.readings import Reading
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.policy import Absent, Container, Pod


@dataclass(frozen=True, slots=True)
class Groups:
    """Pods by what is known of them: how many count, and the names of those that do not."""

    ready: int
    unready: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


def group(pods: Collection[Pod], readings: Mapping[str, Reading], resource: str, spec: HpaSpec, now: float) -> Groups:
    """Sort pods by what is known of them; readiness is looked at for cpu only."""
    ready, unready, missing, ignored = 0, [], [], []
    for pod in pods:
        if pod.deleting or pod.phase == "Failed" or (pod.phase == "Succeeded" and spec.semantics.ignores_succeeded):
            ignored.append(pod.name)
        elif pod.phase == "Pending":
            unready.append(pod.name)
        elif (reading := readings.get(pod.name)) is None:
            missing.append(pod.name)
        elif resource == "cpu" and _is_unready(pod, reading, spec, now):
            unready.append(pod.name)
        else:
            ready += 1
    return Groups(ready, tuple(unready), tuple(missing), tuple(ignored))


def requests(
    pods: Collection[Pod], resource: str, container: str = "", *, pod_level: bool = False
) -> dict[str, int] | Absent:
    """Request of every pod in thousandths: of one container, of the pod itself, or summed over its containers.

    Init containers count when they are restartable. One container without a request leaves nothing to compare with,
    so it is an error for the whole metric.
    """
    found: dict[str, int] = {}
    for pod in pods:
        if pod_level and pod.requests and not container:
            request: int | Absent = pod.requests.get(
                resource, Absent(f"missing pod-level request for {resource} in Pod {pod.name}")
            )
        else:
            request = _summed_request(pod, resource, container)
        if isinstance(request, Absent):
            return request
        found[pod.name] = request
    return found


def _is_unready(pod: Pod, reading: Reading, spec: HpaSpec, now: float) -> bool:
    """Whether a running pod's cpu says nothing yet about its load.

    A young pod counts only when it is ready and a whole metric window lies after it became so. An old one counts
    unless it has never been ready, which is told by its Ready condition having last changed right after the start.
    """
    if pod.ready is None or pod.start is None or pod.ready_transition is None:
        return True
    if pod.start + spec.controller.cpu_initialization > now:
        return pod.ready == "False" or reading.timestamp < pod.ready_transition + reading.window
    return pod.ready == "False" and pod.start + spec.controller.initial_readiness_delay > pod.ready_transition


def _summed_request(pod: Pod, resource: str, container: str) -> int | Absent:
    total, found = 0, False
    for each in pod.containers:
        if not _lives_with_the_pod(each) or (container and each.name != container):
            continue
        request = (each.requests or {}).get(resource)
        if request is None:
            return Absent(f"missing request for {resource} in container {each.name} of Pod {pod.name}")
        total, found = total + request, True
    if container and not found:
        return Absent(f"container {container} not found in Pod {pod.name}")
    return total


def _lives_with_the_pod(container: Container) -> bool:
    return container.restartable or not container.init
