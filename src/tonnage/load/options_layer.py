"""Layers of options as they were written, each value with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal

from tonnage.errors import Mistake

Tier = Literal["default", "user file", "project file", "script", "environment", "flags"]

TIERS: Final[tuple[Tier, ...]] = ("default", "user file", "project file", "script", "environment", "flags")
"""In rising precedence."""

OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "insecure_skip_tls_verify": "insecure",
        "discard_response_bodies": "discard_bodies",
        "stage": "stages",
        "threshold": "thresholds",
        "tag": "tags",
        "header": "headers",
        "target": "targets",
    }
)
"""k6's names of options that have another one here, and the singular of those that flags repeat."""


@dataclass(frozen=True)
class Layer:
    """Options from one source, unchecked.

    Attributes:
        source: what people call it: a file's path, "environment", "flags".
        values: nested tables; keys as written, k6's spelling (camelCase) allowed.
        places: dotted path (`limits.started`, `stages[1].target`) → "file:line", or the name of a flag or variable.
        tier: which of two layers wins, and whether it stands above the script.
        textual: every value is a text, as in the environment: "5" may be a number, "a,b" a list.
        mistakes: those found while the layer was read.
    """

    source: str
    values: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    tier: Tier = "project file"
    textual: bool = False
    mistakes: tuple[Mistake, ...] = ()

    def place(self, path: str) -> str:
        """Where the value at `path` stands, or the nearest table around it, or the first value inside it."""
        for nearest in _outwards(snake(path)):
            if nearest in self._places:
                return self._places[nearest]
        return self.source

    @cached_property
    def _places(self) -> dict[str, str]:
        places: dict[str, str] = {}
        for known, place in self.places.items():
            places[snake(known)] = place
            places.setdefault(re.split(r"[.\[]", snake(known), maxsplit=1)[0], place)
        return places


def snake(name: str) -> str:
    """k6's camelCase as Python writes it: `preAllocatedVUs` → `pre_allocated_vus`; the option's own name at the end."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("VUs", "Vus").replace("TLS", "Tls")).lower()
    return OTHER_NAMES.get(words, words)


def _outwards(path: str) -> Iterator[str]:
    yield path
    while cut := max(path.rfind("."), path.rfind("[")):
        if cut < 0:
            return
        path = path[:cut]
        yield path
