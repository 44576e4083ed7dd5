"""Whether a run can support a conclusion: each condition with what was measured and what is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from tonnage.load.executor import PerVuIterations, SharedIterations
from tonnage.load.plan import Limits, Plan
from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.window import Window
from tonnage.runs.run import Check, Ending, Event
from tonnage.units import percent, seconds

FEWEST_FOR_A_P99 = 100
"""Below it the p99 is the largest sample."""

BUDGETED = (SharedIterations, PerVuIterations)


def validity(plan: Plan, total: Window, ending: Ending | None, events: Sequence[Event]) -> Iterator[Check]:
    """Every condition of validity, met or not; a condition about something that was not done is left out."""
    if plan.rehearsal is not None:
        yield from _events(events)  # there was no generator whose faults could spoil it
        return
    limits = plan.limits
    yield from _load(total, limits)
    yield from _answers(plan, total)
    yield from _lateness(total, limits)
    yield from _generator(total, limits)
    yield from _script(total, limits)
    if ending is not None:
        yield from _hung(ending, limits)
        yield from _duration(plan, ending)
    yield from _events(events)


def _time(value: float) -> str:
    return seconds(value, plain=True)


def _share(value: float) -> str:
    return percent(value, plain=True)


def _load(total: Window, limits: Limits) -> Iterator[Check]:
    due, started = reading.count(total, "arrivals_due"), reading.count(total, "arrivals_started")
    if due:
        share = started / due
        measured = f"{started} of {due} arrivals started ({_share(share)})"
        yield Check("load delivered", share >= limits.started, measured, f"at least {_share(limits.started)}")
    iterations = reading.count(total, "iterations_started")
    yield Check("samples", iterations > 0, f"{iterations} iterations started", "at least 1")


def _answers(plan: Plan, total: Window) -> Iterator[Check]:
    """Where no threshold judges failures, a system that never answered would seem to have passed."""
    requests = reading.count(total, "http_reqs")
    if requests and not any(
        threshold.metric in {"http_req_failed", "http_req_errors"} for threshold in plan.thresholds
    ):
        answers = requests - reading.count(total, "http_req_errors")
        yield Check("answers", answers > 0, f"{answers} of {requests} requests were answered", "at least 1")


def _lateness(total: Window, limits: Limits) -> Iterator[Check]:
    lag = reading.trend(total, BUILT_IN["arrival_lag"]).quantile(0.99)
    response = reading.trend(total, BUILT_IN["http_req_response_time"]).quantile(0.99)
    allowed = max(limits.arrival_lag, limits.arrival_lag_share * (response.lower if response else 0.0))
    if lag is not None:
        yield Check("start lateness p99", lag.lower <= allowed, _time(lag.lower), f"at most {_time(allowed)}")
    waits = reading.trend(total, BUILT_IN["generator_script_lag"])
    script = _without_warm_up(waits)
    if script is not None:
        yield Check("script lag p99", script <= allowed, _time(script), f"at most {_time(allowed)}")


def _without_warm_up(waits: reading.Trend) -> float | None:
    """The p99; of few samples the second largest: the first resumption of a script warms up, and is no rule."""
    n = waits.complete.count
    if n < 2:
        return None
    rank = ceil(0.99 * n) if n >= FEWEST_FOR_A_P99 else n - 1
    return waits.complete.value_at_rank(rank) * waits.resolution


def _generator(total: Window, limits: Limits) -> Iterator[Check]:
    watched = reading.count(total, "generator_seconds")
    if watched:
        busy = reading.count(total, "generator_saturated_seconds")
        most = reading.gauge(total, "generator_cpu", {"thread": "engine"})
        allowed = max(1, watched // 20)
        highest = f", at most {_share(most.maximum)} of a core" if most else ""
        measured = f"saturated in {busy} of {watched} s{highest}"
        limit = _share(limits.generator_cpu)
        yield Check("generator CPU", busy <= allowed, measured, f"above {limit} of a core in at most {allowed} s")
    lag = reading.trend(total, BUILT_IN["generator_loop_lag"]).quantile(0.99)
    if lag is not None:
        yield Check("loop lag p99", lag.lower <= limits.loop_lag, _time(lag.lower), f"at most {_time(limits.loop_lag)}")
    for name, most_name, title in (
        ("generator_open_files", "generator_open_files_limit", "open files"),
        ("generator_ports", "generator_ports_limit", "local ports"),
    ):
        used, most = reading.gauge(total, name), reading.gauge(total, most_name)
        if used and most and most.last > 0:
            measured = f"{used.maximum:.0f} of {most.last:.0f}"
            needed = f"at most {_share(limits.open_files)}"
            yield Check(title, used.maximum / most.last <= limits.open_files, measured, needed)


def _script(total: Window, limits: Limits) -> Iterator[Check]:
    iterations, errors = reading.count(total, "iterations"), reading.count(total, "iteration_errors")
    if iterations:
        share = errors / iterations
        measured = f"{errors} of {iterations} iterations raised ({_share(share)})"
        needed = f"at most {_share(limits.iteration_errors)}"
        yield Check("script errors", share <= limits.iteration_errors, measured, needed)


def _hung(ending: Ending, limits: Limits) -> Iterator[Check]:
    allowed = max(1, ceil(limits.hung_vus * ending.vus)) - 1
    measured = f"{ending.hung} of {ending.vus} VUs ended inside a request older than the slowest answer"
    yield Check("hung VUs", ending.hung <= allowed, measured, f"at most {allowed}")


def _duration(plan: Plan, ending: Ending) -> Iterator[Check]:
    """Asked and delivered duration; a run that was stopped, or that ends with its iterations, says so elsewhere."""
    budgeted = any(isinstance(scenario.executor, BUDGETED) for scenario in plan.scenarios)
    if ending.reason != "completed" or budgeted or plan.duration <= 0:
        return
    share = abs(ending.duration - plan.duration) / plan.duration
    measured = f"{_time(ending.duration)} of {_time(plan.duration)} asked for"
    yield Check("duration", share <= plan.limits.duration, measured, f"within {_share(plan.limits.duration)}")


def _events(events: Sequence[Event]) -> Iterator[Check]:
    names = {
        "generator_fault": "generator",
        "clock_step": "clock",
        "suspended": "clock",
        "script_stuck": "script",
        "unstable": "stability",
    }
    for event in events:
        if event.kind in names:
            yield Check(names[event.kind], False, event.text, "none")
