"""The record of a rehearsal: windows, their sum, events.

Counters come in as running totals, so that rounding never adds up; gauges as they are seen, with their extremes.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Final

from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import CENSORED, Series
from tonnage.metrics.window import Gauge, Window
from tonnage.runs.run import Event

MOST_EVENTS: Final = 20_000
RESPONSE: Final = Series("http_req_response_time")
LATE_RESPONSE: Final = Series("http_req_response_time", (CENSORED,))
STARTING: Final = Series("replica_start_duration")
COST: Final = Series("cost")


class Ledger:
    """Takes what happens; `close` ends a window.

    Args:
        gauges: the names of what `see` is given, in order.
        length: of a window [s].
    """

    def __init__(self, gauges: tuple[str, ...], length: int) -> None:
        self._gauges = tuple(Series(name) for name in gauges)
        self.length, self._start = length, 0
        self._seen: tuple[float, ...] = ()
        self._least: list[float] = []
        self._most: list[float] = []
        self._counted: dict[str, int] = {}
        self._series: dict[str, Series] = {}
        self._starts: Histogram | None = None
        self._all_starts = Histogram()
        self.windows: list[Window] = []
        self.events: list[Event] = []
        self._left_out = 0
        self._cost = 0.0

    @property
    def next_close(self) -> int:
        """When the window ends that is being filled [s]."""
        return self._start + self.length

    def event(self, at: float, kind: str, text: str) -> None:
        """Something to be told; beyond a number of them they are only counted."""
        if len(self.events) < MOST_EVENTS:
            self.events.append(Event(at, kind, text))
        else:
            self._left_out += 1

    def started(self, length: float) -> None:
        """A replica became ready `length` seconds after its creation."""
        self._starts = self._starts or Histogram()
        self._starts.record(round(length * 1e9))
        self._all_starts.record(round(length * 1e9))

    def see(self, values: tuple[float, ...]) -> None:
        """The gauges as they are now."""
        if values == self._seen:
            return
        if not self._seen:
            self._least, self._most = list(values), list(values)
        else:
            least, most = self._least, self._most
            for i, value in enumerate(values):
                if value < least[i]:
                    least[i] = value
                elif value > most[i]:
                    most[i] = value
        self._seen = values

    def close(
        self,
        end: int,
        totals: Mapping[str, float],
        cost: float,
        responses: tuple[Histogram | None, Histogram | None] = (None, None),
    ) -> None:
        """End the window at `end`, with running totals, the cost until now, and response times since the last one."""
        counters: dict[Series, int] = {}
        for name, total in totals.items():
            whole = floor(total + 1e-6)
            change = whole - self._counted.get(name, 0)
            if change:
                counters[self._named(name)] = change
                self._counted[name] = whole
        gauges = {
            series: Gauge(end - 1, self._seen[i], self._least[i], self._most[i])
            for i, series in enumerate(self._gauges[: len(self._seen)])
        }
        gauges[COST] = Gauge(end - 1, cost, self._cost, cost)
        self._cost = cost
        histograms = _named(responses, self._starts)
        self.windows.append(Window(self._start, end - self._start, counters, gauges, histograms))
        self._least, self._most = list(self._seen), list(self._seen)
        self._starts = None
        self._start = end

    def total(self, responses: tuple[Histogram | None, Histogram | None]) -> Window:
        """The sum of all windows."""
        if self._left_out:
            self.events.append(Event(self._start, "events_left_out", f"{self._left_out} more events are not listed"))
        counters = {self._named(name): total for name, total in self._counted.items() if total}
        gauges = {}
        for series, last in zip(self._gauges, self._seen, strict=False):
            found = [window.gauges[series] for window in self.windows]
            extremes = min(each.minimum for each in found), max(each.maximum for each in found)
            gauges[series] = Gauge(self._start - 1, last, *extremes)
        gauges[COST] = Gauge(self._start - 1, self._cost, 0.0, self._cost)
        histograms = _named(responses, self._all_starts if self._all_starts.count else None)
        return Window(0, self._start, counters, gauges, histograms)

    def _named(self, name: str) -> Series:
        found = self._series.get(name)
        if found is None:
            found = self._series[name] = Series(name)
        return found


def _named(responses: tuple[Histogram | None, Histogram | None], starts: Histogram | None) -> dict[Series, Histogram]:
    named = ((RESPONSE, responses[0]), (LATE_RESPONSE, responses[1]), (STARTING, starts))
    return {series: histogram for series, histogram in named if histogram is not None}
