"""Where the time of a request goes: samples of the processor, by program and library."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Section
from bench.peers import Peer
from bench.process import run

TITLE = "Where the time of a request goes"
METHOD = """\
`perf record -e cpu-clock` over one long run of each (start-up included); the share of the samples in each program or
library, times the median processor time per request from the table above [µs]. "Kernel" is system calls and the
network; "core" is the native extension of Tonnage, or wrk itself; "interpreter" is Python; "C library" has the copying
and allocation of memory."""
PLACES = {
    "kernel": r"kernel|\[guest|\[hypervisor",
    "core": r"_engine|^wrk$",
    "interpreter": r"^(lib)?python",
    "greenlet": r"greenlet",
    "C library": r"^libc[.-]|^ld-|vdso|libcrypto|libssl|libm[.-]|libpthread|libgcc",
}
PROFILED = ("wrk", "tonnage, URL", "tonnage, async def", "tonnage, plain def")


def profile(compared: Sequence[Peer], costs: Mapping[str, float], core: int, seconds: int) -> list[Section]:
    """A table with a column for each place; nothing where perf is absent or may not sample."""
    rows = []
    for peer in compared:
        if peer.name in PROFILED and (shares := _shares(peer, core, seconds)):
            cost = costs[peer.name] * 1e6
            rows.append((peer.name, *(f"{shares.get(place, 0) * cost:.2f}" for place in (*PLACES, "other"))))
    return [Section(TITLE, METHOD, ("generator", *PLACES, "other"), rows)] if rows else []


def _shares(peer: Peer, core: int, seconds: int) -> dict[str, float]:
    perf = shutil.which("perf")
    if perf is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-perf-") as folder:
        data = str(Path(folder, "perf.data"))
        run([perf, "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data, "--", *peer.command(seconds)], core)
        report = run([perf, "report", "-i", data, "--stdio", "--sort", "dso", "-g", "none"])
    found = re.findall(r"^\s*([\d.]+)%\s+(\S+)", report.output, re.MULTILINE)
    shares: dict[str, float] = {}
    for percent, name in found:
        place = next((place for place, pattern in PLACES.items() if re.search(pattern, name)), "other")
        shares[place] = shares.get(place, 0.0) + float(percent) / 100
    return shares
