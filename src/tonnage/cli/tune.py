"""`tonnage tune`: the cheapest policy that keeps its objectives, and how it fares on days that it was not tuned on."""

from __future__ import annotations

from typing import Any

import click

from tonnage.cli.options import telling_mistakes
from tonnage.cli.policies import policies
from tonnage.cli.rehearse import demand_argument, objectives
from tonnage.cli.report import print_json, style_of
from tonnage.cli.world import World

INFEASIBLE = 114


@click.command("tune", short_help="Search for the cheapest policy that keeps its objectives.")
@click.option(
    "--policy",
    "names",
    required=True,
    multiple=True,
    metavar="FILE",
    help="The policy to tune; further ones are compared with it.",
)
@click.option("--demand", metavar="FILE|CURVE|RUN", help="Whole days of demand; spiky days where none is given.")
@click.option("--model", required=True, metavar="MODEL", help="sessions:mean=180s or service:demand=20ms,servers=4.")
@click.option("--supply", default="", metavar="VALUES", help="startup=45s,node=2m..4m,per_node=4,grace=10m ...")
@click.option("--days", type=click.IntRange(2, 366), default=7, show_default=True, help="Days; 70 % are for training.")
@click.option("--slo", "limits", multiple=True, metavar="METRIC:LIMIT", help="sessions_cut:count<=0 ...")
@click.option("--budget", type=click.IntRange(1, 10_000), default=60, show_default=True, help="Candidates to try.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything that is random.")
@click.option("--cluster", metavar="VERSION", help="Version of Kubernetes, such as 1.35; the newest if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def tune_command(context: click.Context, /, names: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Search policies of one kind for the cheapest that keeps its objectives on training and stress days.

    \b
        tonnage tune --policy agent.yaml --policy hpa.yaml --model sessions:mean=180s,per_worker=5

    Stress days are made from the busiest training day: half as much again, a burst, and a metrics outage. Exit codes:
    0 a policy was chosen, 114 none kept every objective, 104 a mistake in what was given.
    """
    world: World = context.obj
    with telling_mistakes():
        from tonnage.cli.lint import known_version
        from tonnage.workflows.tune_scaling import compared, days_of, study, tune_on_all_cores

        files = policies(world, names, known_version(given["cluster"]))
        limits = objectives(given["limits"])
        studies = {file.source: study(file, given["model"], given["supply"], limits) for file in files}
        demand = demand_argument(world, given["demand"]) if given["demand"] else None
        days = days_of(demand, given["days"], given["seed"])
    found = tune_on_all_cores(studies[files[0].source], days, given["budget"], given["seed"])
    others = compared(studies, days)
    if as_json:
        from tonnage.reports.tuning import tuning_document

        print_json(tuning_document(found, others))
    else:
        from tonnage.reports.tuning import tuning_text

        click.echo(tuning_text(found, others, style_of(world)), nl=False)
    context.exit(0 if found.chosen else INFEASIBLE)
