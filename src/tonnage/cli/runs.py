"""`tonnage runs`: the stored runs, and what was done in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tonnage import units
from tonnage.cli.report import Screen, opened, print_json, store_option, style_of
from tonnage.load.codec import encode
from tonnage.reports.headline import subject_of
from tonnage.reports.text import Column, Style, table
from tonnage.runs.run import Run
from tonnage.runs.store import Record


@click.group("runs", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@store_option()
@click.pass_context
def runs_command(ctx: click.Context, as_json: bool, store: Path | None) -> None:
    """List the stored runs, the newest last.

    \b
      tonnage runs
      tonnage runs show last
    """
    if ctx.invoked_subcommand is not None:
        return
    screen: Screen = ctx.obj
    with opened(screen, store) as runs:
        records = runs.list()
    if as_json:
        print_json({"schema_version": 1, "runs": [encode(record) for record in records]})
    elif records:
        click.echo("\n".join(_list(records, style_of(screen))))
    else:
        click.echo("no runs yet: make one with `tonnage run`", err=True)


@runs_command.command("show")
@click.argument("run", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@store_option()
@click.pass_context
def show_command(ctx: click.Context, run: str, as_json: bool, store: Path | None) -> None:
    """Print what is needed to make a run again: plan, environment, events.

    RUN is an id, the beginning of one, or "last".
    """
    screen: Screen = ctx.obj
    # The folder may stand before `show` as well as after it.
    store = store or (ctx.parent.params.get("store") if ctx.parent else None)
    with opened(screen, store) as runs:
        found = runs.load(run, resolution=None)
        place = str(runs.path(found.id))
    if as_json:
        print_json(_document(found, place))
    else:
        click.echo("\n".join(_lines(found, place, style_of(screen))))


def _list(records: Sequence[Record], style: Style) -> list[str]:
    # The script stands first as it alone can be cut; the id says when the run was.
    heads = [Column("script or URL", right=False), Column("run", right=False), Column("verdict", right=False)]
    heads += [Column("duration"), Column("requests"), Column("p95")]
    return table(heads, [_row(record) for record in records], style, indent="")


def _row(record: Record) -> tuple[str, ...]:
    if record.fault:
        return "cannot be read", record.id, "-", "", "", ""
    verdict = record.verdict if record.ended else "unfinished"
    p95 = "–" if record.p95 is None else units.seconds(record.p95, plain=True)
    duration, requests = units.duration(round(record.duration)), units.count(record.requests, plain=True)
    return record.source, record.id, verdict, duration, requests, p95


def _lines(run: Run, place: str, style: Style) -> Iterator[str]:
    verdict, environment = run.verdict, run.environment
    facts = {
        "run": run.id,
        "file": place,
        "started": run.started_at,
        "origin": run.origin,
        "verdict": f"{verdict.value}, {verdict.outcome}, exit {verdict.exit_code}" if verdict else "",
        "what": subject_of(run.plan),
        "script": f"{run.plan.script.path}, sha256 {run.plan.script.sha256}" if run.plan.script else "",
        "seed": str(run.plan.seed),
        "command": " ".join(environment.command),
        "made with": f"tonnage {environment.tonnage}, Python {environment.python}" if environment.tonnage else "",
        "machine": f"{environment.machine}, {environment.cpus} CPUs, {environment.system}" if environment.cpus else "",
    }
    for name, value in facts.items():
        if value:
            yield f"{name:<12}{style.clean(value)}"
    for scenario in run.plan.scenarios:
        length = units.duration(scenario.executor.duration)
        yield f"{'scenario':<12}{style.clean(scenario.name)}: {scenario.executor.kind}, {length}"
    for event in run.events:
        yield f"{'event':<12}{units.duration(round(event.at, 3))}  {style.clean(f'{event.kind}: {event.text}')}"


def _document(run: Run, place: str) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "run_id": run.id,
        "file": place,
        "origin": run.origin,
        "started_at": run.started_at,
        "plan": run.plan.to_dict(),
        "environment": encode(run.environment),
        "events": [encode(event) for event in run.events],
        "ending": encode(run.ending),
        "facts": encode(run.facts),
    }
