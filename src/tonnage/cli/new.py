"""`tonnage new`: a first script."""

from __future__ import annotations

from pathlib import Path

import click

from tonnage.cli.options import World, telling_mistakes
from tonnage.errors import Mistake, PlanError

SCRIPT = '''"""A first load test. Start something to load, then run this:

    tonnage demo serve
    tonnage run {name} --base-url http://127.0.0.1:8080

Look at what it would do first: `tonnage inspect {name} --explain`.
"""

from tonnage import AsyncVu, Response, Trend, ramping_arrival_rate, scenario

# A metric of your own. Built-in ones, such as http_req_duration, need no declaration.
body_size = Trend("body_size")

# What must hold for the run to pass. Times are in milliseconds unless they have a unit.
thresholds = {{
    "http_req_response_time": ["p(95)<300ms"],
    "http_req_failed": ["rate<0.01"],
    "checks": ["rate>0.99"],
}}


def is_ok(answer: Response) -> bool:
    return answer.status == 200


# Users arrive at a rate, whether or not earlier ones have been served: 10 per second after 10 s, for 20 s, then none.
# `max_vus` is how many may be under way at once. For a fixed number of users write @scenario(vus=10, duration="30s").
@scenario(ramping_arrival_rate([("10s", 10), ("20s", 10), ("5s", 0)], pre_allocated_vus=10, max_vus=100))
async def browse(vu: AsyncVu) -> None:
    # A relative URL belongs to --base-url. The name groups requests in the report.
    home = await vu.http.get("/", name="home")
    vu.check(home, {{"status is 200": is_ok}})
    body_size.add(len(home.body))
    # People read before they go on.
    await vu.sleep(vu.rng.uniform(0.5, 1.5))
'''


@click.command("new", short_help="Write a first script.")
@click.argument("file", default="load.py")
@click.option("--force", "is_forced", is_flag=True, help="Replace FILE if there is one.")
@click.pass_context
def new_command(context: click.Context, file: str, is_forced: bool) -> None:
    """Write a commented first script to FILE (load.py).

    \b
        tonnage new shop.py
    """
    world: World = context.obj
    with telling_mistakes():
        if not file.endswith(".py"):
            raise PlanError(Mistake("", "a script is a Python file: give it a name that ends in .py", file))
        _write(world.cwd / file, file, SCRIPT.format(name=file), is_forced)
    click.echo(f"{file} written. Next:\n  tonnage demo serve\n  tonnage run {file} --base-url http://127.0.0.1:8080")


def _write(path: Path, name: str, text: str, is_forced: bool) -> None:
    """Write the file; without force only where there is none, whoever else writes at the same time.

    Raises:
        PlanError: it exists, or cannot be written.
    """
    try:
        with path.open("w" if is_forced else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise PlanError(Mistake("", "the file exists: choose another name, or replace it with --force", name)) from None
    except OSError as error:
        raise PlanError(Mistake("", f"the file cannot be written: {error.strerror}", name)) from None
