"""Processor time until the command is ready."""

from __future__ import annotations

import re
import sys

from bench.figures import Section, Spread, verdict
from bench.process import TONNAGE, BenchError, run

TITLE = "Start-up"
METHOD = """\
Processor time (user and system) of a whole process, with compiled bytecode already on disk; the median and the range
of interleaved calls. The aims are for the whole; the last column subtracts an interpreter that does nothing."""
COMMANDS = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "import tonnage": ([sys.executable, "-c", "import tonnage"], 100.0),
    "tonnage --help": ([TONNAGE, "--help"], 250.0),
    "tonnage run --help": ([TONNAGE, "run", "--help"], None),
}
CALLS = 10


def measure(rounds: int, quick: bool) -> list[Section]:
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(CALLS + 1):
        for name, (command, _) in COMMANDS.items():
            ended = run(command)
            if ended.code:
                raise BenchError(f"{name} ended with {ended.code}: {ended.errors.strip()[-500:]}")
            found[name].append(ended.cpu * 1000)
    rows, missed = [], []
    bare = Spread.of(found["python -c pass"][1:]).median
    for name, (_, aim) in COMMANDS.items():
        whole = Spread.of(found[name][1:])  # the first call of each warms the caches
        rows.append((name, whole.text(0), "" if aim is None else f"≤ {aim:g}", f"{whole.median - bare:.0f}"))
        if aim is not None:
            missed += verdict(f"{name}, processor time", whole.median, aim, "ms", 0)
    notes = [f"Imports that take longest by themselves in `import tonnage`: {slowest()}."] if missed else []
    header = ("what", "processor time [ms]", "aim [ms]", "less the interpreter [ms]")
    return [Section(TITLE, f"{METHOD} {CALLS} calls.", header, rows, missed, notes)]


def slowest(count: int = 8) -> str:
    """The modules whose own execution takes longest, by `-X importtime`."""
    ended = run([sys.executable, "-X", "importtime", "-c", "import tonnage"])
    found = [(int(own), name) for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)", ended.errors)]
    return ", ".join(f"{name} {own / 1000:.1f} ms" for own, name in sorted(found, reverse=True)[:count])
