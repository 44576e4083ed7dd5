"""Memory of a VU that waits."""

from __future__ import annotations

import statistics

from bench.figures import Section, Spread, verdict
from bench.peers import RUN
from bench.process import SCRIPTS, TONNAGE, BenchError, Ended, cores, run
from bench.server import nginx

TITLE = "Memory of idle VUs"
METHOD = """\
Resident memory (VmRSS) of a run whose VUs sleep, read from /proc every 0.1 s and taken as the median over the second
half of the run; what many VUs hold more than one VU does, divided by their number. "Connected" VUs have made one
request before and keep its connection; the kernel's memory of sockets is not in it."""
AIMS = {"async def": ("async_idle.py", 6.0), "plain def": ("plain_idle.py", 16.0)}


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    seconds = 4 if quick else 6
    with nginx(server_core) as server:
        rows, missed = [], []
        for kind, (script, aim) in AIMS.items():
            for count, state in ((1000, "idle"), (10_000, "idle"), (1000, "connected")):
                base = ["--base-url", server.url, *(["-e", "ASK=1"] if state == "connected" else [])]
                measured = [_pair(script, base, count, seconds, core) for _ in range(rounds)]
                each = Spread.of((many - one) / (count - 1) / 1024 for one, many in measured)
                whole = Spread.of(many / 2**20 for _, many in measured)
                is_judged = state == "idle"
                aim_text = f"≤ {aim:g}" if is_judged else ""
                rows.append((kind, state, f"{count:,}".replace(",", " "), whole.text(1), each.text(), aim_text))
                print("  " + "  ".join(rows[-1]), flush=True)
                if is_judged:
                    missed += verdict(f"{kind}, each of {count} idle VUs", each.median, aim, "kB")
    header = ("VUs", "state", "number", "process [MiB]", "each VU [kB]", "aim [kB]")
    return [Section(TITLE, f"{METHOD} {rounds} rounds, {seconds} s each.", header, rows, missed)]


def _pair(script: str, base: list[str], count: int, seconds: int, core: int) -> tuple[float, float]:
    """Resident memory with one VU and with `count` [bytes]."""
    one, many = (_held(script, base, number, seconds, core) for number in (1, count))
    return one, many


def _held(script: str, base: list[str], vus: int, seconds: int, core: int) -> float:
    load = ["-u", str(vus), "-d", f"{seconds}s", "--graceful-stop", "0s", "--no-thresholds"]
    return second_half(run([TONNAGE, "run", str(SCRIPTS / script), *base, *load, *RUN], core, every=0.1), seconds)


def second_half(ended: Ended, seconds: float) -> float:
    """Median memory over the second half of a run of so many seconds [bytes], without its end, which reports."""
    samples = [held for at, held in ended.memory if seconds / 2 <= at <= 0.95 * seconds]
    if not samples or ended.code not in (0, 111):
        raise BenchError(f"the run ended with {ended.code}: {ended.errors.strip()[-500:]}")
    return statistics.median(samples)
