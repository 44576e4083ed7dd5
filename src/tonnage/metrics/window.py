"""What completed in a span of time: the unit in which measurements travel, and in which they are added.

Windows add: one thread, one host and a hundred generators differ only in how many windows are summed.

    a + b == b + a        (a + b) + c == a + (b + c)        a + Window() == a
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Gauge:
    """The last value of a quantity and its extremes; `at` is the second in which `last` was seen.

    The later value wins; of two with one stamp the larger wins, so that addition stays commutative.
    """

    at: float
    last: float
    minimum: float
    maximum: float

    def __add__(self, other: Gauge) -> Gauge:
        later = max(self, other, key=lambda gauge: (gauge.at, gauge.last))
        return Gauge(later.at, later.last, min(self.minimum, other.minimum), max(self.maximum, other.maximum))


@dataclass(frozen=True)
class Window:
    """Counters (integers), gauges and histograms of what completed in [start, start + length) s after the start.

    A Rate is two counters, `metric/hits` and `metric/total`; a Trend is a histogram with its exact sum. The empty
    window (length 0) is the identity of addition. Invariant: mappings are never changed after construction.
    """

    start: int = 0
    length: int = 0
    counters: Mapping[Series, int] = field(default_factory=dict)
    gauges: Mapping[Series, Gauge] = field(default_factory=dict)
    histograms: Mapping[Series, Histogram] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Seconds after the start at which the window ends."""
        return self.start + self.length

    def __add__(self, other: Window) -> Window:
        spans = [window for window in (self, other) if window.length > 0]
        start = min((window.start for window in spans), default=0)
        return Window(
            start,
            max((window.end for window in spans), default=0) - start,
            _merge(self.counters, other.counters, lambda a, b: a + b),
            _merge(self.gauges, other.gauges, lambda a, b: a + b),
            _merge(self.histograms, other.histograms, lambda a, b: a + b),
        )


def _merge(left: Mapping[Series, V], right: Mapping[Series, V], add: Callable[[V, V], V]) -> dict[Series, V]:
    merged = dict(left)
    for series, value in right.items():
        merged[series] = add(merged[series], value) if series in merged else value
    return merged


class WindowSum:
    """A running total of windows, kept in place: what `sum(windows)` is, without a copy of every histogram a second."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._start: int | None = None
        self._end = 0
        self._counters: dict[Series, int] = {}
        self._gauges: dict[Series, Gauge] = {}
        self._histograms: dict[Series, Histogram] = {}

    def add(self, window: Window) -> None:
        """Add one window to the total."""
        if window.length > 0:
            self._start = window.start if self._start is None else min(self._start, window.start)
            self._end = max(self._end, window.end)
        for series, n in window.counters.items():
            self._counters[series] = self._counters.get(series, 0) + n
        for series, gauge in window.gauges.items():
            self._gauges[series] = self._gauges[series] + gauge if series in self._gauges else gauge
        for series, histogram in window.histograms.items():
            mine = self._histograms.get(series)
            if mine is None:
                self._histograms[series] = histogram.copy()
            else:
                mine.merge(histogram)

    def view(self) -> Window:
        """The total until now, sharing the histograms: valid until the next `add`."""
        start = self._start or 0
        length = self._end - start if self._start is not None else 0
        return Window(start, length, dict(self._counters), dict(self._gauges), dict(self._histograms))

    def take(self) -> Window:
        """The total until now; the sum starts anew."""
        window = self.view()
        self._clear()
        return window


@lru_cache(maxsize=65_536)
def series_of(key: str) -> Series:
    """`Series.parse`, remembered: the same few keys come back every second."""
    return Series.parse(key)
