"""Metrics that a script declares at its top level and adds to from its VUs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from tonnage.load.plan import CustomMetric
from tonnage.metrics import catalog
from tonnage.metrics.catalog import Contains, Kind


class Add(Protocol):
    """Adds one value for the VU that runs."""

    def __call__(self, value: float, tags: Mapping[str, Any] | None = None, /) -> None: ...


class CustomMetricBase:
    """A declared metric. Unbound until the engine binds it; `add` outside a VU raises RuntimeError."""

    __slots__ = ("add", "contains", "name")

    kind: ClassVar[Kind]
    add: Add

    def __init__(self, name: str, *, contains: Contains = "default") -> None:
        catalog.custom(name, self.kind, contains)  # refuses a bad name where it is written
        self.name = name
        self.contains = contains
        self.add = self._unbound

    def _unbound(self, value: float, tags: Mapping[str, Any] | None = None, /) -> None:
        raise RuntimeError(f"{self.name}.add was called outside a run: metrics are added to by VUs only")

    def bind(self, add: Add) -> None:
        """Let `add` record for the VU that runs."""
        self.add = add

    @property
    def declaration(self) -> CustomMetric:
        """The metric as the Plan holds it."""
        return CustomMetric(self.name, self.kind, self.contains)


class Counter(CustomMetricBase):
    """A sum of what was added."""

    __slots__ = ()
    kind = "counter"


class Gauge(CustomMetricBase):
    """The last value, with the least and the greatest."""

    __slots__ = ()
    kind = "gauge"


class Rate(CustomMetricBase):
    """How often what was added was true."""

    __slots__ = ()
    kind = "rate"


class Trend(CustomMetricBase):
    """The distribution of what was added; `is_time` says that the values are milliseconds."""

    __slots__ = ()
    kind = "trend"

    def __init__(self, name: str, is_time: bool = False) -> None:
        super().__init__(name, contains="time" if is_time else "default")
