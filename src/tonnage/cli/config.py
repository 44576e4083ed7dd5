"""`tonnage config`: which options hold here, where they come from, and which there are."""

from __future__ import annotations

import json

import click

from tonnage.cli.options import World, is_url, load_layers, open_script, telling_mistakes


@click.group("config", short_help="Show options and where they come from.")
def config_command() -> None:
    """Show the options that hold in this directory, or all there are.

    \b
        tonnage config show --origin
        tonnage config schema > config.schema.json
    """


@config_command.command("show")
@click.argument("script", required=False)
@click.option("--origin", "has_origin", is_flag=True, help="Also say where each value was set.")
@click.option("-c", "--config", "config_path", metavar="FILE", help="Read FILE instead of the project's file.")
@click.pass_context
def show_command(context: click.Context, script: str | None, has_origin: bool, config_path: str | None) -> None:
    """Print each option with its value, of files, environment and, if given, SCRIPT; secrets are hidden."""
    from tonnage.load.explain import settings
    from tonnage.load.options import merge

    world: World = context.obj
    with telling_mistakes():
        declaration = open_script(world, script).declaration if script and not is_url(script) else None
        rows = list(settings(merge(load_layers(world, config_path, declaration, None))))
    width = max(len(f"{option} = {value}") for option, value, _ in rows)
    for option, value, source in rows:
        line = f"{option} = {value}"
        text = f"{line:<{min(width, 60)}}  # {source}" if has_origin else line
        click.echo("".join(c if c.isprintable() else "�" for c in text))


@config_command.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of tonnage.toml."""
    from tonnage.load.options import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
