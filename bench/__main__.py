"""`python -m bench`: measure, print tables, and write bench/RESULTS.md when everything was measured."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import growth, memory, requests, scaling, schedule, series, startup
from bench.figures import Section, in_terminal
from bench.machine import Busy, facts
from bench.process import BenchError
from bench.results import render

Measure = Callable[[int, bool], list[Section]]
COMMANDS: dict[str, tuple[Measure, int]] = {
    "startup": (startup.measure, 1),
    "requests": (requests.measure, 5),
    "schedule": (schedule.measure, 3),
    "memory": (memory.measure, 3),
    "series": (series.measure, 1),
    "growth": (growth.measure, 1),
    "scaling": (scaling.measure, 3),
}
"""What can be measured, and in how many rounds unless told otherwise."""
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> int:
    options = _options()
    names = list(COMMANDS) if options.what == "all" else [options.what]
    begun, before, about = time.monotonic(), Busy.now(), facts()
    sections: list[Section] = []
    for name in names:
        measure, usual = COMMANDS[name]
        rounds = options.rounds or (1 if options.quick else usual)
        print(f"{name}: {rounds} rounds", flush=True)
        try:
            found = measure(rounds, options.quick)
        except BenchError as error:
            print(f"bench: {name} could not be measured: {error}", file=sys.stderr)
            return 1
        sections += found
        print("\n".join(map(in_terminal, found)), flush=True)
    about["took"] = f"{(time.monotonic() - begun) / 60:.0f} minutes; meanwhile {Busy.now().since(before)}"
    output = options.output or (RESULTS if options.what == "all" and not options.quick else None)
    if output is not None:
        when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        output.write_text(render(sections, about, when, _command(options)), encoding="utf-8")
        print(f"written: {output}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=["all", *COMMANDS])
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each, instead of the usual number")
    parser.add_argument("--quick", action="store_true", help="a few minutes, to see that it works; writes nothing")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the results here, whatever was measured")
    return parser.parse_args()


def _command(options: argparse.Namespace) -> str:
    rounds = f" --rounds {options.rounds}" if options.rounds else ""
    return f"python -m bench {options.what}{rounds}{' --quick' if options.quick else ''}"


if __name__ == "__main__":
    sys.exit(main())
