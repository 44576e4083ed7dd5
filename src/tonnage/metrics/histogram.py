"""HDR histograms: how samples are kept.

A histogram holds integers with three significant digits (at most 0.1 % relative error), exact count, sum, minimum and
maximum, in memory that does not depend on the number of samples. Quantiles are ranks: the value at rank
ceil(q·n), never an interpolation between samples. It is the native core's own type; this module is its only door.

Source:
    Tene, HdrHistogram; the encoding is its V2 format inside an envelope (crates/tonnage-engine/src/histogram).
"""

from __future__ import annotations

from tonnage._engine import Histogram

__all__ = ["Histogram"]
