"""Memory of a VU that waits."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.figures import Section, Spread, verdict
from bench.peers import RUN, document
from bench.process import SCRIPTS, TONNAGE, BenchError, Ended, cores, run
from bench.server import nginx

TITLE = "Memory of waiting VUs"
METHOD = """\
Resident memory (VmRSS) of a run whose VUs sleep, read from /proc every 0.1 s and taken as the median over the second
half of the run; what many VUs hold more than one VU does, divided by their number. "New" VUs have done nothing
before they sleep, and the aims are for them; "worked" ones have made one request, one check and one draw of their
random numbers, and keep their connection. The kernel's memory of sockets is not in it."""
KINDS = {"async def": ("async_idle.py", 6.0), "plain def": ("plain_idle.py", 16.0)}
COUNTS = {"new": (1, 1000, 10_000), "worked": (1, 1000)}


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    seconds = 4 if quick else 5
    rows: list[tuple[str, ...]] = []
    missed: list[str] = []
    with nginx(server_core) as server:
        for kind, (script, aim) in KINDS.items():
            for state, counts in COUNTS.items():
                load = [str(SCRIPTS / script), "--base-url", server.url, "-e", f"STATE={state}"]
                found = [[_held(load, count, seconds, core) for count in counts] for _ in range(rounds)]
                for index, count in enumerate(counts):
                    each = Spread.of(_each(held, counts, index) for held in found)
                    whole = Spread.of(held[index] / 2**20 for held in found).text(1)
                    judged = state == "new" and count > 1
                    shown = each.text() if count > 1 else ""
                    rows.append((kind, state, str(count), whole, shown, f"≤ {aim:g}" if judged else ""))
                    print("  " + "  ".join(rows[-1]), flush=True)
                    missed += verdict(f"{kind}, each of {count} new VUs", each.median, aim, "kB") if judged else []
    header = ("VUs", "state", "number", "process [MiB]", "each VU [kB]", "aim [kB]")
    return [Section(TITLE, f"{METHOD} {rounds} rounds, {seconds} s each.", header, rows, missed)]


def _each(held: Sequence[float], counts: Sequence[int], index: int) -> float:
    """What each VU more than one holds [kB, of 1024 bytes]."""
    return (held[index] - held[0]) / max(1, counts[index] - 1) / 1024


def _held(load: Sequence[str], vus: int, seconds: int, core: int) -> float:
    """Resident memory with so many VUs [bytes]."""
    length = ["-u", str(vus), "-d", f"{seconds}s", "--graceful-stop", "0s", "--no-thresholds"]
    ended = run([TONNAGE, "run", *load, *length, *RUN], core, every=0.1)
    if (started := document(ended)["delivered"]["started"]) != vus:
        raise BenchError(f"{started} of {vus} VUs started")
    return second_half(ended, seconds)


def second_half(ended: Ended, seconds: float) -> float:
    """Median memory over the second half of a run of so many seconds [bytes], without its end, which reports."""
    samples = [held for at, held in ended.memory if seconds / 2 <= at <= 0.95 * seconds]
    if not samples or ended.code:
        raise BenchError(f"the run ended with {ended.code}: {ended.errors.strip()[-500:]}")
    return statistics.median(samples)
