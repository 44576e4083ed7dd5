"""`tonnage demo`: the service of known truth from the command line.

Reads options and prints; what the service is and does stands in `tonnage.demo`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, get_args

import click

from tonnage.cli.world import World
from tonnage.demo import DemoConfig, DemoServer
from tonnage.demo.service import Distribution, StallFrom
from tonnage.errors import TonnageError, UnitError
from tonnage.units import parse_duration

DEFAULT = DemoConfig()


def duration(text: str) -> float:
    """A length of time [s]: 20ms, 1.5s, 2m."""
    try:
        return parse_duration(text)
    except UnitError as error:
        raise click.BadParameter(str(error)) from error


def window(text: str) -> tuple[float, float]:
    """A window of time [s]: 5s-8s."""
    begin, dash, end = text.partition("-")
    if not dash:
        raise click.BadParameter(f"{text!r} is no window; write it as 5s-8s")
    return duration(begin), duration(end)


@click.group()
def demo() -> None:
    """A service whose truth is known, to try Tonnage on."""


def _service_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that mirror `DemoConfig`, in its order."""
    options = [
        click.option("--host", default=DEFAULT.host, help="Address to listen on."),
        click.option("--port", default=8080, help="Port to listen on; 0 lets the system choose."),
        click.option("--workers", default=DEFAULT.workers, help="Requests served at the same time; 0 is no limit."),
        click.option("--service-time", type=duration, default="0s", help="Mean service time, such as 20ms."),
        click.option(
            "--distribution", type=click.Choice(get_args(Distribution)), default="fixed", help="Of the service time."
        ),
        click.option("--shape", default=DEFAULT.shape, help="Shape of the Pareto distribution, above 1."),
        click.option(
            "--stall", "stalls", type=window, multiple=True, help="Nothing departs from 5s-8s. May be repeated."
        ),
        click.option(
            "--stall-from",
            type=click.Choice(get_args(StallFrom)),
            default="first_request",
            help="When the clock of the stalls begins.",
        ),
        click.option("--errors", default=DEFAULT.errors, help="Share of requests answered by 500."),
        click.option("--slow", default=DEFAULT.slow, help="Share of requests that take longer."),
        click.option("--slow-factor", default=DEFAULT.slow_factor, help="How many times longer."),
        click.option("--queue-limit", type=int, help="Requests that may wait; the next is answered by 503."),
        click.option("--seed", default=DEFAULT.seed, help="Of every random draw."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@demo.command(context_settings={"show_default": True})
@_service_options
@click.pass_context
def serve(context: click.Context, /, **options: Any) -> None:
    """Serve until interrupted; prints the address as one line."""
    world = context.find_object(World) or World.real()
    stopped = threading.Event()
    restore = world.on_stop(stopped.set)
    try:
        with DemoServer(DemoConfig(**options)) as server:
            click.echo(server.url)
            stopped.wait()
    except TonnageError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error}") from error
    finally:
        restore()
