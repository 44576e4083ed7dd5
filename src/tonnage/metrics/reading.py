"""Statistics of a window: the numbers that thresholds judge and summaries print.

A statistic over censored samples is an interval. Its lower value takes each censored sample at its bound (the request
lasted at least that long), its upper one takes them as infinite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import TypeVar

from tonnage.metrics.catalog import Metric
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.threshold import Expression
from tonnage.metrics.window import Gauge, Window

Selector = Mapping[str, str]
V = TypeVar("V")


@dataclass(frozen=True)
class Interval:
    """A statistic between `lower` and `upper`; the two are equal where nothing was censored."""

    lower: float
    upper: float

    @property
    def is_exact(self) -> bool:
        return self.lower == self.upper


@dataclass(frozen=True)
class Trend:
    """The samples of a Trend that a selector names: the complete ones, and those known only from below.

    Values are in the metric's unit: integer steps times `resolution`.
    """

    complete: Histogram
    censored: Histogram
    resolution: float

    @property
    def count(self) -> int:
        return self.complete.count + self.censored.count

    @property
    def all(self) -> Histogram:
        """Every sample at its value or bound."""
        return self.complete + self.censored

    def quantile(self, q: float) -> Interval | None:
        """The value at rank ceil(q·n), from below and from above; None without samples."""
        if self.count == 0:
            return None
        lower = self.all.quantile(q) * self.resolution
        if self.censored.count == 0:
            return Interval(lower, lower)
        # From above, the censored samples are the last ranks, at infinity.
        rank = max(1, ceil(q * self.count))
        if rank > self.complete.count:
            return Interval(lower, inf)
        upper = self.complete.value_at_rank(rank) * self.resolution
        return Interval(lower, max(lower, upper))

    def mean(self) -> Interval | None:
        """Σ / n; unbounded from above as soon as one sample is censored."""
        if self.count == 0:
            return None
        lower = self.all.sum * self.resolution / self.count
        return Interval(lower, inf if self.censored.count else lower)

    def minimum(self) -> Interval | None:
        if self.count == 0:
            return None
        lower = self.all.minimum * self.resolution
        return Interval(lower, self.complete.minimum * self.resolution if self.complete.count else inf)

    def maximum(self) -> Interval | None:
        if self.count == 0:
            return None
        lower = self.all.maximum * self.resolution
        return Interval(lower, inf if self.censored.count else lower)


@dataclass(frozen=True)
class Rate:
    """How often something was true."""

    hits: int
    total: int

    @property
    def share(self) -> float | None:
        return self.hits / self.total if self.total else None


def trend(window: Window, metric: Metric, selector: Selector | None = None) -> Trend:
    """All samples of a Trend that match, the complete ones apart from the censored ones."""
    complete, censored = Histogram(), Histogram()
    for series, histogram in _select(window.histograms, metric.name, selector):
        (censored if series.is_censored else complete).merge(histogram)
    return Trend(complete, censored, metric.resolution)


def count(window: Window, name: str, selector: Selector | None = None) -> int:
    """The sum of a counter over all series that match, in integer steps."""
    return sum(n for _, n in _select(window.counters, name, selector))


def rate(window: Window, name: str, selector: Selector | None = None) -> Rate:
    """Hits and total of a Rate over all series that match."""
    return Rate(count(window, f"{name}/hits", selector), count(window, f"{name}/total", selector))


def gauge(window: Window, name: str, selector: Selector | None = None) -> Gauge | None:
    """A gauge, summed over the generators that reported it; None where none did."""
    found = [value for _, value in _select(window.gauges, name, selector)]
    if not found:
        return None
    return Gauge(
        max(value.at for value in found),
        sum(value.last for value in found),
        sum(value.minimum for value in found),
        sum(value.maximum for value in found),
    )


def statistic(
    window: Window, metric: Metric, expression: Expression, selector: Selector | None, seconds: float
) -> Interval | None:
    """The statistic that a threshold names, in the scale in which thresholds are written: ms for times.

    Args:
        seconds: how long was measured, for a counter's rate.

    Returns:
        None where there are no samples; a counter that never counted is 0, as in k6.
    """
    if metric.kind == "trend":
        value = _trend_statistic(trend(window, metric, selector), expression)
        return None if value is None else Interval(value.lower * metric.in_k6, value.upper * metric.in_k6)
    exact = _exact(window, metric, expression, selector, seconds)
    return None if exact is None else Interval(exact, exact)


def _trend_statistic(values: Trend, expression: Expression) -> Interval | None:
    match expression.method:
        case "avg":
            return values.mean()
        case "min":
            return values.minimum()
        case "max":
            return values.maximum()
        case "med":
            return values.quantile(0.5)
        case _:
            return values.quantile((expression.percentile or 0.0) / 100)


def _exact(
    window: Window, metric: Metric, expression: Expression, selector: Selector | None, seconds: float
) -> float | None:
    if metric.kind == "rate":
        return rate(window, metric.name, selector).share
    if metric.kind == "gauge":
        value = gauge(window, metric.name, selector)
        return None if value is None else value.last
    total = count(window, metric.name, selector) * metric.resolution
    if expression.method == "count":
        return total
    return total / seconds if seconds > 0 else None


def samples(window: Window, metric: Metric, selector: Selector | None = None) -> int:
    """How many samples a metric has: what a threshold's verdict rests on."""
    if metric.kind == "trend":
        return trend(window, metric, selector).count
    if metric.kind == "rate":
        return rate(window, metric.name, selector).total
    if metric.kind == "gauge":
        return sum(1 for _ in _select(window.gauges, metric.name, selector))
    return round(count(window, metric.name, selector) * metric.resolution)


def _select(table: Mapping[Series, V], name: str, selector: Selector | None) -> Iterator[tuple[Series, V]]:
    wanted = selector or {}
    return ((series, value) for series, value in table.items() if series.metric == name and series.matches(wanted))
