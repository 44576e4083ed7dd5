"""`tonnage rehearse`: what a policy makes of a demand, before anything is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tonnage.cli.options import telling_mistakes
from tonnage.cli.policies import content_of, policies
from tonnage.cli.world import World

if TYPE_CHECKING:
    from tonnage.finding import Finding
    from tonnage.load.demand import Demand
    from tonnage.load.plan import Threshold
    from tonnage.runs.run import Run
    from tonnage.scaling.files import PolicyFile

LARGEST: Final = 200_000_000  # [B] of a demand file


@click.command("rehearse", short_help="Simulate an autoscaling policy against a demand.")
@click.option(
    "--policy", "policy_name", required=True, metavar="FILE", help="HPA manifest, agent.scaling, policy.yaml."
)
@click.option("--demand", required=True, metavar="FILE|CURVE|RUN", help='CSV file, "0/s, 2m: 50/s", or a stored run.')
@click.option("--model", required=True, metavar="MODEL", help="sessions:mean=180s or service:demand=20ms,servers=4.")
@click.option("--supply", default="", metavar="VALUES", help="startup=45s,node=2m..4m,per_node=4,grace=10m ...")
@click.option("--days", type=click.FloatRange(0, min_open=True), help="How long; the demand's own length if not given.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything that is random.")
@click.option(
    "--threshold", "limits", multiple=True, metavar="METRIC:LIMIT", help="http_req_response_time:p(95)<500 ..."
)
@click.option("--cluster", metavar="VERSION", help="Version of Kubernetes, such as 1.35; the newest if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The report as Markdown.")
@click.option("--keep", "is_stored", is_flag=True, help="Put the run into the store, as a measured one is.")
@click.option("--store", "store", metavar="FOLDER", help="Where the runs are. [env: TONNAGE_STORE]")
@click.pass_context
def rehearse_command(
    context: click.Context,
    /,
    policy_name: str,
    demand: str,
    model: str,
    supply: str,
    days: float | None,
    seed: int,
    limits: tuple[str, ...],
    cluster: str | None,
    as_json: bool,
    as_markdown: bool,
    is_stored: bool,
    store: str | None,
) -> None:
    """Simulate an autoscaling policy against a demand; nothing is deployed, and a week takes seconds.

    \b
        tonnage rehearse --policy hpa.yaml --demand day.csv --model service:demand=20ms,servers=4
        tonnage rehearse --policy hpa.yaml --demand day.csv --model service:demand=20ms,servers=4,scv=2,by=request
        tonnage rehearse --policy agent.yaml --demand spiky:1 --model sessions:mean=180s --supply grace=600s

    The demand spiky:SEED is a day of calls with two peaks and a surge. Exit codes: 0 every objective held, 99 one was
    missed, 111 saturated to the end, 114 an absurd decision, 104 a mistake in what was given.

    The policy is linted first: errors and warnings stand before the result, and change nothing about it. What --supply
    leaves open is taken from the Deployment or StatefulSet in the policy's file: grace, cpu_request, cpu_limit, surge,
    and the replicas at the start.
    """
    world: World = context.obj
    world.store = store
    with telling_mistakes():
        from tonnage.cli.lint import known_version
        from tonnage.workflows.rehearse_scaling import rehearse

        (policy,) = policies(world, (policy_name,), known_version(cluster))
        findings, flags = lint_first(policy, model)
        run = rehearse(policy, demand_argument(world, demand), model, supply, days, seed, objectives(limits))
    if is_stored:
        run = _stored(world, run)
    more = f"tonnage lint {policy_name}{f' --cluster {cluster}' if cluster else ''}{flags}"
    _tell(world, run, findings, more, as_json, as_markdown)
    context.exit(run.verdict.exit_code if run.verdict else 0)


def lint_first(policy: PolicyFile, model: str) -> tuple[tuple[Finding, ...], str]:
    """What the lint finds, and the flags with which it finds the same.

    Where the lint itself fails there is a warning instead: that is no reason not to rehearse.
    """
    from tonnage.errors import PlanError
    from tonnage.workflows.rehearse_scaling import findings_of

    try:
        return findings_of(policy, model)
    except PlanError:
        return (), ""  # a mistake in the model, which the rehearsal tells
    except Exception as error:
        click.echo(f"warning: the lint failed, which is a bug: {type(error).__name__}: {error}", err=True)
        return (), ""


def demand_argument(world: World, text: str, spiky: int = 1) -> Demand:
    """The demand of an argument; of spiky days so many."""
    from tonnage.runs.store import Store
    from tonnage.workflows.rehearse_scaling import demand_of

    is_file = text == "-" or (len(text) < 4096 and "\n" not in text and Path(world.cwd / text).is_file())
    csv = content_of(world, text, LARGEST).decode("utf-8", "replace") if is_file else None
    return demand_of(text, csv, Store(world.store_path), spiky)


def objectives(limits: tuple[str, ...]) -> tuple[Threshold, ...]:
    """Objectives as METRIC:LIMIT.

    Raises:
        PlanError: no such metric, or no limit.
    """
    from tonnage.errors import Mistake, PlanError
    from tonnage.load.plan import Threshold
    from tonnage.metrics.catalog import find
    from tonnage.metrics.threshold import parse

    found = []
    for text in limits:
        name, colon, expression = text.partition(":")
        if not colon:
            raise PlanError(Mistake("--threshold", f"{text!r} cannot be read: write it like sessions_cut:count<=0"))
        find(name)
        parse(expression)
        found.append(Threshold(name, expression))
    return tuple(found)


def _stored(world: World, run: Run) -> Run:
    from importlib.metadata import version

    from tonnage.engine.health import environment
    from tonnage.runs.store import Store
    from tonnage.workflows.rehearse_scaling import store_run

    where = environment(world.arguments, version("tonnage"), ())
    started_at = world.now().isoformat(timespec="milliseconds")
    return store_run(run, Store(world.store_path), where, started_at, world.run_id())


def _tell(world: World, run: Run, findings: tuple[Finding, ...], more: str, as_json: bool, as_markdown: bool) -> None:
    from tonnage.cli.report import print_json, style_of
    from tonnage.reports.findings import findings_markdown, findings_text
    from tonnage.reports.json_document import json_document
    from tonnage.reports.scaling import scaling_document, scaling_markdown, scaling_text

    if as_json:
        found = [finding.to_dict() for finding in findings]
        print_json({**json_document(run), "scaling": scaling_document(run), "findings": found})
    elif as_markdown:
        click.echo(findings_markdown(findings, more) + scaling_markdown(run), nl=False)
    else:
        style = style_of(world)
        click.echo(findings_text(findings, more, style) + scaling_text(run, style), nl=False, color=world.color)
