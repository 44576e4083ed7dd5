"""Frozen dataclasses to JSON data and back, strictly: what is not a field is a mistake.

Small on purpose: it knows dataclasses, tuples, mappings of strings, optionals, literals, plain values, and executors,
which are told apart by their `kind`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tonnage.errors import Mistake, PlanError

T = TypeVar("T")


def encode(value: Any) -> Any:
    """JSON data of a value."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = getattr(type(value), "kind", None)
        data = {"kind": kind} if isinstance(kind, str) else {}
        return data | {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(cls: type[T], data: Any) -> T:
    """The value of `cls` that `data` describes.

    Raises:
        PlanError: with every mistake found.
    """
    mistakes: list[Mistake] = []
    value: T = _decode(cls, data, "", mistakes)
    if mistakes:
        raise PlanError(*mistakes)
    return value


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean X?` where a known name is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(sorted(known))}"


def _decode(hint: Any, data: Any, path: str, mistakes: list[Mistake]) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _decode_union(hint, data, path, mistakes)
    if origin is tuple:
        return _decode_tuple(get_args(hint), data, path, mistakes)
    if origin is Literal:
        if data not in get_args(hint):
            mistakes.append(Mistake(path, f"{data!r} is none of {', '.join(map(repr, get_args(hint)))}"))
        return data
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _decode_mapping(get_args(hint)[1], data, path, mistakes)
    if is_dataclass(hint):
        return _decode_record(hint, data, path, mistakes)
    return _decode_plain(hint, data, path, mistakes)


def _decode_union(hint: Any, data: Any, path: str, mistakes: list[Mistake]) -> Any:
    options = get_args(hint)
    if data is None and type(None) in options:
        return None
    options = tuple(option for option in options if option is not type(None))
    if len(options) == 1:
        return _decode(options[0], data, path, mistakes)
    kinds = {option.kind: option for option in options}
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind not in kinds:
        text = f"{kind!r} is no executor" + suggestion(str(kind), list(kinds))
        mistakes.append(Mistake(f"{path}.kind", text))
        return None
    return _decode_record(kinds[kind], {key: value for key, value in data.items() if key != "kind"}, path, mistakes)


def _decode_tuple(items: tuple[Any, ...], data: Any, path: str, mistakes: list[Mistake]) -> Any:
    if not isinstance(data, list | tuple):
        mistakes.append(Mistake(path, f"a list is needed, not {data!r}"))
        return ()
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_decode(items[0], item, f"{path}[{i}]", mistakes) for i, item in enumerate(data))
    if len(data) != len(items):
        mistakes.append(Mistake(path, f"{len(items)} values are needed, not {len(data)}"))
        return ()
    pairs = enumerate(zip(items, data, strict=True))
    return tuple(_decode(hint, item, f"{path}[{i}]", mistakes) for i, (hint, item) in pairs)


def _decode_mapping(hint: Any, data: Any, path: str, mistakes: list[Mistake]) -> Any:
    if not isinstance(data, Mapping):
        mistakes.append(Mistake(path, f"a table of names and values is needed, not {data!r}"))
        return {}
    return {str(key): _decode(hint, value, f"{path}.{key}", mistakes) for key, value in data.items()}


def _decode_record(cls: Any, data: Any, path: str, mistakes: list[Mistake]) -> Any:
    if not isinstance(data, Mapping):
        mistakes.append(Mistake(path, f"a table is needed, not {data!r}"))
        return None
    hints = {name: hint for name, hint in get_type_hints(cls).items() if get_origin(hint) is not ClassVar}
    before = len(mistakes)
    values = {}
    for name, value in data.items():
        if name in hints:
            values[name] = _decode(hints[name], value, f"{path}.{name}".lstrip("."), mistakes)
        else:
            where = f"{path}.{name}".lstrip(".")
            mistakes.append(Mistake(where, f"unknown key `{name}`" + suggestion(name, list(hints))))
    if len(mistakes) > before:
        return None
    try:
        return cls(**values)
    except TypeError as error:
        mistakes.append(Mistake(path, f"a value is missing: {error}"))
        return None


def _decode_plain(hint: Any, data: Any, path: str, mistakes: list[Mistake]) -> Any:
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if hint is Any or (isinstance(data, hint) and not (hint is int and isinstance(data, bool))):
        return data
    names = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
    mistakes.append(Mistake(path, f"{names.get(hint, hint)} is needed, not {data!r}"))
    return None
