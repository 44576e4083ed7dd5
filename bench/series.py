"""Memory of as many series as are kept apart."""

from __future__ import annotations

import statistics

from bench.figures import Section, Spread, verdict
from bench.peers import document
from bench.process import MOST_MEMORY, SCRIPTS, TONNAGE, BenchError, Ended, cores, run
from bench.server import nginx

CAP, MOST, RATE = 2000, 200.0, 2000
TITLE = "Memory of series"
METHOD = f"""\
A coroutine makes {RATE} requests a second to nginx, each under a name drawn from so many, with one check; the run is
stored on disk. A name is a series of each of its metrics, of which at most {CAP} are kept apart. Resident memory,
read every 0.5 s: "at the end" is the median of the last ten seconds of load, "growth" the slope over the same
seconds, "peak" the most that was seen, the making of the report included. A process beyond {MOST_MEMORY >> 30} GiB
is stopped. "CPU" is of the whole run."""


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    seconds = 12 if quick else 75
    rows: list[tuple[str, ...]] = []
    missed: list[str] = []
    notes: list[str] = []
    base = 0.0
    with nginx(server_core) as server:
        for names in (1, CAP):
            found = [_one(server.url, names, seconds, core) for _ in range(rounds)]
            end = Spread.of(at_the_end(ended)[0] / 2**20 for ended in found)
            growth = Spread.of(at_the_end(ended)[1] / 2**20 for ended in found)
            peak = Spread.of(max(held for _, held in ended.memory) / 2**20 for ended in found)
            base = base or end.median
            each = f"{(end.median - base) * 1024 / (names - 1):.1f}" if names > 1 else ""
            cpu = Spread.of(ended.cpu for ended in found)
            rows.append((str(names), end.text(1), each, growth.text(2), peak.text(1), cpu.text(1)))
            print("  " + "  ".join(rows[-1]), flush=True)
            missed += verdict(f"peak memory with {names} names", peak.median, MOST, "MiB", 0)
            if peak.median > MOST:
                notes.append(
                    f"With {names} names memory grew by {growth.median:.1f} MiB a second to the end of the load."
                )
            notes += [said for ended in found if (said := _stopped(ended, names))]
    header = ("names", "at the end [MiB]", "each name [kB]", "growth [MiB/s]", "peak [MiB]", "CPU [s]")
    return [Section(TITLE, f"{METHOD} {rounds} rounds, {seconds} s each.", header, rows, missed, notes)]


def _one(url: str, names: int, seconds: int, core: int) -> Ended:
    load = ["--rate", str(RATE), "-d", f"{seconds}s", "--base-url", url, "-e", f"NAMES={names}"]
    options = ["--json", "--quiet", "--fail-on", "never"]
    ended = run([TONNAGE, "run", str(SCRIPTS / "names.py"), *load, *options], core, every=0.5)
    if ended.code and not _stopped(ended, names):
        raise BenchError(f"the run ended with {ended.code}: {ended.errors.strip()[-500:]}")
    if not ended.code and document(ended)["metrics"]["http_reqs"]["values"]["count"] < RATE * seconds * 0.95:
        print(f"  {names} names: fewer requests than were asked for")
    return ended


def _stopped(ended: Ended, names: int) -> str:
    if ended.code != -9:
        return ""
    at, held = ended.memory[-1]
    return f"The run with {names} names was stopped after {at:.0f} s, when it held {held / 2**20:.0f} MiB."


def at_the_end(ended: Ended) -> tuple[float, float]:
    """Median memory [bytes] and its slope [bytes/s] in the ten seconds before the last two."""
    last = ended.memory[-1][0] - 2
    samples = [(at, held) for at, held in ended.memory if last - 10 <= at <= last]
    if len(samples) < 4:
        raise BenchError("the run was too short for its memory to be read")
    held = statistics.median(held for _, held in samples)
    return held, statistics.linear_regression([at for at, _ in samples], [held for _, held in samples]).slope
