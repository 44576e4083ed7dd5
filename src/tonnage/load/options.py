"""Options: everything that a user may set about a run, merged from all the places where it can be set.

    defaults  <  user file  <  project file  <  script  <  environment  <  flags

Tables of names (env, tags, headers, limits, thresholds) merge entry by entry. The options that shape the load
(duration, iterations, stages, rate, scenarios) belong together: setting one of them erases the others that stand
lower, as in k6. Each value keeps the place where it was written, and every mistake of every layer is found at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from tonnage.errors import Mistake, PlanError
from tonnage.load.declaration import ScriptDeclaration
from tonnage.load.options_environment import NOT_OPTIONS, from_environment, variable
from tonnage.load.options_layer import TIERS, Layer, Tier, snake
from tonnage.load.options_model import KNOWN, Options, check, json_schema
from tonnage.load.options_scenario import ScenarioOption
from tonnage.load.options_toml import read_toml
from tonnage.load.options_values import ThresholdOption
from tonnage.load.plan import Http, Limits, Plan

__all__ = [
    "KNOWN", "NOT_OPTIONS", "SHAPE", "Layer", "Merged", "Options", "ScenarioOption", "ThresholdOption", "Tier",
    "combine", "defaults", "from_environment", "from_script", "json_schema", "merge", "read_toml", "snake", "variable",
]  # fmt: skip

SHAPE: Final = ("duration", "iterations", "stages", "rate", "scenarios")
_TABLES: Final = ("env", "tags", "headers", "limits", "thresholds")
_EXCLUDING: Final = (
    ("iterations", "stages"),
    ("duration", "stages"),
    ("rate", "iterations"),
    ("iterations", "scenarios"),
    ("duration", "scenarios"),
    ("stages", "scenarios"),
    ("rate", "scenarios"),
)


@dataclass(frozen=True, slots=True)
class Merged:
    """All options together.

    Attributes:
        values: option → value as the Plan wants it; only what was set, or has a default.
        sources: option, or `table.entry` → the place where it was written.
        tiers: the same keys → the layer that won.
        notes: what was erased or has no effect, for people.
        mistakes: of all layers; `merge` raises them, `combine` keeps them for who looks for more.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def get(self, option: str) -> Any:
        """The value of an option, None where it has none."""
        return self.values.get(option)

    def is_above_script(self, option: str) -> bool:
        """Whether the environment or a flag has set the option."""
        return self.tiers.get(option) in {"environment", "flags"}


def defaults() -> Layer:
    """What holds where nothing is set."""
    http, limits = Http(), Limits()
    plan = Plan(())
    values = {
        "late": "queue",
        "graceful_stop": 30.0,
        "timeout": http.timeout,
        "max_redirects": http.max_redirects,
        "insecure": http.insecure,
        "discard_bodies": http.discard_bodies,
        "no_connection_reuse": http.no_connection_reuse,
        "http_debug": http.debug,
        "seed": plan.seed,
        "setup_timeout": plan.setup_timeout,
        "teardown_timeout": plan.teardown_timeout,
        "no_setup": plan.no_setup,
        "no_teardown": plan.no_teardown,
        "no_thresholds": False,
        "summary_trend_stats": list(plan.summary_trend_stats),
        "series_limit": plan.series_limit,
        "limits": {name: getattr(limits, name) for name in Limits.__dataclass_fields__},
        "preflight": True,
    }
    return Layer("default", values, {}, "default")


def from_script(declaration: ScriptDeclaration) -> Layer:
    """The `options` and `thresholds` of a script, with the lines where they stand."""
    path = declaration.source.path
    values = dict(declaration.options)
    if declaration.thresholds:
        own = values.get("thresholds")
        values["thresholds"] = {**(own if isinstance(own, Mapping) else {}), **declaration.thresholds}
    places = {name: f"{path}:{line}" for name, line in _script_lines(declaration.source.source)}
    return Layer(path, values, places, "script")


def merge(layers: Sequence[Layer]) -> Merged:
    """The options of all layers, the higher winning.

    Raises:
        PlanError: every mistake of every layer, each with its place.
    """
    merged = combine(layers)
    if merged.mistakes:
        raise PlanError(*merged.mistakes)
    return merged


def combine(layers: Sequence[Layer]) -> Merged:
    """The same without raising: what is wrong is left out and listed."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    tiers: dict[str, Tier] = {}
    notes: list[str] = []
    mistakes: list[Mistake] = []
    for layer in sorted(layers, key=lambda layer: TIERS.index(layer.tier)):
        found, problems = check(layer.values, textual=layer.textual)
        mistakes += layer.mistakes
        mistakes += [Mistake(path, message, layer.place(path)) for path, message in problems]
        mistakes += _conflicts(layer, found)
        for option in _erased(found, values):
            shaping = next(name for name in (*SHAPE, "vus") if name in found)
            notes.append(f"`{option}` of {sources[option]} is erased by `{shaping}` of {layer.place(shaping)}")
            for record in (values, sources, tiers):
                record.pop(option, None)
        for option, value in found.items():
            for path in _put(values, option, value):
                sources[path], tiers[path] = layer.place(path), layer.tier
    mistakes += _alone(values, sources, {mistake.path.partition("[")[0] for mistake in mistakes})
    frozen = MappingProxyType(values), MappingProxyType(sources), MappingProxyType(tiers)
    return Merged(*frozen, tuple(notes), tuple(mistakes))


def _put(values: dict[str, Any], option: str, value: Any) -> Iterator[str]:
    """Set an option, or the entries of a table; the paths that were set."""
    if option not in _TABLES:
        values[option] = value
        yield option
        return
    table = dict(values.get(option, {}))
    if option == "headers":
        # Header names do not differ by case (RFC 9110, section 5.1): the later spelling replaces the earlier.
        again = {name.lower() for name in value}
        table = {name: kept for name, kept in table.items() if name.lower() not in again}
    values[option] = {**table, **value}
    yield from (f"{option}.{name}" for name in value)


def _erased(found: Mapping[str, Any], lower: Mapping[str, Any]) -> list[str]:
    """The options of lower layers that the shape of this one erases."""
    if any(name in found for name in SHAPE):
        erased = [name for name in SHAPE if name in lower and name not in found]
        # A maximum of VUs belongs to the rate it was written for.
        return erased + (["max_vus"] if "rate" in erased and "max_vus" in lower else [])
    return ["scenarios"] if "vus" in found and "scenarios" in lower else []


def _conflicts(layer: Layer, found: Mapping[str, Any]) -> Iterator[Mistake]:
    for one, other in _EXCLUDING:
        if one in found and other in found:
            text = f"using `{one}` and `{other}` options simultaneously is not allowed: give one of them"
            yield Mistake(one, text, layer.place(one))


def _alone(values: Mapping[str, Any], sources: Mapping[str, str], wrong: set[str]) -> Iterator[Mistake]:
    """What needs another option that is not there, and was not refused either."""
    given = values.keys() | wrong
    if "rate" in values and not given & {"duration", "stages"}:
        text = "a `rate` needs a `duration` or `stages`: say how long it lasts"
        yield Mistake("rate", text, sources["rate"])
    if "max_vus" in values and "rate" not in given:
        yield Mistake("max_vus", "`max_vus` needs a `rate`: closed load has `vus`", sources["max_vus"])


def _script_lines(source: str) -> Iterator[tuple[str, int]]:
    """(dotted path, line) of the keys of `options = {…}` and `thresholds = {…}` as far as they are written out."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return  # not Python: places are files without lines
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in {"options", "thresholds"}:
            value = getattr(node, "value", None)
            prefix = "" if target.id == "options" else "thresholds"
            if prefix:
                yield prefix, node.lineno
            yield from _literal_lines(value, prefix)


def _literal_lines(node: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                inside = f"{path}.{key.value}".lstrip(".")
                yield inside, key.lineno
                yield from _literal_lines(value, inside)
    elif isinstance(node, ast.List | ast.Tuple):
        for i, item in enumerate(node.elts):
            yield f"{path}[{i}]", item.lineno
            yield from _literal_lines(item, f"{path}[{i}]")
