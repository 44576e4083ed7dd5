"""Where and with what a run was made: types only; `engine.health` collects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Environment:
    """What is needed to know under which conditions a run was made, and to make it again."""

    tonnage: str = ""
    python: str = ""
    system: str = ""
    machine: str = ""
    cpus: int = 0
    memory: int = 0
    command: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
