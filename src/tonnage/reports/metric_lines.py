"""The metrics under k6's names, one line each and two for a Trend: those who come from k6 find what they know.

http_req_duration     avg=123ms min=1.20ms med=101ms max=2.30s p(90)=301ms
                      p(95)=346ms
http_reqs             count=1200 rate=40/s
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tonnage import units
from tonnage.metrics.reading import Interval
from tonnage.metrics.threshold import samples_needed
from tonnage.reports.headline import scale_of
from tonnage.reports.text import Style, padded, wrapped
from tonnage.reports.values import Values, percentile_of, values_of
from tonnage.runs.run import Run

MOST: Final = 14
_FIRST: Final = (
    "http_req_duration", "http_req_waiting", "iteration_duration", "http_reqs", "http_req_failed", "iterations",
    "dropped_iterations", "vus", "data_received", "data_sent",
)  # fmt: skip
_OWN: Final = "custom"
_NAME: Final = 20


def metric_lines(run: Run, style: Style) -> Iterator[str]:
    """The built-in metrics that k6 shows first, then the script's own; the others are in the JSON document."""
    found = {values.name: values for values in values_of(run, run.plan.summary_trend_stats)}
    own = [name for name in found if found[name].metric.meaning.startswith(_OWN) and "{" not in name]
    names = [name for name in (*_FIRST, *own) if name in found]
    if not names:
        return
    yield "Metrics"
    lacking: set[float] = set()
    for name in names[:MOST]:
        yield from _metric(found[name], style, lacking)
    if len(names) > MOST:
        yield f"  {len(names) - MOST} more: tonnage report --json"
    if lacking:
        needs = ", ".join(f"p({p:g}) needs {units.count(samples_needed(p), plain=True)}" for p in sorted(lacking))
        yield from wrapped(style.clean(f"– too few samples: {needs}").split(), style.width, "  ", "  ")


def _metric(values: Values, style: Style, lacking: set[float]) -> Iterator[str]:
    words = []
    for statistic, value in values.values.items():
        percentile = percentile_of(statistic) if statistic != "med" else None
        if percentile is not None and values.samples < samples_needed(percentile):
            lacking.add(percentile)
            words.append(style.clean(f"{statistic}=–"))
        else:
            words.append(style.clean(f"{statistic}={_value(statistic, value, values)}").replace(" ", ""))
    name = padded(style.clip(values.name, _NAME), _NAME)
    yield from wrapped(words, style.width, f"  {name}  ", " " * (_NAME + 4))


def _value(statistic: str, value: Interval | None, values: Values) -> str:
    if value is None:
        return "–"
    scale, render = scale_of(values.metric)
    if render is units.number or (statistic in ("passes", "fails", "count") and values.metric.kind != "counter"):
        text = _plain(value.lower)
    else:
        text = render(value.lower * scale, plain=True)
    if statistic == "rate" and values.metric.kind == "counter":
        text += "/s"
    return text if value.is_exact else f"≥{text}"


def _plain(value: float) -> str:
    """A number; a whole one, as counts are, with all of its digits."""
    return units.count(int(value), plain=True) if float(value).is_integer() else units.number(value, plain=True)
