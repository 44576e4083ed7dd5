"""Growth of memory over a long run at constant load."""

from __future__ import annotations

import statistics

from bench.figures import Section
from bench.peers import document
from bench.process import SCRIPTS, TONNAGE, Ended, cores, run
from bench.server import nginx

TITLE = "Memory over a long run"
METHOD = """\
A constant load on nginx, half by a coroutine and half by a plain function, stored on disk; resident memory every 5
s. The slope is the least-squares line through what was read after the warm-up, with its standard error; growth is
counted as such where it is above two standard errors and above 10 kB a minute (three pages), which is 14 MB a day.
The warm-up is the first minute and the start of the process; a run of less than two minutes is not judged."""
RATE = 1000
LEAST = 10.0


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    seconds, warm = (60, 30) if quick else (300, 65)
    with nginx(server_core) as server:
        command = [TONNAGE, "run", str(SCRIPTS / "steady.py"), "--base-url", server.url, "--json", "--quiet"]
        settings = {"BENCH_RATE": str(RATE), "BENCH_DURATION": f"{seconds}s"}
        ended = run([*command, "--fail-on", "never"], core, every=5.0, extra=settings)
    return [_section(ended, seconds, warm)]


def line(points: list[tuple[float, int]]) -> tuple[float, float]:
    """Slope of the least-squares line and its standard error, both per second."""
    times, values = [at for at, _ in points], [held for _, held in points]
    slope, intercept = statistics.linear_regression(times, values)
    rest = [held - (intercept + slope * at) for at, held in points]
    middle = statistics.fmean(times)
    spread = sum((at - middle) ** 2 for at in times)
    return slope, (sum(each**2 for each in rest) / (len(points) - 2) / spread) ** 0.5


def slope_after(ended: Ended, begin: float, end: float) -> tuple[float, float]:
    """Slope of the memory and its standard error [kB a minute, of 1024 bytes]."""
    slope, error = line([(at, held) for at, held in ended.memory if begin <= at <= end])
    return slope * 60 / 1024, error * 60 / 1024


def _section(ended: Ended, seconds: int, warm: int) -> Section:
    slope, error = slope_after(ended, warm, seconds)
    delivered = document(ended)["delivered"]
    marks = [warm, *range(60, seconds, 60), seconds - 5]
    rows = [(f"{mark:.0f}", f"{_near(ended, mark) / 2**20:.2f}") for mark in sorted(set(marks)) if mark >= warm]
    rows.insert(0, ("start", f"{ended.memory[1][1] / 2**20:.2f}"))
    missed = []
    if seconds >= 120 and slope > max(LEAST, 2 * error):
        missed.append(
            f"memory grows by {slope:.1f} ± {error:.1f} kB a minute after the first {warm} s; the aim is none."
        )
    late, late_error = slope_after(ended, (warm + seconds) / 2, seconds)
    slope_text = f"Slope after {warm} s: {slope:.1f} ± {error:.1f} kB a minute"
    slope_text += f", in the second half of that time {late:.1f} ± {late_error:.1f}"
    notes = [f"{slope_text}, at {delivered['rate']:.0f} iterations a second ({delivered['completed']} in all)."]
    return Section(TITLE, f"{METHOD} {seconds} s, warm-up {warm} s.", ("second", "memory [MiB]"), rows, missed, notes)


def _near(ended: Ended, mark: float) -> int:
    return min(ended.memory, key=lambda sample: abs(sample[0] - mark))[1]
