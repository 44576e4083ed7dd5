"""Where the time of a request goes: samples of the processor, by program and library."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Section
from bench.peers import Peer
from bench.process import run

TITLE = "Where the time of a request goes"
METHOD = """\
`perf record -e cpu-clock` over a long and a short run of each; of the samples that the long one has more, the share
in each program or library, times the median processor time per request from the table above [µs]. "Kernel" is system
calls and the network; "core" is the native extension of Tonnage, or wrk itself; "interpreter" is Python; "C library"
has the copying and allocation of memory."""
PLACES = {
    "kernel": r"kernel|\[guest|\[hypervisor",
    "core": r"_engine|^wrk$",
    "interpreter": r"^(lib)?python",
    "greenlet": r"greenlet",
    "C library": r"^libc[.-]|^ld-|vdso|libcrypto|libssl|libm[.-]|libpthread|libgcc",
}
PROFILED = ("wrk", "tonnage, URL", "tonnage, async def", "tonnage, plain def")


def profile(
    compared: Sequence[Peer], costs: Mapping[str, float], core: int, durations: tuple[int, int]
) -> list[Section]:
    """A table with a column for each place; nothing where perf is absent or may not sample."""
    perf = shutil.which("perf")
    rows = []
    for peer in compared:
        if perf is None or peer.name not in PROFILED:
            continue
        short, long = (_samples(perf, peer.command(seconds), core) for seconds in durations)
        more = long - short
        if (total := more.total()) > 0:
            cost = costs[peer.name] * 1e6
            rows.append((peer.name, *(f"{more[place] / total * cost:.2f}" for place in (*PLACES, "other"))))
    return [Section(TITLE, METHOD, ("generator", *PLACES, "other"), rows)] if rows else []


def sentence(profiled: Sequence[Section], name: str) -> str:
    """Where the time of one generator goes beyond that of wrk; empty where it was not profiled."""
    rows = {row[0]: row[1:] for section in profiled for row in section.rows}
    if name not in rows or "wrk" not in rows:
        return ""
    pairs = zip((*PLACES, "other"), rows[name], rows["wrk"], strict=True)
    return "Against wrk: " + ", ".join(f"{place} {float(a) - float(b):+.2f} µs" for place, a, b in pairs) + "."


def _samples(perf: str, command: Sequence[str], core: int) -> Counter[str]:
    """How many samples of the processor were taken in each place."""
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-perf-") as folder:
        data = str(Path(folder, "perf.data"))
        run([perf, "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data, "--", *command], core)
        report = run([perf, "report", "-i", data, "--stdio", "--sort", "dso", "-n", "-g", "none"])
    samples: Counter[str] = Counter()
    for number, name in re.findall(r"^\s*[\d.]+%\s+(\d+)\s+(\S+)", report.output, re.MULTILINE):
        samples[next((place for place, pattern in PLACES.items() if re.search(pattern, name)), "other")] += int(number)
    return samples
