"""Delivered against planned rate, and how late arrivals are, at half of the rated load."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from bench.figures import Section, Spread, verdict
from bench.peers import ASYNC, CONNECTIONS, PLAIN, RUN, document
from bench.process import SCRIPTS, TONNAGE, BenchError, cores, run
from bench.server import Server, nginx

TITLE = "Lateness of arrivals at half of the rated load"
METHOD = """\
Rated load: the highest of the tried constant rates at which at least 99 % of the planned arrivals start and the
lateness of starts (arrival_lag) has a p99 of at most 10 ms. The search starts at what 50 closed VUs reach and goes
down by a fifth until a rate holds, or up by a fifth until one does not. Generator on one core, nginx on the other,
--max-vus 500. Then runs at half of the rated load. Tonnage's own report gives the figures; where nginx is what holds
a rate back, that counts too. The loops make no load: they sleep to instants 1 ms apart on the same core, and show
what the machine itself is late. "Script lag" is the time from when the core has something for a script until the
script has it."""
AIM = 1.0


@dataclass(frozen=True)
class Delivered:
    """Share of the planned arrivals that started [1], p99 and greatest lateness, p99 of the script lag [ms]."""

    share: float
    lag: float
    most: float
    script: float

    @property
    def holds(self) -> bool:
        return self.share >= 0.99 and self.lag <= 10.0


def measure(rounds: int, quick: bool) -> list[Section]:
    server_core, core = cores()
    search, seconds = (2, 5) if quick else (5, 15)
    rows, missed = [], []
    for name, busy in (("a loop that sleeps", 0.0), ("a loop that works half the time", 0.5)):
        alone = [_sleeper(seconds / 3, busy, core) for _ in range(rounds)]
        lags = Spread.of(lag for lag, _ in alone).text(3), Spread.of(most for _, most in alone).text(1)
        rows.append((name, "", "1000", "", *lags, ""))
    with nginx(server_core) as server:
        for name, target in targets(server).items():
            rated = rated_load(target, search, core)
            found = [arrivals(target, rated // 2, seconds, core) for _ in range(rounds)]
            share, lag = Spread.of(100 * each.share for each in found), Spread.of(each.lag for each in found)
            most = Spread.of(each.most for each in found)
            script = Spread.of(each.script for each in found)
            rows.append((name, str(rated), str(rated // 2), share.text(), lag.text(3), most.text(1), script.text(3)))
            print("  " + "  ".join(rows[-1]), flush=True)
            missed += verdict(f"{name}, lateness p99 at {rated // 2}/s", lag.median, AIM, "ms", 3)
    method = f"{METHOD} {search} s for a rate of the search, then {rounds} rounds of {seconds} s."
    header = (
        "load",
        "rated [1/s]",
        "run at [1/s]",
        "started [%]",
        "lateness p99 [ms]",
        "greatest [ms]",
        "script lag p99 [ms]",
    )
    return [Section(TITLE, method, header, rows, missed)]


def _sleeper(seconds: float, busy: float, core: int) -> tuple[float, float]:
    """p99 and greatest lateness of a process that makes no load: what the machine itself is late [ms]."""
    lag, most = run([sys.executable, str(SCRIPTS / "sleeper.py"), str(seconds), str(busy)], core).output.split()
    return float(lag), float(most)


def targets(server: Server) -> dict[str, list[str]]:
    base = ["--base-url", server.url]
    return {"URL": [server.url], "async def": [ASYNC, *base], "plain def": [PLAIN, *base]}


def rated_load(target: list[str], seconds: int, core: int) -> int:
    """The highest of the tried rates that holds [1/s]."""
    closed = document(run([TONNAGE, "run", *target, "-u", str(CONNECTIONS), "-d", f"{seconds}s", *RUN], core))
    rate = round(closed["delivered"]["rate"], -2)
    if arrivals(target, int(rate), seconds, core).holds:
        for _ in range(5):
            if not arrivals(target, int(rate * 1.2), seconds, core).holds:
                break
            rate *= 1.2
        return int(rate)
    for _ in range(12):
        rate *= 0.8
        if arrivals(target, int(rate), seconds, core).holds:
            return int(rate)
    raise BenchError(f"no rate from {rate:.0f}/s upwards holds; the machine is too busy for this benchmark")


def arrivals(target: list[str], rate: int, seconds: int, core: int) -> Delivered:
    load = ["--rate", str(rate), "-d", f"{seconds}s", "--max-vus", "500"]
    said = document(run([TONNAGE, "run", *target, *load, *RUN], core))
    lag = said["generator"]["arrival_lag"]
    if lag["p(99)"] is None:
        raise BenchError(f"the run at {rate}/s says nothing of lateness; reasons: {said['reasons']}")
    share = said["delivered"]["started"] / said["planned"]["arrivals"]
    return Delivered(share, lag["p(99)"], lag["max"], said["generator"]["script_lag"]["p(99)"] or 0.0)
