"""`tonnage tune`: the cheapest policy that keeps its objectives, and how it fares on days that it was not tuned on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import telling_mistakes
from tonnage.cli.policies import policies, write_text
from tonnage.cli.rehearse import demand_argument, objectives
from tonnage.cli.report import print_json, style_of
from tonnage.cli.world import World
from tonnage.errors import Mistake, PlanError

if TYPE_CHECKING:
    from tonnage.scaling.comparison import Comparison
    from tonnage.workflows.tune_scaling import Study

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
@click.option("--slo", "limits", multiple=True, metavar="METRIC:LIMIT", help="http_req_response_time:p(95)<500 ...")
@click.option(
    "--stress", default="", metavar="VALUES", help="Of stress days: growth=1.5,burst=2,outage=10m if not given."
)
@click.option("--most", type=click.IntRange(1, 10_000), help="Up to which size the policy's maximum may be raised.")
@click.option("--sessions-per-worker", "slots", metavar="LOW..HIGH", help="Search this as well, such as 3..8.")
@click.option("--idle-nodes", type=click.IntRange(1, 100), help="Search how many empty nodes to keep, up to this.")
@click.option("--schedule", "is_scheduled", is_flag=True, help="Search floors by the time of day as well.")
@click.option("--budget", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Candidates to try.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything that is random.")
@click.option("--cluster", metavar="VERSION", help="Version of Kubernetes, such as 1.35; the newest if not given.")
@click.option("--write", "out", metavar="FILE", help="Write the chosen policy, for rehearse, lint and manifests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The report as Markdown.")
@click.pass_context
def tune_command(context: click.Context, /, as_json: bool, as_markdown: bool, out: str | None, **given: Any) -> None:
    """Search policies of one kind for the cheapest that keeps its objectives on training and stress days.

    \b
        tonnage tune --policy agent.yaml --policy hpa.yaml --model sessions:mean=180s,per_worker=5
        tonnage tune --policy hpa.yaml --model service:demand=20ms,servers=4 --demand spiky:1*200 \\
            --slo 'http_req_response_time:p(95)<500' --write tuned.yaml

    Stress days are made from the busiest training day: growth, a burst, and a metrics outage. Exit codes: 0 a policy
    was chosen, 114 none kept every objective, 104 a mistake in what was given.
    """
    world: World = context.obj
    with telling_mistakes():
        from tonnage.workflows.tune_scaling import compare, with_floors
        from tonnage.workflows.tuning_days import Stress, days_of

        studies = _studies(world, given)
        demand = demand_argument(world, given["demand"] or f"spiky:{given['seed']}", given["days"])
        days = days_of(demand, given["days"], given["seed"], Stress.parse(given["stress"]))
        if given["is_scheduled"]:
            studies[0] = with_floors(studies[0], days)
        found = compare(studies, days, given["budget"], given["seed"])
    if as_json:
        from tonnage.reports.tuning import tuning_document

        print_json(tuning_document(found))
    elif as_markdown:
        from tonnage.reports.tuning import tuning_markdown

        click.echo(tuning_markdown(found), nl=False)
    else:
        from tonnage.reports.tuning import tuning_text

        click.echo(tuning_text(found, style_of(world)), nl=False)
    if out and found.tuning.chosen:
        # Told first: a file that cannot be written must not cost the search.
        with telling_mistakes():
            _write(world, studies[0], found, out)
    context.exit(0 if found.tuning.chosen else INFEASIBLE)


def _studies(world: World, given: dict[str, Any]) -> list[Study]:
    """A study of each policy; the first is the one to be tuned."""
    from tonnage.cli.lint import known_version
    from tonnage.scaling.candidates.space import Freedom
    from tonnage.workflows.tune_scaling import study

    files = policies(world, given["names"], known_version(given["cluster"]))
    freedom = Freedom(given["most"] or 0, _range(given["slots"]), given["idle_nodes"])
    limits = objectives(given["limits"])
    return [
        study(file, given["model"], given["supply"], limits, Freedom() if i else freedom)
        for i, file in enumerate(files)
    ]


def _range(text: str | None) -> tuple[int, int] | None:
    """Two whole numbers.

    Raises:
        PlanError: they are none, or the wrong way round.
    """
    if text is None:
        return None
    low, _, high = text.partition("..")
    if not (low.isdecimal() and high.isdecimal() and 1 <= int(low) < int(high) <= 1000):
        message = f"{text!r} cannot be read: write the fewest and the most, like 3..8"
        raise PlanError(Mistake("--sessions-per-worker", message))
    return int(low), int(high)


def _write(world: World, subject: Study, found: Comparison, out: str) -> None:
    """Write the chosen policy."""
    from tonnage.scaling.candidates.documents import document_of
    from tonnage.scaling.manifests.emit import Noted, emit

    chosen = found.tuning.chosen
    assert chosen is not None
    document = document_of(subject.base, chosen.candidate, subject.freedom)
    note = (
        f"Tuned from {subject.base.source}: the cheapest of {found.tuning.tried} candidates that kept every objective."
    )
    write_text(Path(world.cwd / out), emit(Noted(document, note)), out)
