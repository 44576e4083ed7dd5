"""How long a rehearsal takes: an HPA's week, a million sessions or requests one by one, a tuning."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.figures import Section, Spread, verdict

TITLE = "Rehearsal"
METHOD = """\
Elapsed time within one process, the import of the package not counted: an HPA on a service over one week at 15 s
(40,320 decisions, windows of a minute), a day of 1,000,000 sessions one by one under the session policy (a decision
every 5 s), an hour of 1,000,000 requests one by one under the HPA, and a tuning of session policies over a week of
spiky days on all cores. Median and range of the rounds."""

WEEK = 7 * 86_400.0
HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 50
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
"""
AGENT = """
agent:
  scaling:
    min_workers: 2
    max_workers: 1000
    sessions_per_worker: 5
    scale_up_threshold: 0.8
    scale_down_threshold: 0.3
    scale_down_delay: 300s
    warmup_time: 30s
"""


def measure(rounds: int, quick: bool) -> list[Section]:
    candidates = 20 if quick else 500
    rows, missed = [], []
    for name, work, times, aim in (
        ("HPA, one week", hpa_week, rounds, 1.0),
        ("1,000,000 sessions, one day", million_sessions, rounds, 5.0),
        ("1,000,000 requests one by one under an HPA", million_requests, rounds, None),
        (f"tuning, {candidates} candidates over a week", lambda: tuning(candidates), 1, 120.0),
    ):
        spread = Spread.of([elapsed(work) for _ in range(times)])
        rows.append((name, spread.text(2), "–" if aim is None else f"≤ {aim:g}"))
        missed += [] if aim is None else verdict(name, spread.median, aim, "s", 2)
    return [Section(TITLE, METHOD, ("what", "elapsed [s]", "aim [s]"), rows, missed)]


def elapsed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def hpa_week() -> None:
    from tonnage.capacity.models import parse_model
    from tonnage.load.demand import parse_demand
    from tonnage.scaling.files import read_policy
    from tonnage.scaling.simulator import simulate
    from tonnage.scaling.supply import Supply

    demand = parse_demand("50/s, 12h: 400/s, 24h: 50/s")
    model = parse_model("service:demand=20ms,servers=2")
    policy = read_policy(HPA, "hpa.yaml").policy
    simulate(demand, model, policy, Supply.parse("startup=30s"), 1, WEEK)


def million_sessions() -> None:
    from tonnage.capacity.models import parse_model
    from tonnage.load.demand import parse_demand
    from tonnage.scaling.files import read_policy
    from tonnage.scaling.simulator import simulate
    from tonnage.scaling.supply import Supply

    demand = parse_demand(f"{1_000_000 / 86_400}/s, 24h: {1_000_000 / 86_400}/s")
    model = parse_model("sessions:mean=180s,scv=1,per_worker=5")
    policy = read_policy(AGENT, "agent.yaml").policy
    simulate(demand, model, policy, Supply.parse("startup=15s,warmup=30s,grace=600s"), 1)


def million_requests() -> None:
    from tonnage.capacity.models import parse_model
    from tonnage.load.demand import parse_demand
    from tonnage.scaling.files import read_policy
    from tonnage.scaling.simulator import simulate
    from tonnage.scaling.supply import Supply

    mean = 1_000_000 / 3600
    demand = parse_demand(f"{mean / 2}/s, 30m: {mean * 3 / 2}/s, 30m: {mean / 2}/s")
    model = parse_model("service:demand=20ms,servers=2,scv=2,by=request")
    simulate(demand, model, read_policy(HPA, "hpa.yaml").policy, Supply.parse("startup=30s"), 1)


def tuning(candidates: int) -> None:
    from tonnage.load.spiky import parse_spiky
    from tonnage.scaling.files import read_policy
    from tonnage.workflows.tune_scaling import compare, study
    from tonnage.workflows.tuning_days import days_of

    subject = study(
        read_policy(AGENT.replace("1000", "60"), "agent.yaml"),
        "sessions:mean=180s,scv=1,per_worker=5",
        "startup=15s,warmup=30s,grace=600s",
    )
    compare([subject], days_of(parse_spiky("spiky:1", 7), 7, 1), candidates, 1)
