"""The metrics of a run under the names and statistics that k6 gives them, in k6's scale: times in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tonnage.metrics import reading
from tonnage.metrics.catalog import Metric
from tonnage.metrics.reading import Interval, Selector, Trend
from tonnage.metrics.series import Series
from tonnage.metrics.window import Window
from tonnage.reports.figures import per_second, run_seconds
from tonnage.runs.run import Run
from tonnage.runs.verdict import known_metrics

ALL_STATISTICS: Final = ("avg", "min", "med", "max", "p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "count")
EXPECTED: Final = "http_req_duration{expected_response:true}"

_PERCENTILE: Final = re.compile(r"p\(([0-9]{1,3}(?:\.[0-9]{1,9})?)\)")


@dataclass(frozen=True)
class Values:
    """One metric, or the part of it that a selector names, with its statistics.

    Attributes:
        name: as k6 writes it, with the selector.
        values: by statistic; an interval where requests never ended, None where there is no such number.
    """

    name: str
    metric: Metric
    samples: int
    values: Mapping[str, Interval | None]


def values_of(run: Run, statistics: Sequence[str] = ALL_STATISTICS) -> tuple[Values, ...]:
    """Every metric that has samples, by name; then the parts that thresholds name, as k6 lists them.

    Args:
        statistics: of a Trend: avg, min, med, max, count, p(N); an unknown one is left out.
    """
    known, seconds = known_metrics(run.plan), run_seconds(run)
    present = sorted({_base(series.metric) for series in _series(run.total)} & known.keys())
    wanted: list[tuple[str, str, Selector]] = [(name, name, {}) for name in present]
    if "http_req_duration" in present:
        wanted.append((EXPECTED, "http_req_duration", {"expected_response": "true"}))
    wanted += [(limit.name, limit.metric, limit.selector) for limit in run.plan.thresholds if limit.selector]
    found: dict[str, Values] = {}
    for shown, name, selector in wanted:
        value = _values(run.total, known[name], selector, seconds, statistics) if name in known else None
        if value is not None:
            samples, numbers = value
            found.setdefault(shown, Values(shown, known[name], samples, numbers))
    return tuple(found.values())


def percentile_of(statistic: str) -> float | None:
    """95.0 of "p(95)", 50.0 of "med"; None of what is no percentile."""
    if statistic == "med":
        return 50.0
    match = _PERCENTILE.fullmatch(statistic)
    return float(match[1]) if match and float(match[1]) <= 100 else None


def _series(total: Window) -> Iterator[Series]:
    for table in (total.counters, total.gauges, total.histograms):
        yield from table


def _base(metric: str) -> str:
    return metric.removesuffix("/hits").removesuffix("/total")


def _values(
    total: Window, metric: Metric, selector: Selector, seconds: float, statistics: Sequence[str]
) -> tuple[int, dict[str, Interval | None]] | None:
    match metric.kind:
        case "trend":
            samples = reading.trend(total, metric, selector)
            if not samples.count:
                return None
            return samples.count, dict(_trend(samples, metric.in_k6, statistics))
        case "rate":
            rate = reading.rate(total, metric.name, selector)
            numbers: dict[str, float] = {"passes": rate.hits, "fails": rate.total - rate.hits}
            return (rate.total, _exact({"rate": rate.share, **numbers})) if rate.total else None
        case "gauge":
            gauge = reading.gauge(total, metric.name, selector)
            if gauge is None:
                return None
            scale = metric.in_k6
            return 1, _exact({"value": gauge.last * scale, "min": gauge.minimum * scale, "max": gauge.maximum * scale})
        case _:
            count = _whole(reading.count(total, metric.name, selector), metric.resolution * metric.in_k6)
            return round(count), _exact({"count": count, "rate": per_second(count, seconds)})


def _exact(numbers: Mapping[str, float | None]) -> dict[str, Interval | None]:
    return {name: None if number is None else Interval(number, number) for name, number in numbers.items()}


def _whole(steps: int, step: float) -> float:
    """steps · step without the rounding of step: 7·10⁹ steps of 1e-9 are 7, and not 7.000000000000001."""
    return steps / round(1 / step) if step < 1 else steps * step


def _trend(samples: Trend, scale: float, statistics: Sequence[str]) -> Iterator[tuple[str, Interval | None]]:
    for statistic in statistics:
        percentile = percentile_of(statistic)
        if statistic == "count":
            yield statistic, Interval(samples.count, samples.count)
        elif percentile is not None:
            yield statistic, _scaled(samples.quantile(percentile / 100), scale)
        elif statistic in ("avg", "min", "max"):
            value = {"avg": samples.mean, "min": samples.minimum, "max": samples.maximum}[statistic]()
            yield statistic, _scaled(value, scale)


def _scaled(value: Interval | None, scale: float) -> Interval | None:
    return None if value is None else Interval(_tidy(value.lower * scale), _tidy(value.upper * scale))


def _tidy(value: float) -> float:
    """Twelve significant digits: more are the rounding of the scale, and a histogram keeps three."""
    return float(f"{value:.12g}")
