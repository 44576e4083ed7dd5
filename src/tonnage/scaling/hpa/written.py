"""Parts of an HPA as its manifest has them: the inverse of `manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from tonnage.scaling.hpa.spec import Rules

_CPU: Final = {"type": "Utilization", "averageUtilization": 80}


def metrics_node(body: Mapping[str, Any]) -> list[Any]:
    """A copy of the metrics of an HPA's `spec`; where it has none, the one that the API takes: 80 % of the cpu."""
    return deepcopy(body.get("metrics") or [{"type": "Resource", "resource": {"name": "cpu", "target": _CPU}}])


def rules_node(rules: Rules, tolerance: str | None) -> dict[str, Any]:
    """Scaling rules of one direction, with a tolerance of their own where there is one."""
    own = {} if tolerance is None else {"tolerance": tolerance}
    return {
        **own,
        "stabilizationWindowSeconds": int(rules.window),
        "selectPolicy": rules.select,
        "policies": [{"type": each.type, "value": each.value, "periodSeconds": each.period} for each in rules.policies],
    }
