"""One line about a run, for lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tonnage.metrics import reading
from tonnage.metrics.catalog import BUILT_IN
from tonnage.metrics.window import Window
from tonnage.runs.run import Ending, Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """A run in a list.

    Attributes:
        verdict, outcome: as in Verdict; empty where the file cannot be read.
        source: the script, or method and URL.
        duration: seconds.
        p95: of the response time [s], from below where requests never ended; None without samples.
        ended: whether it has its verdict; one that goes on, or was killed, has none yet.
        fault: why the file cannot be read.
    """

    id: str
    origin: str = ""
    started_at: str = ""
    verdict: str = ""
    exit_code: int = 0
    outcome: str = ""
    source: str = ""
    duration: float = 0.0
    requests: int = 0
    p95: float | None = None
    ended: bool = False
    fault: str = ""


def record_of(
    run: Mapping[str, Any], total: Window, ending: Ending | None, verdict: Verdict, *, ended: bool = True
) -> Record:
    """The record of a run.

    Args:
        run: `meta` of its database.
    """
    p95 = reading.trend(total, BUILT_IN["http_req_response_time"]).quantile(0.95)
    return Record(
        id=run["run_id"],
        origin=run["origin"],
        started_at=run["started_at"],
        verdict=verdict.value,
        exit_code=verdict.exit_code,
        outcome=verdict.outcome,
        source=_source(run["plan"]),
        duration=ending.duration if ending else float(max(total.end, 0)),
        requests=reading.count(total, "http_reqs"),
        p95=p95.lower if p95 else None,
        ended=ended,
    )


def _source(plan: Mapping[str, Any]) -> str:
    if plan.get("script"):
        return str(plan["script"]["path"])
    if plan.get("rehearsal"):
        return f"rehearsal of {plan['rehearsal']['model']}"
    request = plan.get("request")
    return f"{request['method']} {request['url']}" if request else ""
