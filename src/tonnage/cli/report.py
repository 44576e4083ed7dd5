"""`tonnage report`: what a stored run says, in words or as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar

import click

from tonnage.errors import StoreError
from tonnage.reports.figures import COUNTED_BY_SECOND
from tonnage.reports.json_document import json_document
from tonnage.reports.summary import summary
from tonnage.reports.text import Style
from tonnage.runs.store import Store

Command = TypeVar("Command", bound=Callable[..., Any])

NARROWEST: Final = 40
WIDEST: Final = 80


class Screen(Protocol):
    """What these commands need to know of the world: where runs are, and what the terminal can show."""

    @property
    def store_path(self) -> Path | str: ...
    @property
    def color(self) -> bool: ...
    @property
    def ascii(self) -> bool: ...
    @property
    def width(self) -> int: ...


class Unreadable(click.ClickException):
    """A run that cannot be found or read: one plain sentence on the error stream."""

    exit_code = 104

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"tonnage: {self.message}", file=file, err=file is None)


@contextmanager
def opened(screen: Screen, store: Path | None) -> Iterator[Store]:
    """The store of --store or of the world; its faults become an exit code."""
    try:
        yield Store(store or screen.store_path)
    except StoreError as error:
        raise Unreadable(style_of(screen).clean(str(error))) from error


def style_of(screen: Screen) -> Style:
    """How texts are written on this screen."""
    return Style(screen.color, screen.ascii, max(NARROWEST, min(screen.width, WIDEST)))


def store_option() -> Callable[[Command], Command]:
    """--store, as every command that reads runs has it."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("--store", type=kind, metavar="FOLDER", help="Where the runs are. [env: TONNAGE_STORE]")


def print_json(data: Any) -> None:
    """One JSON document on the standard output; ASCII, so that no encoding can break it."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


@click.command("report")
@click.argument("run", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the summary.")
@store_option()
@click.pass_obj
def report_command(screen: Screen, run: str, as_json: bool, store: Path | None) -> None:
    """Print the summary of a stored run, also of one whose process was killed.

    \b
      tonnage report last
      tonnage report 20261124-1943 --json

    RUN is an id, the beginning of one, or "last".
    """
    with opened(screen, store) as runs:
        found = runs.load(run, None)
        if found.plan.rehearsal is None:
            found = runs.load(found.id, counters=COUNTED_BY_SECOND)
        else:
            found = runs.load(found.id, 60)
    if found.plan.rehearsal is not None:
        from tonnage.reports.scaling import scaling_document, scaling_text

        if as_json:
            print_json({**json_document(found), "scaling": scaling_document(found)})
        else:
            click.echo(scaling_text(found, style_of(screen)), nl=False, color=screen.color)
    elif as_json:
        print_json(json_document(found))
    else:
        click.echo(summary(found, style_of(screen)), nl=False, color=screen.color)
