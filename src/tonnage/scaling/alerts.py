"""The levels at which operators are warned: what the lint compares targets with, and what PrometheusRules say.

Source:
    CPU, memory, queue depth, error rate and P95: the alert table of the load-and-scale guide (Clay). P99 and the
    connection pool: the recommendations of the load-test report (EasyMO); its memory level, 75 %, is the table's too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Level:
    """A measure with the level above which it warns, and the one above which it is critical (None: there is none).

    `words` are those that the name of its metric contains; `unit` is % or ms, "" for a number.
    """

    alert: str
    title: str
    warning: float
    critical: float | None
    unit: str = ""
    words: frozenset[str] = frozenset()


CPU: Final = Level("HighCpuUtilization", "CPU utilization of the requests", 70, 85, "%", frozenset({"cpu"}))
MEMORY: Final = Level("HighMemoryUsage", "memory usage of the limits", 75, 90, "%", frozenset({"memory"}))
QUEUE: Final = Level("DeepRequestQueue", "request queue depth", 100, 500, "", frozenset({"queue", "depth"}))
ERRORS: Final = Level("HighErrorRate", "error rate", 1, 5, "%")
P95: Final = Level("HighP95Latency", "P95 latency", 1000, 3000, "ms")
P99: Final = Level("HighP99Latency", "P99 latency", 800, None, "ms")
POOL: Final = Level("ConnectionPoolNearlyFull", "use of the database's connection pool", 80, None, "%")

LEVELS: Final = (CPU, MEMORY, QUEUE, ERRORS, P95, P99, POOL)
