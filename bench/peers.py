"""The generators that are compared: how each is called, and how its requests are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.process import SCRIPTS, TONNAGE, BenchError, Ended, find
from bench.server import Server

CONNECTIONS = 50
RUN = ("--json", "--quiet", "--store", ":memory:", "--fail-on", "never")
ASYNC, PLAIN = str(SCRIPTS / "async_check.py"), str(SCRIPTS / "plain_check.py")


@dataclass(frozen=True)
class Peer:
    """A generator of closed load.

    Attributes:
        name: as the table shows it.
        reference: name of the peer to which it is put in relation.
        aim: the most that its relation may be; None for peers.
        command: its command line for a duration in whole seconds.
        count: how many requests it says that it made; raises where one of them failed.
    """

    name: str
    reference: str
    aim: float | None
    command: Callable[[int], Sequence[str]]
    count: Callable[[Ended], int]


def peers(server: Server) -> list[Peer]:
    """All of them; wrk and wrk over TLS are the references."""
    closed = ("-u", str(CONNECTIONS), *RUN)

    def wrk(url: str) -> Callable[[int], Sequence[str]]:
        return lambda seconds: [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url]

    def tonnage(*what: str) -> Callable[[int], Sequence[str]]:
        return lambda seconds: [TONNAGE, "run", *what, "-d", f"{seconds}s", *closed]

    def k6(seconds: int) -> Sequence[str]:
        env = ["-e", f"URL={server.url}", "-e", f"DURATION={seconds}s"]
        return [find("k6"), "run", "--quiet", *env, str(SCRIPTS / "k6_check.js")]

    def locust(seconds: int) -> Sequence[str]:
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", f"{seconds}s"]
        script = ["-f", str(SCRIPTS / "locust_check.py"), "-H", server.url.rstrip("/")]
        return [find("locust"), *script, "--headless", "--json", *users]

    base = ("--base-url", server.url)
    return [
        Peer("wrk", "wrk", None, wrk(server.url), count_wrk),
        Peer("tonnage, URL", "wrk", 1.0, tonnage(server.url), count_tonnage),
        Peer("tonnage, async def", "wrk", 1.3, tonnage(ASYNC, *base), count_tonnage),
        Peer("tonnage, plain def", "wrk", 1.6, tonnage(PLAIN, *base), count_tonnage),
        Peer("k6", "wrk", None, k6, count_k6),
        Peer("Locust FastHttpUser", "wrk", None, locust, count_locust),
        Peer("wrk, TLS", "wrk, TLS", None, wrk(server.secure_url), count_wrk),
        Peer("tonnage, URL, TLS", "wrk, TLS", 1.0, tonnage(server.secure_url, "--insecure"), count_tonnage),
    ]


def document(ended: Ended) -> Any:
    """The JSON document that a run of Tonnage prints."""
    try:
        return json.loads(ended.output)
    except ValueError:
        said = (ended.errors or ended.output).strip()[-500:]
        raise BenchError(f"tonnage ended with {ended.code} and printed no JSON: {said}") from None


def count_tonnage(ended: Ended) -> int:
    metrics = document(ended)["metrics"]
    _refuse_failures("tonnage", metrics["http_req_failed"]["values"]["passes"])
    return int(metrics["http_reqs"]["values"]["count"])


def count_wrk(ended: Ended) -> int:
    found = re.search(r"(\d+) requests in", ended.output)
    if found is None:
        raise BenchError(f"wrk ended with {ended.code}: {ended.output}{ended.errors}")
    bad = sum(
        int(number) for line in re.findall(r"(?:Socket errors|Non-2xx).*", ended.output) for number in _ints(line)
    )
    _refuse_failures("wrk", bad)
    return int(found[1])


def _ints(line: str) -> list[str]:
    return re.findall(r"(?<![\dx])\d+(?![\dx])", line.replace("Non-2xx or 3xx", ""))


def count_k6(ended: Ended) -> int:
    try:
        said = json.loads(ended.output)
    except ValueError:
        raise BenchError(f"k6 ended with {ended.code}: {ended.errors.strip()[-500:]}") from None
    _refuse_failures("k6", said["failed"])
    return int(said["requests"])


def count_locust(ended: Ended) -> int:
    try:
        entries = json.loads(ended.output)
    except ValueError:
        raise BenchError(f"locust ended with {ended.code}: {ended.errors.strip()[-500:]}") from None
    _refuse_failures("locust", sum(entry["num_failures"] for entry in entries))
    return sum(int(entry["num_requests"]) for entry in entries)


def _refuse_failures(name: str, failures: int) -> None:
    if failures:
        raise BenchError(f"{failures} requests of {name} failed, so its figures mean nothing")
