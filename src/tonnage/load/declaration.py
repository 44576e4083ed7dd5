"""What a script declares about its load, before any option is applied: data, no callables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tonnage.load.executor import Executor
from tonnage.load.plan import CustomMetric, Late, ScriptSource


@dataclass(frozen=True, slots=True)
class ScenarioDeclaration:
    """A function of the script with the load that it asks for; without an executor it takes the run's options."""

    name: str
    exec: str
    executor: Executor | None = None
    start_time: float = 0.0
    graceful_stop: float | None = None
    late: Late | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class ScriptDeclaration:
    """A script as far as a Plan needs to know it.

    Attributes:
        thresholds: as k6 writes them: metric with selector → an expression, or a list of expressions and of tables
            `{threshold, abort_on_fail, delay_abort_eval}`.
        options: the script's own `options` table, a layer of options like a file's.
    """

    source: ScriptSource
    scenarios: tuple[ScenarioDeclaration, ...] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[CustomMetric, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    has_setup: bool = False
    has_teardown: bool = False
