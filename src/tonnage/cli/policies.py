"""What the verbs that read policies share: files, `-` for the standard input, and where a text is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonnage.cli.options import World, read_bytes
from tonnage.errors import Mistake, PlanError

if TYPE_CHECKING:
    from tonnage.scaling.files import PolicyFile


def content_of(world: World, name: str, largest: int) -> bytes:
    """The content of a file, or of the standard input for `-`; one byte more than `largest` at most.

    Raises:
        PlanError: it cannot be read; says why.
    """
    if name == "-":
        with click.open_file("-", "rb") as stream:
            return bytes(stream.read(largest + 1))
    path = world.cwd / name
    if path.is_dir():
        raise PlanError(Mistake("", "is a folder: name a file", name))
    try:
        return read_bytes(path, largest, "")
    except PlanError as error:
        raise PlanError(*(Mistake("", mistake.message, name) for mistake in error.mistakes)) from None


def policies(world: World, names: tuple[str, ...], version: str | None) -> list[PolicyFile]:
    """The policies of several files; the mistakes of all of them at once.

    Raises:
        PlanError: with every mistake.
    """
    from tonnage.scaling.files import read_policy
    from tonnage.scaling.yaml_text import LARGEST

    found: list[PolicyFile] = []
    mistakes: list[Mistake] = []
    for name in names:
        try:
            found.append(read_policy(content_of(world, name, LARGEST), name, version=version))
        except PlanError as error:
            mistakes += error.mistakes
    if mistakes:
        raise PlanError(*mistakes)
    return found


def seconds(text: str | None, flag: str, default: float) -> float:
    """A duration from a flag.

    Raises:
        PlanError: it is none; with the flag.
    """
    from tonnage.errors import UnitError
    from tonnage.units import parse_duration

    try:
        return default if text is None else parse_duration(text)
    except UnitError as error:
        raise PlanError(Mistake("", str(error), flag)) from None


def write_text(path: Path, text: str, name: str) -> None:
    """Write a file.

    Raises:
        PlanError: it cannot be written; says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PlanError(Mistake("", f"cannot be written: {error.strerror}", name)) from None
