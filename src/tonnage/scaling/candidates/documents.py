"""A candidate as the file that `tonnage rehearse`, `lint` and `manifests` read: the given one with other values."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tonnage.scaling.candidates.floors import written
from tonnage.scaling.candidates.setup import spans_of, spec_of
from tonnage.scaling.candidates.space import Freedom
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.quantity import Quantity
from tonnage.scaling.hpa.spec import MetricSpec
from tonnage.scaling.hpa.written import metrics_node, rules_node
from tonnage.scaling.sessions import SessionSpec
from tonnage.scaling.tune import Candidate


def document_of(base: PolicyFile, candidate: Candidate, freedom: Freedom) -> dict[str, Any]:
    """The document: what was given in its own form, in a schedule where the candidate has floors."""
    node: dict[str, Any] = deepcopy(dict(base.node))
    spec = spec_of(base, candidate)
    if isinstance(spec, SessionSpec):
        _block(node).update(_session_keys(spec))
    else:
        body = node.get("spec", node)
        body |= {"minReplicas": spec.floor, "maxReplicas": spec.max_replicas}
        body["metrics"] = [_with_target(*each) for each in zip(metrics_node(body), spec.metrics, strict=True)]
        body["behavior"] = {
            name: rules_node(rules, None if rules.tolerance is None else f"{rules.tolerance:g}")
            for name, rules in zip(("scaleUp", "scaleDown"), spec.rules or (), strict=True)
        }
    table = spans_of(base, candidate, freedom)
    return {"kind": "schedule", "spans": list(written(table)), "wraps": node} if table else node


def _block(node: dict[str, Any]) -> dict[str, Any]:
    """Where the keys of a session policy stand."""
    for key in ("agent", "scaling"):
        node = node.get(key, node)
    return node


def _session_keys(spec: SessionSpec) -> dict[str, Any]:
    return {
        "min_workers": spec.min_workers,
        "max_workers": spec.max_workers,
        "sessions_per_worker": spec.sessions_per_worker,
        "scale_up_threshold": spec.scale_up_threshold / 1000,
        "scale_down_threshold": spec.scale_down_threshold / 1000,
        "buffer": spec.reserve / 1000,
        "scale_down_delay": f"{spec.scale_down_delay:g}s",
    }


def _with_target(node: dict[str, Any], metric: MetricSpec) -> dict[str, Any]:
    """A metric with its target's amounts."""
    key = metric.type[0].lower() + metric.type[1:]
    target, found = metric.target, node[key]["target"]
    if target.utilization is not None:
        found["averageUtilization"] = target.utilization
    if target.average is not None:
        found["averageValue"] = str(Quantity(target.average))
    if target.value is not None:
        found["value"] = str(Quantity(target.value))
    return node
