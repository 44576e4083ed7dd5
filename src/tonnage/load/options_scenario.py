"""k6's `scenarios` table: from a name and an executor table to data, every mistake at once.

Keys are k6's (`preAllocatedVUs`) or Python's (`pre_allocated_vus`); durations are texts or numbers of seconds. Each
executor has its own keys, and anything else is a mistake, as in k6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tonnage.load import options_values as read
from tonnage.load.codec import suggestion
from tonnage.load.executor import (
    EXECUTORS,
    MOST_VUS,
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
)
from tonnage.load.options_layer import snake
from tonnage.load.plan import Late

NAME: Final = re.compile(r"[0-9a-zA-Z_-]+")


@dataclass(frozen=True, slots=True)
class ScenarioOption:
    """One entry of `scenarios`; without `exec`, the function of the scenario's name or else `default`."""

    executor: Executor
    exec: str | None = None
    start_time: float = 0.0
    graceful_stop: float | None = None
    late: Late | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


_Reader = Callable[[Any, bool], Any]


def _late(value: Any, textual: bool) -> str:
    if value not in {"queue", "drop"}:
        raise ValueError(f"{read.shown(value)} is none of queue, drop")
    return str(value)


def _whole(least: int, most: int = MOST_VUS) -> _Reader:
    return lambda value, textual: read.whole(value, textual, least, most)


_COMMON: Final[Mapping[str, _Reader]] = {
    "start_time": read.time,
    "graceful_stop": read.time,
    "env": read.plain_table,
    "exec": read.text,
    "tags": read.plain_table,
    "late": _late,
}
_ITERATIONS: Final[Mapping[str, _Reader]] = {
    "vus": _whole(1),
    "iterations": _whole(1, 2**53),
    "max_duration": read.time,
}
_OPEN: Final[Mapping[str, _Reader]] = {
    "time_unit": read.time,
    "pre_allocated_vus": _whole(0),
    "max_vus": _whole(1),
}
_OWN: Final[Mapping[str, Mapping[str, _Reader]]] = {
    ConstantVus.kind: {"vus": _whole(1), "duration": read.time},
    RampingVus.kind: {"start_vus": _whole(0), "stages": read.stages, "graceful_ramp_down": read.time},
    SharedIterations.kind: _ITERATIONS,
    PerVuIterations.kind: _ITERATIONS,
    ConstantArrivalRate.kind: {"rate": read.number, "duration": read.time, **_OPEN},
    RampingArrivalRate.kind: {"start_rate": read.number, "stages": read.stages, **_OPEN},
}
EXECUTOR_KEYS: Final = frozenset(_OWN)
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    ConstantVus.kind: ("duration",),
    RampingVus.kind: ("stages",),
    ConstantArrivalRate.kind: ("rate", "duration", "pre_allocated_vus"),
    RampingArrivalRate.kind: ("stages", "pre_allocated_vus"),
}


def scenarios(value: Any, textual: bool) -> dict[str, ScenarioOption]:
    """The scenarios of a table.

    Raises:
        Wrong: with the path of each mistake inside the table.
    """
    if not isinstance(value, Mapping) or not value:
        raise ValueError("a table of scenarios is needed: a name and an executor table each")
    found: dict[str, ScenarioOption] = {}
    wrong: list[tuple[str, str]] = []
    for name, table in value.items():
        try:
            found[str(name)] = _scenario(str(name), table)
        except read.Wrong as error:
            wrong += [(f".{name}{inside}", message) for inside, message in error.items]
        except ValueError as error:
            wrong.append((f".{name}", str(error)))
    if wrong:
        raise read.Wrong(*wrong)
    return found


def name_mistake(name: str) -> str | None:
    """What is wrong with a scenario's name."""
    if NAME.fullmatch(name):
        return None
    return f"{read.shown(name)} is no scenario name: use letters, digits, _ and - only"


def _scenario(name: str, table: Any) -> ScenarioOption:
    if mistake := name_mistake(name):
        raise ValueError(mistake)
    if not isinstance(table, Mapping):
        raise ValueError(f"an executor table is needed, not {read.shown(table)}")
    # k6 keeps settings of its browser in `options`; there is nothing of it here to set.
    fields = {snake(str(key)): value for key, value in table.items() if value is not None and key != "options"}
    if len(fields) < sum(value is not None and key != "options" for key, value in table.items()):
        raise ValueError("one key is there twice, in the spelling of k6 and in that of Python: give one of them")
    kind = fields.pop("executor", None)
    if kind not in _OWN:
        known = suggestion(str(kind)[:60], list(EXECUTORS)) if isinstance(kind, str) else ""
        raise read.Wrong(
            (".executor", f"{read.shown(kind)} is no executor{known or '; give one, such as constant-vus'}")
        )
    values, wrong = _read(kind, fields)
    wrong += [(f".{key}", f"`{key}` is needed by {kind}") for key in _REQUIRED.get(kind, ()) if key not in fields]
    if wrong:
        raise read.Wrong(*wrong)
    own = {key: values.pop(key) for key in list(values) if key in _OWN[kind]}
    executor = _executor(kind, own)
    mistakes = executor.validate()
    if mistakes:
        raise read.Wrong(*((f".{mistake.path}", mistake.message) for mistake in mistakes))
    return ScenarioOption(executor, **values)


def _read(kind: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    readers = {**_COMMON, **_OWN[kind]}
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for key, value in fields.items():
        reader = readers.get(key)
        if reader is None:
            wrong.append((f".{key}", f"{kind} has no key `{key[:60]}`{suggestion(key[:60], list(readers))}"))
            continue
        try:
            values[key] = reader(value, False)
        except read.Wrong as error:
            wrong += [(f".{key}{inside}", message) for inside, message in error.items]
        except ValueError as error:
            wrong.append((f".{key}", str(error)))
    return values, wrong


def _executor(kind: str, own: dict[str, Any]) -> Executor:
    if "pre_allocated_vus" in own:
        own.setdefault("time_unit", 1.0)
        own.setdefault("max_vus", max(own["pre_allocated_vus"], 1))
    if kind == RampingArrivalRate.kind:
        own.setdefault("start_rate", 0.0)
    if kind == ConstantVus.kind:
        own.setdefault("vus", 1)
    make: Callable[..., Executor] = partial(EXECUTORS[kind])
    return make(**own)
