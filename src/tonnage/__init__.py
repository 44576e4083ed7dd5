"""Tonnage: how much load a service can carry, how much headroom is left, and which policy keeps it."""

from tonnage.script.api import (
    Counter,
    Gauge,
    Rate,
    Trend,
    constant_arrival_rate,
    constant_vus,
    per_vu_iterations,
    ramping_arrival_rate,
    ramping_vus,
    scenario,
    setup,
    shared_iterations,
    start,
    stop,
    teardown,
)
from tonnage.script.vu import AsyncVu, Response, Vu

__all__ = [
    "AsyncVu",
    "Counter",
    "Gauge",
    "Rate",
    "Response",
    "Trend",
    "Vu",
    "constant_arrival_rate",
    "constant_vus",
    "per_vu_iterations",
    "ramping_arrival_rate",
    "ramping_vus",
    "scenario",
    "setup",
    "shared_iterations",
    "start",
    "stop",
    "teardown",
]
