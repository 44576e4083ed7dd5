"""The command `tonnage`: its verbs, each imported when it is called, and what an error looks like."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from tonnage.cli.world import World
from tonnage.errors import PlanError, Refused, RunError, ScriptError, TonnageError, UsageError

VERBS = {
    "config": ("tonnage.cli.config", "config_command", "Show where each value comes from, or the schema."),
    "demo": ("tonnage.cli.demo", "demo", "A service whose truth is known, to try Tonnage on."),
    "inspect": ("tonnage.cli.inspect", "inspect_command", "Show the plan of a run without making it."),
    "lint": ("tonnage.cli.lint", "lint_command", "Check scaling policies without running anything."),
    "manifests": ("tonnage.cli.manifests", "manifests_command", "Write a policy as Kubernetes manifests."),
    "new": ("tonnage.cli.new", "new_command", "Write a first script."),
    "rehearse": (
        "tonnage.cli.rehearse",
        "rehearse_command",
        "Simulate an autoscaling policy against a demand.",
    ),
    "report": ("tonnage.cli.report", "report_command", "Print the summary of a stored run."),
    "run": ("tonnage.cli.run", "run_command", "Load a URL or run a script, judge and store what happened."),
    "runs": ("tonnage.cli.runs", "runs_command", "List the stored runs, or show one."),
    "tune": ("tonnage.cli.tune", "tune_command", "Search for the cheapest policy that keeps its objectives."),
    "version": ("tonnage.cli.version", "version_command", "Print the version."),
}
"""Verb → module, command, one line of help: `--help` imports none of them."""


class Verbs(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, attribute, _ = VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, VERBS[verb][2]) for verb in sorted(VERBS)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1) if args else []
            if near:
                raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None
            raise


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def tonnage(ctx: click.Context) -> None:
    """How much load can a service carry, how much headroom is left, and which policy keeps it.

    \b
      tonnage run http://127.0.0.1:8080/ -u 10 -d 10s
      tonnage run shop.py --base-url http://127.0.0.1:8080
      tonnage report last
    """
    if ctx.obj is None:
        ctx.obj = World.real()


def exit_code(error: TonnageError) -> int:
    """The code of an error that ended the program (report.md 4.2)."""
    if isinstance(error, ScriptError):
        return 107
    if isinstance(error, Refused):
        return 113
    if isinstance(error, UsageError):
        return 104
    return 112 if isinstance(error, RunError) else 104


def main(world: World | None = None) -> None:
    """Run the program and leave with its exit code; an error is one plain line a mistake, without a traceback."""
    world = world or World.real()
    try:
        code = tonnage.main(args=list(world.arguments[1:]), prog_name="tonnage", standalone_mode=False, obj=world)
    except click.ClickException as error:
        error.show(world.stderr)
        code = error.exit_code
    except click.Abort:
        code = 105
    except TonnageError as error:
        lines = [str(mistake) for mistake in error.mistakes] if isinstance(error, PlanError) else [str(error)]
        world.stderr.writelines(f"tonnage: {line}\n" for line in lines)
        code = exit_code(error)
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody to tell.
        world.leave(0)
        return
    sys.exit(code if isinstance(code, int) else 0)
