"""`tonnage run`: make a run, judge it, store it, and say what came of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from tonnage.cli.options import LoadCommand, layer_of_flags, load_options, plan_of, telling_mistakes
from tonnage.cli.world import World

if TYPE_CHECKING:
    from tonnage.load.options import Merged
    from tonnage.load.plan import Plan
    from tonnage.runs.crash import CrashReport
    from tonnage.runs.run import Run, Verdict
    from tonnage.runs.store import RunWriter, Store
    from tonnage.script.loader import Script
    from tonnage.workflows.make_run import Progress

FAIL_ON = {"thresholds": {99}, "invalid": {111, 112}, "any": None, "never": set()}
DEFECT = 109


@click.command("run", cls=LoadCommand, short_help="Make a run and judge it.")
@click.argument("target", metavar="URL|SCRIPT")
@click.option(
    "--explain", "is_explained", is_flag=True, help="Show the plan with the source of each value; send nothing."
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on the standard output instead of the summary."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress while the run is made.")
@click.option(
    "--fail-on", type=click.Choice(sorted(FAIL_ON)), default="any", help="What makes the exit code differ from 0."
)
@click.option(
    "--exit-code", type=click.IntRange(1, 255), help="The exit code of a failed run, for orchestrators that dislike 99."
)
@click.option("--allow-debug-engine", is_flag=True, help="Run on an engine that was built without optimisation.")
@load_options
@click.pass_context
def run_command(
    context: click.Context, /, target: str, is_explained: bool, config_path: str | None, **flags: Any
) -> None:
    """Load a URL, or run a script; judge what happened, store it, and print the summary.

    \b
        tonnage run http://127.0.0.1:8080/ -u 10 -d 10s
        tonnage run http://127.0.0.1:8080/ --rate 200 -d 30s
        tonnage run shop.py --base-url http://127.0.0.1:8080 -e TOKEN=secret

    Exit codes: 0 every threshold held, 99 one failed, 111 the run cannot support a conclusion, 104 a mistake in the
    options, 107 the script raised, 105 stopped by a signal, 113 refused before anything was sent.
    """
    world: World = context.obj
    choices = {name: flags.pop(name) for name in ("as_json", "quiet", "fail_on", "exit_code", "allow_debug_engine")}
    with telling_mistakes(), world.prints_diverted(choices["as_json"]):
        plan, merged, script = plan_of(world, target, config_path, layer_of_flags(flags, world.cwd))
        if is_explained:
            from tonnage.cli.inspect import explanation

            click.echo(explanation(plan, merged))
            return
        _check_before(plan, merged, choices["allow_debug_engine"])
    world.store = merged.values.get("store")
    with world.prints_diverted(choices["as_json"]):
        run, verdict, stuck = _make(world, plan, script, choices["quiet"], choices["as_json"])
    code = _exit_code(verdict.exit_code, choices["fail_on"], choices["exit_code"])
    try:
        _tell(world, run, choices["as_json"])
    except BrokenPipeError:
        # Whoever read the output has gone, as after `| head -1`; the verdict is the same.
        stuck = True
    if stuck:
        world.leave(code)
    context.exit(code)


def _check_before(plan: Plan, merged: Merged, allow_debug: bool) -> None:
    """What is looked at before anything is sent."""
    from tonnage.engine.native import is_optimised
    from tonnage.engine.preflight import preflight
    from tonnage.errors import Refused

    if not is_optimised() and not allow_debug:
        raise Refused(
            "the native engine was built without optimisation, so its measurements would be wrong: "
            "build it with `maturin develop --release`, or give --allow-debug-engine"
        )
    url = plan.request.url if plan.request else plan.http.base_url
    if url and merged.values.get("preflight", True):
        preflight(url, plan.http)


def _make(world: World, plan: Plan, script: Script | None, quiet: bool, as_json: bool) -> tuple[Run, Verdict, bool]:
    """The run as it was stored, its verdict, and whether a script still holds a thread."""
    from tonnage.engine.health import environment
    from tonnage.engine.native import NativeEngine
    from tonnage.reports.figures import COUNTED_BY_SECOND
    from tonnage.runs.crash import CrashReport
    from tonnage.runs.recorder import Recorder
    from tonnage.runs.store import Store
    from tonnage.workflows.make_run import Session

    store = Store(world.store_path)
    run_id, hosts = world.run_id(), _hosts(plan)
    where = environment(_without_secrets(world.arguments), _version(), hosts)
    writer: RunWriter = store.create(plan, where, world.now().isoformat(timespec="milliseconds"), run_id)
    if not quiet:
        world.say(_head(plan, hosts))
    progress = _progress(world, plan, quiet or (as_json and not world.interactive))
    session = Session(plan, script, Recorder(writer), progress)
    restore = world.on_stop(session.ask_to_stop)
    try:
        verdict = session.make(NativeEngine())
    except Exception:  # a defect of this program: what was measured is in the store, and the load ends with the process
        fault = traceback.format_exc()
        world.say(_crash(store, CrashReport.of(run_id, plan, where, fault)))
        world.leave(DEFECT)
    finally:
        restore()
    if session.fault:
        world.say(_crash(store, CrashReport.of(run_id, plan, where, session.fault)))
    return store.load(run_id, counters=COUNTED_BY_SECOND), verdict, session.is_stuck


def _crash(store: Store, report: CrashReport) -> str:
    """Write the report; what a person is told of it."""
    from tonnage.errors import StoreError

    try:
        path = store.write_crash(report)
    except StoreError as error:
        return f"{error}\n{report.text}"
    return f"crash report: {path}" if path else report.text


def _hosts(plan: Plan) -> tuple[str, ...]:
    urls = [plan.request.url if plan.request else "", plan.http.base_url or ""]
    return tuple(dict.fromkeys(urlsplit(url).netloc.rpartition("@")[2] for url in urls if url))


def _head(plan: Plan, hosts: tuple[str, ...]) -> str:
    """The first line of every run: what it will load."""
    where = ", ".join(hosts) or "the hosts that the script names"
    unverified = "   certificates are NOT verified" if plan.http.insecure else ""
    what = plan.script.path if plan.script else f"{plan.request.method} {plan.request.url}" if plan.request else ""
    return f"loading {where}: {what}{unverified}"


def _without_secrets(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command line as it may be stored: values of headers, variables and bodies are left out."""
    hidden = {"-H", "--header", "-e", "--env", "--data"}
    shown: list[str] = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        name, equals, _ = argument.partition("=")
        if before in hidden:
            shown.append(f"{argument.partition('=')[0].partition(':')[0]}=…")
        elif equals and name in hidden:
            shown.append(f"{name}=…")
        else:
            shown.append(argument)
    return tuple(shown)


def _version() -> str:
    from importlib.metadata import version

    return version("tonnage")


def _progress(world: World, plan: Plan, quiet: bool) -> Progress:
    from tonnage.cli.progress import LiveProgress, PlainProgress, QuietProgress

    if quiet:
        return QuietProgress(world.stderr)
    return LiveProgress(plan, world.stderr) if world.interactive else PlainProgress(world.stderr)


def _tell(world: World, run: Run, as_json: bool) -> None:
    from tonnage.cli.report import print_json, style_of
    from tonnage.reports.json_document import json_document
    from tonnage.reports.summary import summary

    if as_json:
        print_json(json_document(run))
    else:
        click.echo(summary(run, style_of(world)), nl=False, color=world.color)


def _exit_code(code: int, fail_on: str, instead: int | None) -> int:
    counted = FAIL_ON[fail_on]
    judged = code in {99, 110, 111, 112, 114}
    if judged and counted is not None and code not in counted:
        return 0
    return instead if instead is not None and code == 99 else code
