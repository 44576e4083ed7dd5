"""What was, over the last seconds: averages and maxima of a sliding window, as values.

A window is never changed: `record` gives a new one. Time is an argument, in seconds.

    AverageWindow   mean of buckets; a bucket holds the sum of what was recorded in its interval
    MaxWindow       maximum, kept as a falling sequence: whatever is older and no larger can never be it again

Source:
    Knative, pkg/autoscaler/aggregation/bucketing.go and aggregation/max/window.go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, pow
from typing import Final

WEIGHT_PRECISION: Final = 1e-4  # what the oldest bucket's weight comes down to
LEAST_WEIGHT: Final = 0.2  # of the newest bucket, however many there are


@dataclass(frozen=True, slots=True)
class AverageWindow:
    """Averages over `window` seconds in buckets of `granularity` seconds.

    Buckets are numbered by time; `sums` maps those of the window ending at bucket `last` that were written to. `first`
    is the earliest bucket written since the window was last empty: until a whole window has passed, the average is
    over what there is.
    """

    window: float
    granularity: float
    sums: tuple[tuple[int, float], ...] = ()
    first: int = 0
    last: int | None = None

    @property
    def size(self) -> int:
        """Buckets in a window."""
        return ceil(self.window / self.granularity)

    def record(self, now: float, value: float) -> AverageWindow:
        """The window with `value` added to the bucket of `now`; what lies a window back is dropped."""
        bucket = floor(now / self.granularity)
        last = bucket if self.last is None else self.last
        if bucket <= last - self.size:
            return self
        newest = max(last, bucket)
        kept = {each: total for each, total in self.sums if each > newest - self.size}
        # A whole window of silence begins anew.
        first = min(self.first, bucket) if self.last is not None and bucket - last < self.size else bucket
        kept[bucket] = kept.get(bucket, 0.0) + value
        return replace(self, sums=tuple(sorted(kept.items())), first=first, last=newest)

    def average(self, now: float) -> float:
        """Mean of the buckets of the window that ends at `now`, as far as they have been written; 0 of none."""
        bucket = floor(now / self.granularity)
        if self.last is None or bucket - self.last >= self.size:
            return 0.0
        silent = max(bucket - self.last, 0)
        total = sum(value for each, value in self.sums if each > self.last + silent - self.size)
        return total / min(self.last - self.first + 1, self.size - silent)

    def weighted_average(self, now: float) -> float:
        """Mean with weights that fall geometrically with age, silent buckets included; 0 of none.

        Σ w (1 - w)ᵏ xₖ,   w = max(0.2, 1 - 0.0001^(1/n)),   k = age in buckets
        """
        bucket = floor(now / self.granularity)
        if self.last is None or bucket - self.last > self.size:
            return 0.0
        weight = max(LEAST_WEIGHT, 1 - pow(WEIGHT_PRECISION, 1 / self.size))
        return sum(
            value * weight * pow(1 - weight, bucket - each)
            for each, value in self.sums
            if bucket - self.size < each <= bucket
        )


@dataclass(frozen=True, slots=True)
class MaxWindow:
    """Maximum of the values recorded within `length` of the latest; `falling` holds (at, value), oldest first."""

    length: float
    falling: tuple[tuple[float, int], ...] = ()

    def record(self, at: float, value: int) -> MaxWindow:
        """The window with one more value; its start is excluded."""
        kept = tuple(each for each in self.falling if each[1] > value and each[0] > at - self.length)
        return replace(self, falling=(*kept, (at, value)))

    @property
    def maximum(self) -> int:
        """The largest value of the window; 0 of none."""
        return self.falling[0][1] if self.falling else 0
