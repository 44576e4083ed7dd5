"""The other objects of a policy's file, as far as the lint looks into them; what is malformed counts as not given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from tonnage.errors import UnitError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.quantity import parse_milli
from tonnage.scaling.policy import Container
from tonnage.scaling.yaml_text import Document

DEFAULT_GRACE: Final = 30  # [s] of a pod that names none
_WORKLOADS: Final = ("Deployment", "StatefulSet", "ReplicaSet")
_ABOVE: Final = re.compile(r"(.*[^<>=!\s])\s*>=?\s*([0-9]+(?:\.[0-9]+)?)", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def inside(node: Any, *keys: str) -> Any:
    """The value at a path of keys, None where the path ends."""
    for key in keys:
        if not isinstance(node, Mapping) or key not in node:
            return None
        node = node[key]
    return node


def listed(node: Any, *keys: str) -> list[Any]:
    """The list at a path of keys, empty where there is none."""
    found = inside(node, *keys)
    return found if isinstance(found, list) else []


def where(file: PolicyFile, key: str) -> str:
    """file:line of a key of the policy, in whichever form it is written and however deep; else of the document."""
    document = file.document
    found = (path for path in document.lines if path == key or path.endswith(f".{key}"))
    return document.place(next(found, ""))


def of_kind(file: PolicyFile, *kinds: str) -> Iterator[Document]:
    """The other documents of these kinds."""
    return (document for document in file.others if inside(document.value, "kind") in kinds)


@dataclass(frozen=True)
class Workload:
    """What scales: labels, grace [s] and containers of its pods."""

    document: Document
    labels: Mapping[str, Any]
    grace: int
    containers: tuple[Container, ...]


def targeted(file: PolicyFile, *kinds: str) -> Document | None:
    """The object that the policy targets, by kind, name and namespace; where it targets nothing, the only one."""
    core = file.core
    found = list(of_kind(file, *kinds))
    target = inside(core.node.get("spec", core.node), "scaleTargetRef")
    if target is None:
        return found[0] if len(found) == 1 else None
    wanted = inside(target, "kind"), inside(target, "name")
    for document in found:
        place = inside(document.value, "metadata", "namespace")
        is_named = (document.value["kind"], inside(document.value, "metadata", "name")) == wanted
        if is_named and (not place or not core.namespace or place == core.namespace):
            return document
    return None


def workload(file: PolicyFile) -> Workload | None:
    """The workload of the policy; None when the file has none."""
    document = targeted(file, *_WORKLOADS)
    if document is None:
        return None
    pod = inside(document.value, "spec", "template", "spec")
    grace = inside(pod, "terminationGracePeriodSeconds")
    labels = inside(document.value, "spec", "template", "metadata", "labels")
    return Workload(
        document,
        labels if isinstance(labels, Mapping) else {},
        grace if isinstance(grace, int) and not isinstance(grace, bool) else DEFAULT_GRACE,
        tuple(_containers(pod)),
    )


def _containers(pod: Any) -> Iterator[Container]:
    for key in ("containers", "initContainers"):
        for node in listed(pod, key):
            name = inside(node, "name")
            restartable = inside(node, "restartPolicy") == "Always"
            yield Container(str(name), _requests(node), key == "initContainers", restartable)


def _requests(node: Any) -> Mapping[str, int] | None:
    """Requests in thousandths; a limit without a request is the request, as the API has it."""
    found = {}
    for key in ("limits", "requests"):
        amounts = inside(node, "resources", key)
        for resource, amount in amounts.items() if isinstance(amounts, Mapping) else ():
            try:
                found[str(resource)] = parse_milli(amount)
            except UnitError:
                continue
    return found or None


@dataclass(frozen=True)
class Budget:
    """A PodDisruptionBudget: how many of `size` pods it lets be evicted at once, and whether it selects the pods."""

    document: Document
    node: Mapping[str, Any]

    def allowed(self, size: int) -> int:
        """Pods that may be gone at once: maxUnavailable, or size - minAvailable; shares are rounded up."""
        most, least = self.node.get("maxUnavailable"), self.node.get("minAvailable")
        if most is not None:
            return min(_share(most, size), size)
        return max(size - _share(least, size), 0) if least is not None else 0

    def selects(self, labels: Mapping[str, Any]) -> bool:
        """Whether its matchLabels are among the labels; expressions are believed."""
        wanted = inside(self.node, "selector", "matchLabels")
        return not isinstance(wanted, Mapping) or wanted.items() <= labels.items()


def budgets(file: PolicyFile) -> list[Budget]:
    """The PodDisruptionBudgets of a file."""
    found = ((document, inside(document.value, "spec")) for document in of_kind(file, "PodDisruptionBudget"))
    return [Budget(document, node) for document, node in found if isinstance(node, Mapping)]


def _share(value: Any, size: int) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return ceil(int(value[:-1]) * size / 100)
    return value if isinstance(value, int) else 0


@dataclass(frozen=True)
class WarningLine:
    """The level above which an alert warns, and the names that stand in its expression."""

    names: frozenset[str]
    level: float
    alert: str
    place: str


def warning_lines(file: PolicyFile) -> Iterator[WarningLine]:
    """The warnings of PrometheusRules whose expression ends in `> level`."""
    for document in of_kind(file, "PrometheusRule"):
        for i, group in enumerate(listed(document.value, "spec", "groups")):
            for j, rule in enumerate(listed(group, "rules")):
                expression = inside(rule, "expr")
                found = _ABOVE.fullmatch(expression.strip()) if isinstance(expression, str) else None
                if found and inside(rule, "labels", "severity") == "warning":
                    place = document.place(f"spec.groups[{i}].rules[{j}].expr")
                    names = frozenset(_WORD.findall(found[1]))
                    yield WarningLine(names, float(found[2]), str(inside(rule, "alert")), place)
