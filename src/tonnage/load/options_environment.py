"""The variables TONNAGE_* as a Layer.

    TONNAGE_<OPTION>           TONNAGE_VUS=10   TONNAGE_STAGES=30s:10,1m:0   TONNAGE_TARGETS=a,b
    TONNAGE_<TABLE>_<NAME>     TONNAGE_LIMITS_STARTED=0.95   TONNAGE_ENV_TOKEN=…   TONNAGE_HEADERS_X_TENANT=…

An empty variable counts as unset, but for entries of tables. Any other TONNAGE_ name is a mistake, except those that
belong to other parts of the tool: `NOT_OPTIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from tonnage.errors import Mistake
from tonnage.load.codec import suggestion
from tonnage.load.options_layer import Layer
from tonnage.load.options_model import KNOWN, LIMITS

PREFIX: Final = "TONNAGE_"
NOT_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TONNAGE_CONFIG": "the configuration file, as --config",
        "TONNAGE_FEATURES": "features that are not stable yet",
        "TONNAGE_SHARED": "folder of the vectors that the test suite reads",
    }
)
_TABLES: Final = ("env", "tags", "headers", "limits")
_NOT_SETTABLE: Final = ("scenarios",)  # as in k6: no text could hold them


def variable(option: str) -> str:
    """The variable of an option."""
    return PREFIX + option.upper()


def from_environment(environment: Mapping[str, str]) -> Layer:
    """The options that the environment sets; unknown names become mistakes of the layer."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in NOT_OPTIONS:
            continue
        option, inside = _split(name)
        if option not in KNOWN or option in _NOT_SETTABLE:
            mistakes.append(Mistake("", _unknown(name, option), name[:120]))
        elif inside:
            values.setdefault(option, {})[inside] = text
            places[f"{option}.{inside}"] = name
        elif text:
            values[option] = text if option not in _TABLES else _pairs(option, text, values.get(option, {}), mistakes)
            places[option] = name
    return Layer("environment", values, places, "environment", True, tuple(mistakes))


def _split(name: str) -> tuple[str, str]:
    """The option and, in a table, the name inside it: env names as they are, tags and limits in lower case."""
    rest = name.removeprefix(PREFIX)
    for table in _TABLES:
        if rest.startswith(f"{table.upper()}_") and len(rest) > len(table) + 1:
            inside = rest[len(table) + 1 :]
            if table == "headers":
                return table, inside.replace("_", "-").lower()
            return table, inside if table == "env" else inside.lower()
    return rest.lower(), ""


def _pairs(option: str, text: str, known: Any, mistakes: list[Mistake]) -> dict[str, Any]:
    """ "a=1,b=2" of a whole table; single variables stand above it."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not key.strip() or not equals:
            mistakes.append(Mistake(option, "NAME=VALUE is needed, several with commas between them", variable(option)))
            return dict(known)
        found[key.strip()] = value.strip()
    return found | dict(known)


def _unknown(name: str, option: str) -> str:
    if option in _NOT_SETTABLE:
        return f"`{option}` cannot be set by a variable: write it in tonnage.toml or in the script"
    names = [variable(known) for known in KNOWN if known not in _NOT_SETTABLE]
    names += [variable(f"limits_{limit}") for limit in LIMITS] + list(NOT_OPTIONS)
    near = suggestion(name[:80], names)
    remedy = near if near.startswith("; did") else "; `tonnage config schema` lists the options"
    return f"no option has the variable {name[:80]}{remedy}"
