"""`tonnage lint`: what is wrong with a policy, before anything runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import click

from tonnage.cli.options import World, telling_mistakes
from tonnage.cli.policies import content_of, policies, seconds
from tonnage.finding import SEVERITIES

if TYPE_CHECKING:
    from tonnage.finding import Finding
    from tonnage.scaling.lint.circumstances import Circumstances

FOUND: Final = 99
_LARGEST_SAMPLE: Final = 10_000_000  # [B]
_WIDTH: Final = 100


@click.command("lint", short_help="Check scaling policies without running anything.")
@click.argument("names", metavar="POLICY...", nargs=-1, required=True)
@click.option("--cluster", metavar="VERSION", help="Version of Kubernetes, such as 1.35; the newest if not given.")
@click.option("--exposition", metavar="FILE", help="What a pod answers at /metrics: are the policy's metrics there?")
@click.option("--sessions-per-worker", type=click.IntRange(1), metavar="N", help="Slots of a worker.")
@click.option(
    "--load-threshold", type=click.FloatRange(0, min_open=True), metavar="X", help="Load at which a worker closes: 0.7."
)
@click.option("--longest-session", metavar="TIME", help="The longest session that must not be cut.")
@click.option("--node-delay", metavar="TIME", help="Until a new node is there; 4m if not given.")
@click.option("--warmup", metavar="TIME", help="Until a new pod is ready; the policy's, or 30s.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), default="error", show_default=True, help="From which severity to fail."
)
@click.option("--json", "is_json", is_flag=True, help="One JSON document.")
@click.pass_context
def lint_command(context: click.Context, /, names: tuple[str, ...], fail_on: Any, is_json: bool, **flags: Any) -> None:
    """Check policies: HPA manifests, agent.scaling blocks, policy.yaml; - reads the standard input.

    \b
        tonnage lint hpa.yaml
        tonnage lint agent.yaml hpa.yaml --exposition metrics.txt --fail-on warning

    Every finding comes with the numbers of an example that the policy itself has computed. Exit code 99 when one is at
    least as severe as --fail-on says. Files given together belong together: a session policy tells an HPA the slots of
    a worker.
    """
    world: World = context.obj
    with telling_mistakes():
        from tonnage.scaling.lint.rules import lint_all, reaches

        around = _circumstances(world, flags)
        findings = lint_all(policies(world, names, known_version(flags["cluster"])), around)
        click.echo(as_json(findings) if is_json else as_text(findings, names))
        if any(reaches(finding, fail_on) for finding in findings):
            raise click.exceptions.Exit(FOUND)


def known_version(version: str | None) -> str | None:
    """A version of Kubernetes that is modelled.

    Raises:
        PlanError: it is not.
    """
    from tonnage.errors import Mistake, PlanError
    from tonnage.scaling.hpa.spec import VERSIONS

    if version is not None and version not in VERSIONS:
        known = f"{VERSIONS[0]}, {VERSIONS[1]} to {VERSIONS[-1]}"
        raise PlanError(Mistake("", f"version {version!r} is not modelled: it is one of {known}", "--cluster"))
    return version


def _circumstances(world: World, flags: dict[str, Any]) -> Circumstances:
    from tonnage.scaling.lint.circumstances import Circumstances
    from tonnage.scaling.lint.exposition import metric_names

    exposed, longest = None, None
    if flags["exposition"]:
        content = content_of(world, flags["exposition"], _LARGEST_SAMPLE)
        exposed = metric_names(content.decode("utf-8", "replace"), flags["exposition"])
    if flags["longest_session"]:
        longest = seconds(flags["longest_session"], "--longest-session", 0)
    return Circumstances(
        flags["sessions_per_worker"],
        flags["load_threshold"],
        longest,
        seconds(flags["node_delay"], "--node-delay", 240.0),
        seconds(flags["warmup"], "--warmup", 0) if flags["warmup"] else None,
        exposed=exposed,
    )


def as_json(findings: Sequence[Finding]) -> str:
    """One document with all findings."""
    return json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=2, ensure_ascii=False)


def as_text(findings: Sequence[Finding], names: tuple[str, ...]) -> str:
    """A paragraph a finding, and how many there are."""
    from tonnage.reports.findings import counted

    paragraphs = [_paragraph(finding) for finding in findings]
    return "\n\n".join([*paragraphs, f"{counted(findings) or 'nothing found'} in {', '.join(names)}"])


def _paragraph(finding: Finding) -> str:
    head = f"{finding.place}: {finding.severity} {finding.code} {finding.name}"
    claim = fill(finding.claim, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    advice = fill(f"→ {finding.advice}", _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
    return f"{head}\n{claim}\n{advice}"
