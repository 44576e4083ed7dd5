"""Memory of many series, up to the cap and beyond it."""

from __future__ import annotations

from bench.figures import Section, Spread, verdict
from bench.memory import second_half
from bench.peers import CONNECTIONS, document
from bench.process import SCRIPTS, TONNAGE, cores, run
from bench.server import nginx

TITLE = "Memory of series"
METHOD = f"""\
{CONNECTIONS} closed VUs make requests to nginx as fast as they can, each under a name drawn from so many, with one
check; the run is stored on disk. A name is a series of each of its metrics, and at most 2 000 series of a metric are
kept apart; beyond that they are "(other)". Resident memory as above, against one name; "peak" is the most that was
seen, including the making of the report."""
CAP, MOST = 2000, 200.0


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    seconds = 5 if quick else 15
    counts = (1, CAP) if quick else (1, CAP, 2 * CAP)
    found: dict[int, list[tuple[float, float, int]]] = {count: [] for count in counts}
    with nginx(server_core) as server:
        for _ in range(rounds):
            for count in counts:
                found[count].append(_one(server.url, count, seconds, core))
    rows, missed = [], []
    base = Spread.of(held for held, _, _ in found[1]).median
    for count in counts:
        held = Spread.of(held / 2**20 for held, _, _ in found[count])
        peak = Spread.of(peak / 2**20 for _, peak, _ in found[count])
        requests = Spread.of(requests for _, _, requests in found[count])
        each = (held.median * 2**20 - base) / (count - 1) / 1024 if count > 1 else None
        per_name = "" if each is None else f"{each:.1f}"
        rows.append((str(count), held.text(1), per_name, peak.text(1), f"{requests.median:.0f}"))
        missed += verdict(f"peak memory with {count} names", peak.median, MOST, "MiB", 0)
    header = ("names", "process [MiB]", "each name [kB]", "peak [MiB]", "requests")
    return [Section(TITLE, f"{METHOD} {rounds} rounds, {seconds} s each.", header, rows, missed)]


def _one(url: str, names: int, seconds: int, core: int) -> tuple[float, float, int]:
    """Memory in the second half, peak memory [bytes], and requests."""
    load = ["-u", str(CONNECTIONS), "-d", f"{seconds}s", "--base-url", url, "-e", f"NAMES={names}"]
    options = ["--json", "--quiet", "--fail-on", "never"]
    ended = run([TONNAGE, "run", str(SCRIPTS / "names.py"), *load, *options], core, every=0.1)
    held, peak = second_half(ended, seconds), max(held for _, held in ended.memory)
    print(f"  {names} names: {held / 2**20:.1f} MiB, peak {peak / 2**20:.1f} MiB", flush=True)
    return held, peak, int(document(ended)["metrics"]["http_reqs"]["values"]["count"])
