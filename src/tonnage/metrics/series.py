"""The name of one stream of numbers: a metric and its tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

_TAG, _VALUE = "\x1f", "\x1e"

CENSORED = ("censored", "true")
"""The tag of samples that are known only from below: the request lasted at least this long."""


@dataclass(frozen=True)
class Series:
    """A metric with tags. Invariant: tags are sorted by name, each name once."""

    metric: str
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        # A series is looked up some ten times a second for as long as the run lasts, and hashed once.
        object.__setattr__(self, "_hash", hash((self.metric, self.tags)))

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined, no-any-return]  # set in __post_init__

    @classmethod
    def of(cls, metric: str, **tags: str) -> Series:
        """The series of a metric with these tags."""
        return cls(metric, tuple(sorted(tags.items())))

    @classmethod
    def parse(cls, key: str) -> Series:
        """Read the form in which a series crosses from the native core (`crates/tonnage-engine/src/window.rs`)."""
        metric, *tags = key.split(_TAG)
        return cls(metric, tuple(sorted((name, value) for name, _, value in (tag.partition(_VALUE) for tag in tags))))

    @cached_property
    def key(self) -> str:
        """The inverse of `parse`."""
        return self.metric + "".join(f"{_TAG}{name}{_VALUE}{value}" for name, value in self.tags)

    @cached_property
    def tag(self) -> Mapping[str, str]:
        """The tags by name."""
        return dict(self.tags)

    @property
    def is_censored(self) -> bool:
        """Whether its samples are lower bounds."""
        return CENSORED in self.tags

    def matches(self, selector: Mapping[str, str]) -> bool:
        """Whether every tag of the selector is there with that value; the empty selector matches all."""
        return all(self.tag.get(name) == value for name, value in selector.items())
