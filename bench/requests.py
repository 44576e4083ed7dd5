"""Processor time per request, against wrk, k6 and Locust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import where
from bench.figures import Section, Spread, verdict
from bench.peers import CONNECTIONS, Peer, peers
from bench.process import BenchError, cores, run
from bench.server import nginx

TITLE = "Processor time per request"
METHOD = f"""\
Each generator loads the same nginx with {CONNECTIONS} keep-alive connections (one request at a time on each) as fast
as it can. The generator is pinned to one core, the only worker of nginx to another. A figure is the difference
between a long and a short run, in processor time (user and system, of the process and its children) and in requests,
so that start-up and shut-down do not count. In each round every generator has its turn, in an order that rotates;
the ratio is taken to the reference of the same round. Figures are medians over the rounds, with the least and the
greatest. Tonnage is the whole command `tonnage run --json --store :memory:`, with everything recorded; scripts of
Tonnage, k6 and Locust make one request and one check. Requests are counted by each generator's own report. Rows with
TLS have wrk over TLS as their reference. Requests per second are of the long run, and say how fast the server was as
well."""


@dataclass
class Measured:
    """What the rounds gave for one peer: processor time per request [s], requests per second, ratio to reference."""

    cost: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)


def measure(rounds: int, quick: bool) -> list[Section]:
    short, long = (1, 3) if quick else (2, 8)
    server_core, core = cores()
    with nginx(server_core) as server:
        compared = peers(server)
        table = {peer.name: Measured() for peer in compared}
        for number in range(rounds):
            turn = number % len(compared)
            _round(compared[turn:] + compared[:turn], table, (short, long), core)
        costs = {name: Spread.of(measured.cost).median for name, measured in table.items()}
        profiled = where.profile(compared, costs, core, (short, long))
        return [_section(compared, table, profiled, f"{rounds} rounds; {short} s and {long} s."), *profiled]


def _round(order: Sequence[Peer], table: dict[str, Measured], durations: tuple[int, int], core: int) -> None:
    costs = {}
    for peer in order:
        cost, rate = difference(peer, durations, core)
        costs[peer.name] = cost
        table[peer.name].cost.append(cost)
        table[peer.name].rate.append(rate)
        print(f"  {peer.name}: {cost * 1e6:.2f} µs, {rate:.0f}/s", flush=True)
    for peer in order:
        table[peer.name].ratio.append(costs[peer.name] / costs[peer.reference])


def difference(peer: Peer, durations: tuple[int, int], core: int) -> tuple[float, float]:
    """Processor time per request between two durations [s], and requests per second in the longer one."""
    ended = [run(peer.command(seconds), core) for seconds in durations]
    few, many = (peer.count(each) for each in ended)
    if many <= few:
        raise BenchError(f"{peer.name} made no more requests in {durations[1]} s than in {durations[0]} s")
    return (ended[1].cpu - ended[0].cpu) / (many - few), many / durations[1]


def _section(compared: Sequence[Peer], table: dict[str, Measured], profiled: Sequence[Section], extent: str) -> Section:
    rows, missed = [], []
    for peer in compared:
        measured = table[peer.name]
        ratio, rate = Spread.of(measured.ratio), Spread.of(measured.rate)
        cost = Spread.of(value * 1e6 for value in measured.cost)
        aim = "" if peer.aim is None else f"≤ {peer.aim}"
        rows.append((peer.name, cost.text(), ratio.text(), aim, f"{rate.median:.0f}"))
        if peer.aim is not None:
            said = verdict(f"{peer.name}, ratio to {peer.reference}", ratio.median, peer.aim, "×")
            missed += [f"{each} {where.sentence(profiled, peer.name)}".strip() for each in said]
    return Section(
        TITLE, f"{METHOD} {extent}", ("generator", "µs per request", "ratio", "aim", "requests/s"), rows, missed
    )
