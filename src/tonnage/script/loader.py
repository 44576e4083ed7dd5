"""From a file to a Script: what it declares, and the functions that the engine will call."""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tonnage.errors import ScriptError, TonnageError
from tonnage.load import options_values as option
from tonnage.load.declaration import ScenarioDeclaration, ScriptDeclaration
from tonnage.load.executor import Executor
from tonnage.load.plan import ScriptSource
from tonnage.script.api import HOOK_MARK, SCENARIO_MARK
from tonnage.script.metrics import CustomMetricBase

Function = Callable[..., Any]

_LARGEST_SCRIPT = 10 * 1024 * 1024


@dataclass(frozen=True)
class Script:
    """A loaded script: data for the Plan, functions and metrics for the engine."""

    declaration: ScriptDeclaration
    functions: Mapping[str, Function]
    hooks: Mapping[str, Function] = field(default_factory=dict)
    metrics: tuple[CustomMetricBase, ...] = ()


def load_script(path: Path) -> Script:
    """Read and run a script once; its directory is importable while it runs, as with `python script.py`.

    Raises:
        ScriptError: the file cannot be read, raises at import, or declares nothing to run; with file and line.
    """
    source = _read(path)
    module = _execute(path, source)
    functions: dict[str, Function] = {}
    hooks: dict[str, Function] = {}
    metrics: list[CustomMetricBase] = []
    scenarios: list[ScenarioDeclaration] = []
    for name, value in vars(module).items():
        if isinstance(value, CustomMetricBase):
            metrics.append(value)
        elif callable(value) and hasattr(value, SCENARIO_MARK):
            scenarios.append(_scenario(path, name, value))
            functions[name] = value
        elif callable(value) and hasattr(value, HOOK_MARK):
            _add_hook(path, hooks, getattr(value, HOOK_MARK), value)
    if not scenarios and callable(default := vars(module).get("default")):
        scenarios.append(_scenario(path, "default", default))
        functions["default"] = default
    if not scenarios:
        text = "nothing to run: mark a function with @scenario, or write `async def default(vu)`"
        raise ScriptError(text, str(path), 1)
    declaration = ScriptDeclaration(
        ScriptSource(str(path), hashlib.sha256(source.encode()).hexdigest(), source),
        tuple(scenarios),
        _table(path, module, "thresholds"),
        tuple(metric.declaration for metric in metrics),
        _table(path, module, "options"),
        "setup" in hooks,
        "teardown" in hooks,
    )
    return Script(declaration, functions, hooks, tuple(metrics))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_SCRIPT:
            raise ScriptError("the script is larger than 10 MB: load data with open() instead", str(path))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScriptError(f"the script is not UTF-8 text: {error}", str(path)) from error
    except OSError as error:
        raise ScriptError(f"the script cannot be read: {error.strerror}", str(path)) from error


def _execute(path: Path, source: str) -> ModuleType:
    module = ModuleType("tonnage_script")
    module.__file__ = str(path)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    # A module of this name makes classes of the script picklable and its dataclasses resolvable.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # running the user's script is the point
    except TonnageError as error:
        raise ScriptError(str(error), str(path), line_of(error, path)) from error
    except SyntaxError as error:
        raise ScriptError(f"syntax error: {error.msg}", str(path), error.lineno or 0) from error
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise ScriptError(f"the script raised while it was loaded: {what}", str(path), line_of(error, path)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return module


def line_of(error: BaseException, path: Path | str) -> int:
    """The line of the script at which an exception passed through it last; 0 where it never did."""
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else 0


def _scenario(path: Path, name: str, function: Function) -> ScenarioDeclaration:
    mark: tuple[Executor | None, Mapping[str, Any]] = getattr(function, SCENARIO_MARK, (None, {}))
    executor, options = mark
    line = function.__code__.co_firstlineno if hasattr(function, "__code__") else 0
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise ScriptError(f"{name} must take one argument, the VU", str(path), line) from None
    values: dict[str, Any] = {}
    for key, reader in _OPTIONS.items():
        if options.get(key) is not None:
            try:
                values[key] = reader(options[key], False)
            except ValueError as error:
                raise ScriptError(f"{key} of {name}: {error}", str(path), line) from None
    return ScenarioDeclaration(exec=name, executor=executor, line=line, **{"name": name, **values})


_OPTIONS: Mapping[str, Callable[[Any, bool], Any]] = {
    "name": option.text,
    "start_time": option.time,
    "graceful_stop": option.time,
    "late": option.text,
    "env": option.plain_table,
    "tags": option.plain_table,
}


def _add_hook(path: Path, hooks: dict[str, Function], kind: str, function: Function) -> None:
    if kind in hooks:
        raise ScriptError(
            f"there are two functions for {kind}; one is enough", str(path), function.__code__.co_firstlineno
        )
    hooks[kind] = function


def _table(path: Path, module: ModuleType, name: str) -> Mapping[str, Any]:
    table = vars(module).get(name, {})
    if not isinstance(table, Mapping):
        raise ScriptError(f"`{name}` must be a dict, not {type(table).__name__}", str(path))
    return table
