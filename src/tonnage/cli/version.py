"""`tonnage version`."""

from __future__ import annotations

from importlib.metadata import version

import click


@click.command("version")
def version_command() -> None:
    """Print the version."""
    click.echo(f"tonnage {version('tonnage')}")
