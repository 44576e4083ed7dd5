"""What a quantity was, to be averaged over any recent window."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

KEPT: Final = 4096  # points, twice as many before the older half goes


class History:
    """The integral of a quantity that is constant between instants; exact in between."""

    __slots__ = ("_sums", "_times")

    def __init__(self) -> None:
        self._times = [0.0]
        self._sums = [0.0]

    def add(self, until: float, value: float) -> None:
        """The quantity had this value since the last call."""
        times, sums = self._times, self._sums
        length = until - times[-1]
        if length <= 0:
            return
        times.append(until)
        sums.append(sums[-1] + value * length)
        if len(times) > 2 * KEPT:
            del times[:KEPT], sums[:KEPT]

    def mean(self, begin: float, end: float) -> float:
        """The mean over a window; before the beginning the quantity was what it was first."""
        length = end - begin
        return (self._area(end) - self._area(begin)) / length if length > 0 else 0.0

    def _area(self, at: float) -> float:
        times, sums = self._times, self._sums
        if len(times) < 2:
            return 0.0
        i = min(max(bisect_right(times, at), 1), len(times) - 1)
        begin, low = times[i - 1], sums[i - 1]
        return low + (sums[i] - low) * (at - begin) / (times[i] - begin)
