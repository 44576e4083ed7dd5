"""A rehearsal from its texts: demand × model × policy × supply → Run, and the Run into the store."""

from __future__ import annotations

import json
from dataclasses import replace

from tonnage.capacity.models import parse_model
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import Mistake, PlanError, StoreError
from tonnage.finding import Finding
from tonnage.load.demand import DAY, Demand, demand_of_counts, parse_demand
from tonnage.load.demand_csv import read_demand_csv
from tonnage.load.plan import Rehearsal, Threshold
from tonnage.load.spiky import is_spiky, parse_spiky
from tonnage.metrics import reading
from tonnage.runs.environment import Environment
from tonnage.runs.recorder import Batch
from tonnage.runs.run import Ending, Run
from tonnage.runs.store import Origins, Store
from tonnage.runs.verdict import judge
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.rules import lint
from tonnage.scaling.simulator import OBJECTIVES, Settings, simulate
from tonnage.scaling.supply import Supply
from tonnage.scaling.surroundings import surroundings


def rehearse(
    policy: PolicyFile,
    demand: Demand,
    model: str,
    supply: str,
    days: float | None = None,
    seed: int = 1,
    thresholds: tuple[Threshold, ...] = (),
) -> Run:
    """Rehearse a policy file.

    Args:
        days: the horizon; None for the length of the demand.
        thresholds: objectives beside those of a session pool.

    Returns:
        The Run; its plan has the supply with what the policy's file adds to it, and `facts["taken"]` says what that is.

    Raises:
        PlanError: with the mistakes of the model or of the supply.
    """
    parsed, around = parse_model(model), surroundings(policy, supply)
    texts = Rehearsal(demand.text, model, json.dumps(policy.document.value, default=str), around.text)
    chosen = None
    if thresholds:
        chosen = (*(OBJECTIVES if model.startswith("sessions") else ()), *thresholds)
    run = simulate(
        demand,
        parsed,
        policy.policy,
        around.supply,
        seed,
        None if days is None else days * DAY,
        settings=Settings(thresholds=chosen, initial=around.initial),
        texts=texts,
    )
    return replace(run, facts={**run.facts, "taken": list(around.taken)}) if around.taken else run


def supply_of(policy: PolicyFile, text: str) -> Supply:
    """The supply of a text, with what the policy's file says of the rest.

    Raises:
        PlanError: with every mistake.
    """
    return surroundings(policy, text).supply


def findings_of(policy: PolicyFile, model: str) -> tuple[tuple[Finding, ...], str]:
    """What the lint finds in a policy over a model, and the flags with which `tonnage lint` finds the same."""
    parsed = parse_model(model)
    slots = parsed.per_worker if isinstance(parsed, SessionModel) else None
    return lint(policy, Circumstances(slots)), f" --sessions-per-worker {slots}" if slots else ""


def demand_of(text: str, csv: str | None, store: Store, spiky: int = 1) -> Demand:
    """The demand that a text names: a CSV file (given by its content), a curve, spiky:SEED, or a stored run.

    Args:
        spiky: so many spiky days.

    Raises:
        PlanError: mistakes of the file or the curve, or there is no such run.
    """
    if csv is not None:
        return read_demand_csv(csv, text)
    if is_spiky(text):
        return parse_spiky(text, spiky)
    if "/" in text or "," in text:
        return parse_demand(text)
    try:
        plan = store.load(text, None).plan
        return demand_of_run(store.load(text, 1 if plan.rehearsal is None else 60))
    except StoreError as error:
        raise PlanError(Mistake("demand", f"{text!r} is no file and no curve, and as a run: {error}")) from error


def demand_of_run(run: Run) -> Demand:
    """The arrivals of a run, window by window."""
    counts = [
        (float(window.start), float(window.length), float(reading.count(window, "arrivals_due")))
        for window in run.windows
        if window.length
    ]
    return demand_of_counts(counts, run.id)


def store_run(run: Run, store: Store, environment: Environment, started_at: str, run_id: str) -> Run:
    """Put a rehearsed run into the store under an id; as it was stored."""
    writer = store.create(run.plan, environment, started_at, run_id, Origins("rehearsed", run.facts))
    writer.commit(Batch(tuple((60, window) for window in run.windows), run.events, run.total))
    end = float(run.total.end)
    ending = run.ending or Ending("completed", end, end)
    writer.finish(ending, run.verdict or judge(run.plan, run.total, ending, run.events))
    return replace(run, id=run_id, started_at=started_at, environment=environment)
