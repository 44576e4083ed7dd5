"""`tonnage demo`: the service of known truth from the command line.

Reads options and prints; what the service is and does stands in `tonnage.demo`.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any, get_args

import click

from tonnage.demo import DemoConfig, DemoServer
from tonnage.demo.service import Distribution, StallFrom
from tonnage.errors import TonnageError, UnitError

DEFAULT = DemoConfig()


class Duration(click.ParamType[float]):
    """A length of time as text, in seconds: 20ms, 1.5s, 2m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)


class Stall(click.ParamType[tuple[float, float]]):
    """A window of time as text: 5s-8s."""

    name = "from-to"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        begin, dash, end = str(value).partition("-")
        if not dash:
            self.fail(f"{value!r} is no window; write it as 5s-8s", param, ctx)
        duration = Duration()
        return duration.convert(begin, param, ctx), duration.convert(end, param, ctx)


def parse_duration(text: str) -> float:
    """Seconds of a length of time such as 20ms, 1.5s or 1m30s; 0 needs no unit.

    Raises:
        UnitError: no such length of time.
    """
    units = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    part = r"(\d+(?:\.\d+)?|\.\d+)(us|µs|ms|s|m|h)"
    if re.fullmatch(rf"(?:{part})+", text):
        return sum(float(number) * units[unit] for number, unit in re.findall(part, text))
    if text == "0":
        return 0.0
    raise UnitError(f"{text!r} is no duration: write it like 20ms or 1.5s")


@click.group()
def demo() -> None:
    """A service whose truth is known, to try Tonnage on."""


def _service_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that mirror `DemoConfig`, in its order."""
    options = [
        click.option("--host", default=DEFAULT.host, help="Address to listen on."),
        click.option("--port", default=8080, help="Port to listen on; 0 lets the system choose."),
        click.option("--workers", default=DEFAULT.workers, help="Requests served at the same time; 0 is no limit."),
        click.option("--service-time", type=Duration(), default=0.0, help="Mean service time, such as 20ms."),
        click.option(
            "--distribution", type=click.Choice(get_args(Distribution)), default="fixed", help="Of the service time."
        ),
        click.option("--shape", default=DEFAULT.shape, help="Shape of the Pareto distribution, above 1."),
        click.option(
            "--stall", "stalls", type=Stall(), multiple=True, help="Nothing departs from 5s-8s. May be repeated."
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
def serve(**options: Any) -> None:
    """Serve until interrupted; prints the address as one line."""
    # Blocked before the native thread starts, which inherits it: the signal waits for sigwait below.
    signals = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with DemoServer(DemoConfig(**options)) as server:
            click.echo(server.url)
            signal.sigwait(signals)
    except TonnageError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
