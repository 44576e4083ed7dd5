"""`tonnage inspect`: the plan of a run, without sending anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import LoadCommand, World, layer_of_flags, load_options, plan_of, telling_mistakes

if TYPE_CHECKING:
    from tonnage.load.options import Merged
    from tonnage.load.plan import Plan


@click.command("inspect", cls=LoadCommand, short_help="Show what a run would do.")
@click.argument("target", metavar="URL|SCRIPT")
@click.option(
    "--explain", "is_explained", is_flag=True, help="Tables for people: the load over time, and every source."
)
@load_options
@click.pass_context
def inspect_command(
    context: click.Context, /, target: str, is_explained: bool, config_path: str | None, **flags: Any
) -> None:
    """Show what a run would do, as JSON; nothing is sent.

    \b
        tonnage inspect shop.py --rate 50/s --duration 1m --explain
        tonnage inspect http://127.0.0.1:8080/ -u 10 -d 30s

    Values of headers, variables and URLs whose names say that they are secrets are hidden.
    """
    world: World = context.obj
    with telling_mistakes():
        plan, merged, _ = plan_of(world, target, config_path, layer_of_flags(flags, world.cwd))
        click.echo(explanation(plan, merged) if is_explained else as_json(plan))


def explanation(plan: Plan, merged: Merged) -> str:
    """The text of `--explain`, of `inspect` and of `run`."""
    from tonnage.load.explain import as_text, explain

    return as_text(explain(plan, merged)).rstrip()


def as_json(plan: Plan) -> str:
    """The plan with its execution requirements; times in seconds, `planned_arrivals` null for closed load."""
    from tonnage.load.explain import redacted
    from tonnage.load.requirements import max_vus, peak_rate, total_duration

    data = redacted(plan.to_dict())
    data["requirements"] = {
        "regular_duration": plan.duration,
        "total_duration": total_duration(plan),
        "max_vus": max_vus(plan),
        "planned_arrivals": plan.planned_arrivals,
        "highest_arrival_rate": peak_rate(plan.scenarios),
    }
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
