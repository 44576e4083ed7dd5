"""`tonnage manifests`: a policy as files for a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import World, telling_mistakes
from tonnage.cli.policies import policies, seconds, write_text
from tonnage.errors import Mistake, PlanError

if TYPE_CHECKING:
    from tonnage.scaling.manifests.settings import Settings


@click.command("manifests", short_help="Write a policy as Kubernetes manifests.")
@click.argument("name", metavar="POLICY")
@click.option("--cluster", metavar="VERSION", required=True, help="Version of Kubernetes, such as 1.35.")
@click.option(
    "--out", metavar="FOLDER", default="-", show_default=True, help="Where to write the files; - prints them."
)
@click.option("--force", "is_forced", is_flag=True, help="Replace files that are there already.")
@click.option("--name", "workload", metavar="NAME", default="", help="The Deployment; the policy's name if not given.")
@click.option("--namespace", default="", help="Its namespace; the policy's if not given.")
@click.option("--container", default="", help="Its container; NAME if not given.")
@click.option("--metric", default="", help="The gauge of active sessions; agent_active_sessions if not given.")
@click.option("--queue-metric", default="", help="The gauge that the alert on queue depth looks at.")
@click.option("--port", type=click.IntRange(1, 65535), default=9090, show_default=True, help="Of metrics and probes.")
@click.option("--longest-session", metavar="TIME", help="The longest session that must not be cut.")
@click.option("--headroom", type=click.IntRange(1, 1000), default=20, show_default=True, help="Per cent of idle room.")
@click.option("--cpu", default="", help="What a replica requests, such as 500m.")
@click.option("--memory", default="", help="What a replica requests, such as 1Gi.")
@click.pass_context
def manifests_command(context: click.Context, /, name: str, out: str, is_forced: bool, **flags: Any) -> None:
    """Write POLICY (an agent.scaling block, an HPA, a policy.yaml) as manifests with comments: a Kustomize base.

    \b
        tonnage manifests agent.yaml --cluster 1.35 --out deploy/scaling
        tonnage manifests agent.yaml --cluster 1.30 | less

    HPA with its behaviour written out, patch of the Deployment, alerts, the adapter's rule, room on the nodes,
    PodDisruptionBudget, and for session workers the Python module that exposes the metric. For a Knative policy the
    annotations of its Service, and the ConfigMap of the cluster where it must differ from Knative's defaults.
    """
    world: World = context.obj
    with telling_mistakes():
        from tonnage.scaling.manifests.bundle import manifests

        settings = _settings(flags)
        (policy,) = policies(world, (name,), None)
        files = manifests(policy, settings)
        if out == "-":
            click.echo("\n".join(f"# ---- {file}\n{text}" for file, text in files.items()), nl=False)
        else:
            _write(world, out, files, is_forced)


def _settings(flags: dict[str, Any]) -> Settings:
    from tonnage.scaling.manifests.settings import Settings

    return Settings(
        cluster=flags["cluster"],
        name=flags["workload"],
        longest_session=seconds(flags["longest_session"], "--longest-session", 0.0),
        **{key: flags[key] for key in _SAME},
    )


_SAME = ("namespace", "container", "metric", "queue_metric", "port", "headroom", "cpu", "memory")


def _write(world: World, out: str, files: Mapping[str, str], is_forced: bool) -> None:
    """Write all files, or none when one is there already.

    Raises:
        PlanError: a file is there and may not be replaced, or cannot be written.
    """
    folder = world.cwd / out
    there = [file for file in files if (folder / file).exists()]
    if there and not is_forced:
        message = "the file exists: choose another folder, or replace it with --force"
        raise PlanError(*(Mistake("", message, str(Path(out) / file)) for file in there))
    for file, text in files.items():
        write_text(folder / file, text, str(Path(out) / file))
    click.echo(f"{len(files)} files written to {out}. See kustomization.yaml for what goes where.", err=True)
