"""Rows of the metrics APIs as one value per pod, or one value per series.

Nothing at all is an error in all three APIs, so that an empty answer never looks like an idle service.

Source:
    Kubernetes, podautoscaler/metrics/client.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tonnage.scaling.policy import Absent, PodRow, ResourceRow

DEFAULT_WINDOW: Final = 60.0  # [s] of a custom metric whose API names none


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in thousandths, averaged over `window` seconds until `timestamp`."""

    value: int
    timestamp: float
    window: float


Readings = dict[str, Reading]


def of_resource(
    rows: tuple[ResourceRow, ...] | Absent, resource: str, container: str = "", *, skipping: bool = True
) -> Readings | Absent:
    """Usage of a resource by pod: the sum over its containers, or that of one container.

    A pod of which a container lacks the resource, or which has no containers, gives no reading. `skipping` says
    whether a row without the named container is passed over (1.23 and later) or an error.
    """
    if isinstance(rows, Absent):
        return Absent(f"unable to fetch metrics from resource metrics API: {rows.reason}")
    if not rows:
        return Absent("no metrics returned from resource metrics API")
    found: Readings = {}
    for row in rows:
        usages = [usage.get(resource) for name, usage in row.containers if not container or name == container]
        if container and not usages and not skipping:
            return Absent(f"container {container} not present in metrics for pod {row.pod}")
        known = [usage for usage in usages if usage is not None]
        if known and len(known) == len(usages):
            found[row.pod] = Reading(sum(known), row.timestamp, row.window)
    return found


def of_pods(rows: tuple[PodRow, ...] | Absent) -> Readings | Absent:
    """A custom metric by pod."""
    if isinstance(rows, Absent):
        return Absent(f"unable to fetch metrics from custom metrics API: {rows.reason}")
    if not rows:
        return Absent("no metrics returned from custom metrics API")
    return {
        row.pod: Reading(row.value, row.timestamp, DEFAULT_WINDOW if row.window is None else row.window) for row in rows
    }


def of_object(value: int | Absent) -> int | Absent:
    """A custom metric of one object, in thousandths."""
    if isinstance(value, Absent):
        return Absent(f"unable to fetch metrics from custom metrics API: {value.reason}")
    return value


def of_external(values: tuple[int, ...] | Absent) -> tuple[int, ...] | Absent:
    """An external metric, one value in thousandths per series."""
    if isinstance(values, Absent):
        return Absent(f"unable to fetch metrics from external metrics API: {values.reason}")
    if not values:
        return Absent("no metrics returned from external metrics API")
    return values
