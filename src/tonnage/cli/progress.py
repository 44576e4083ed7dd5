"""What is seen while a run is made: a few live lines in a terminal, one plain line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
from typing import TextIO

from tonnage.load.plan import Plan
from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.window import Window
from tonnage.runs.run import Event, ThresholdResult
from tonnage.units import count, percent, seconds

EVERY = 10
"""Seconds between two plain lines."""
_QUIET_EVENTS = frozenset({"threshold_failed"})
_LONGEST = 2000


def live_lines(plan: Plan, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> list[str]:
    """At most twelve lines: phase, rates, response time, errors, generator, thresholds."""
    span = max(1, min(10, elapsed))
    total = max(plan.duration, 1.0)
    done = min(1.0, elapsed / total)
    bar = "#" * round(done * 38)
    lines = [f"[{bar:-<38}] {_clock(elapsed)} of {_clock(total)}   {_vus(last)}"]
    lines.append(_rates(last, span))
    lines.append(_response(last))
    lines.append(_errors(last))
    lag = reading.trend(last, BUILT_IN["arrival_lag"]).quantile(0.99)
    cpu = reading.gauge(last, "generator_cpu", {"thread": "engine"})
    lateness = f"lateness p99 {seconds(lag.lower, plain=True)}   " if lag else ""
    lines.append(f"generator {lateness}CPU {percent(cpu.last, plain=True) if cpu else '-'}")
    shown = sorted(thresholds, key=lambda result: (result.ok is not False, result.margin or 0.0))
    lines += [_threshold(result) for result in shown[:5]]
    if len(shown) > 5:
        lines.append(f"          {len(shown) - 5} more")
    return [line[:78] for line in lines]


def plain_line(elapsed: int, last: Window) -> str:
    """One line for a log: how far, how fast, how slow, what failed."""
    span = max(1, min(10, elapsed))
    return f"{_clock(elapsed)}  {_rates(last, span)}  {_response(last)}  {_errors(last)}"


def _clock(value: float) -> str:
    minutes, rest = divmod(int(value), 60)
    return f"{minutes}:{rest:02d}"


def _vus(last: Window) -> str:
    active, made = reading.gauge(last, "vus"), reading.gauge(last, "vus_max")
    return f"{active.last:.0f} of {made.last:.0f} VUs active" if active and made else ""


def _rates(last: Window, span: int) -> str:
    due, started = reading.count(last, "arrivals_due"), reading.count(last, "iterations_started")
    asked = f"due {due / span:.1f}/s  " if due else ""
    return f"rate      {asked}started {started / span:.1f}/s  requests {reading.count(last, 'http_reqs') / span:.1f}/s"


def _response(last: Window) -> str:
    trend = reading.trend(last, BUILT_IN["http_req_response_time"])
    parts = []
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        value = trend.quantile(q)
        if value is not None:
            parts.append(f"{name} {'' if value.is_exact else '>='}{seconds(value.lower, plain=True)}")
    return "response  " + ("  ".join(parts) or "no answers")


def _errors(last: Window) -> str:
    failed = reading.rate(last, "http_req_failed")
    return f"errors    {count(failed.hits, plain=True)} of {count(failed.total, plain=True)} requests"


def _threshold(result: ThresholdResult) -> str:
    word = {True: "pass", False: "FAIL", None: "-"}[result.ok]
    margin = "" if result.margin is None else f"  {percent(result.margin, signed=True, plain=True)}"
    value = "no data" if result.lower is None else f"{result.lower:.4g}"
    return f"{word:<9} {result.name} {result.expression}  {value}{margin}"


def event_line(event: Event) -> str | None:
    """An event in words, or None where it is not worth a line."""
    if event.kind in _QUIET_EVENTS:
        return None
    text = event.text if len(event.text) <= _LONGEST else event.text[:_LONGEST] + " ..."
    return text if event.kind == "http_debug" else f"{event.kind.replace('_', ' ')}: {text}"


class PlainProgress:
    """One line every ten seconds."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None:
        del thresholds
        if elapsed % EVERY == 0:
            self._say(plain_line(elapsed, last))

    def event(self, event: Event) -> None:
        if (line := event_line(event)) is not None:
            self._say(line)

    def close(self) -> None:
        pass

    def _say(self, line: str) -> None:
        # That nobody reads the progress is no reason to end a run.
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self._out, flush=True)


class QuietProgress:
    """Events that a person must see, and nothing else."""

    def __init__(self, out: TextIO) -> None:
        self._plain = PlainProgress(out)

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None:
        pass

    def event(self, event: Event) -> None:
        self._plain.event(event)

    def close(self) -> None:
        pass


class LiveProgress:
    """Lines that are drawn over, at most twice a second."""

    def __init__(self, plan: Plan, out: TextIO) -> None:
        # rich costs 60 ms of start-up: it is imported where something is drawn.
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._plan, self._text = plan, Text
        self._console = Console(file=out, highlight=False, markup=False, soft_wrap=False)
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._live.start()

    def second(self, elapsed: int, last: Window, thresholds: tuple[ThresholdResult, ...]) -> None:
        self._live.update(self._text("\n".join(live_lines(self._plan, elapsed, last, thresholds))))

    def event(self, event: Event) -> None:
        if (line := event_line(event)) is not None:
            self._console.print(line)

    def close(self) -> None:
        self._live.stop()
