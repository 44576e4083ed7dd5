"""The rehearsal: a demand meets a model under a policy, and what happens is a Run like a measured one.

    demand ─► service ◄─ replicas ◄─ fleet ◄─ decision
                 └──► metrics, late ─► observation ─► policy ─┘      a decision at every tick of the policy

Event-driven and in virtual time: between two of tick, replica event and end of a window nothing changes, so the service
is advanced in one step. Sessions happen one by one in the native core. Requests do so too where the model says
`by=request`, and are a flow otherwise: then their response times are computed from the quantiles of M/M/c, weighted by
the requests, and not sampled; while the replicas are saturated they are known only from below. A service that is
saturated at the end, and whose line would grow on, makes the run invalid: there is no number for it.

The same arguments with the same seed give the same Run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, inf
from random import Random
from typing import Any, Final

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import Mistake, PlanError
from tonnage.load.curve import Curve
from tonnage.load.demand import Demand
from tonnage.load.plan import Plan, Rehearsal, Threshold
from tonnage.runs.environment import Environment
from tonnage.runs.run import Ending, Run
from tonnage.runs.verdict import judge
from tonnage.scaling.policy import Condition, Decision, Policy
from tonnage.scaling.simulation.account import Account, gauges_of
from tonnage.scaling.simulation.calm import Calm
from tonnage.scaling.simulation.calm_sessions import CalmSessions
from tonnage.scaling.simulation.fleet import Fleet
from tonnage.scaling.simulation.flow import Flow
from tonnage.scaling.simulation.ledger import Ledger
from tonnage.scaling.simulation.observer import Observer
from tonnage.scaling.simulation.requests import Requests
from tonnage.scaling.simulation.sessions import Sessions
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.supply import Supply

OBJECTIVES: Final = (
    Threshold("session_blocked", "rate<=0.001", implicit=True),
    Threshold("sessions_cut", "count<=0", implicit=True),
)
"""What a session pool owes its callers unless something else is asked for (autoscaling.md 5)."""

MOST_REPLICAS: Final = 10_000
"""A decision above this, or below 0, is absurd whatever made it: it is refused, and the run ends with 114."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a rehearsal is carried out and recorded.

    Attributes:
        window: length of the windows [s].
        initial: replicas at the start, all ready; None for the fewest that the policy allows, at least 1.
        regular: callers come at equal areas under the demand instead of at random ones.
        spares: decisions whose answer is known are not asked for (`simulation.calm`).
        thresholds: objectives; None for those of a session pool, and none for requests.
        most_replicas: a decision above it is refused.
    """

    window: int = 60
    initial: int | None = None
    regular: bool = False
    spares: bool = True
    thresholds: tuple[Threshold, ...] | None = None
    most_replicas: int = MOST_REPLICAS


def simulate(
    demand: Demand,
    model: ServiceModel | SessionModel,
    policy: Policy[Any],
    supply: Supply,
    seed: int = 1,
    horizon: float | None = None,
    *,
    settings: Settings | None = None,
    texts: Rehearsal | None = None,
) -> Run:
    """Rehearse a policy.

    Args:
        demand: repeated until the horizon.
        horizon: [s], whole seconds; None for the length of the demand.
        texts: what the parts were read from, for the plan of the Run.

    Returns:
        A Run of origin "rehearsed" with windows, an Event for every change of size with its reason, and a verdict; its
        id and start are for the caller to give.

    Raises:
        PlanError: a demand that lasts no time, concurrency without sessions, or balancing of what is not balanced.
    """
    _refuse_balancing(model, supply)
    settings = settings or Settings()
    length = ceil(demand.curve.length if horizon is None else horizon)
    if length <= 0:
        raise PlanError(Mistake("horizon", "is 0: there is nothing to rehearse"))
    mean = model.mean if isinstance(model, SessionModel) else None
    arrivals = demand.arrivals(mean).repeated(length)
    texts = replace(texts or Rehearsal(demand.text, repr(model), repr(policy)), horizon=float(length))
    thresholds = settings.thresholds
    if thresholds is None:
        thresholds = OBJECTIVES if isinstance(model, SessionModel) else ()
    plan = Plan((), rehearsal=texts, thresholds=thresholds, seed=seed)
    return _Rehearsal(arrivals, model, policy, supply, plan, settings).run()


class _Rehearsal:
    """One rehearsal while it happens."""

    def __init__(
        self,
        demand: Demand,
        model: ServiceModel | SessionModel,
        policy: Policy[Any],
        supply: Supply,
        plan: Plan,
        settings: Settings,
    ) -> None:
        self._demand, self._policy, self._supply, self._plan, self._settings = demand, policy, supply, plan, settings
        self._end = int(plan.duration)
        fleet_random, metric_random = Random(f"{plan.seed} fleet"), Random(f"{plan.seed} metrics")
        wants = Wants.of(policy)
        self._service = _service(demand.curve, model, supply, plan.seed, wants, is_regular=settings.regular)
        initial = max(1, wants.least) if settings.initial is None else settings.initial
        self._ledger = Ledger(gauges_of(self._service), settings.window)
        self._fleet = Fleet(supply, fleet_random, self._service, self._ledger, initial)
        self._service.ready = self._fleet.ready
        self._observer = Observer(wants, self._service, self._fleet, model, metric_random)
        self._calm: Calm | CalmSessions | None = None
        if settings.spares:
            seen = self._observer, self._fleet
            self._calm = Calm.of(policy, wants, *seen) or CalmSessions.of(policy, self._service, *seen)
        self._account = Account(demand.curve, self._service, self._fleet, self._ledger)
        self._state: Any = None
        self._conditions: tuple[Condition, ...] = ()
        self._restarts = sorted(supply.restarts, reverse=True)
        self._was_dark = False

    def run(self) -> Run:
        """All of it."""
        tick, end, fleet, ledger = 0.0, self._end, self._fleet, self._ledger
        ticks, period = 0, self._policy.period
        self._account.look()
        for begin, until in self._demand.unknown:
            ledger.event(begin, "demand_unknown", f"the demand is unknown for {until - begin:g} s: its ends are joined")
        while True:
            closing = min(ledger.next_close, end)
            now = min(tick, fleet.next_event, closing, self._service.next_break)
            self._advance(now)
            if fleet.next_event <= now:
                fleet.happen(now)
                self._changed()
            if closing <= now:
                self._account.close(closing, is_last=now >= end)
                if now >= end:
                    break
            if tick <= now:
                is_spared = self._decide(now)
                ticks += 1
                self._account.look()
                if is_spared and isinstance(self._calm, CalmSessions):
                    ticks += self._skip(self._calm, ticks, min(fleet.next_event, ledger.next_close, end))
                tick = ticks * period
            else:
                self._account.look()
        return self._told()

    def _advance(self, now: float) -> None:
        self._service.advance(now)
        self._fleet.advance(now)
        self._fleet.nodes.advance(now)
        self._changed()

    def _changed(self) -> None:
        """Take over who is gone, and how many are ready."""
        for number, at, _ in self._service.take_gone():
            self._fleet.gone(number, at)
        self._service.ready = self._fleet.ready

    def _skip(self, calm: CalmSessions, tick: int, until: float) -> int:
        """Spare decisions from a tick on without a look at each; how many."""
        if self._restarts:
            until = min(until, self._restarts[-1])
        actives = calm.skip(tick, until)
        for extreme in (min(actives), max(actives)) if actives else ():
            self._account.look(extreme)
        self._account.decisions += len(actives)
        return len(actives)

    def _decide(self, now: float) -> bool:
        """One decision; whether it was spared."""
        self._observer.look_back(now)
        if self._restarts and self._restarts[-1] <= now:
            self._ledger.event(now, "restart", "the controller restarts and has forgotten what it knew")
            self._restarts.pop()
            self._state = None
        if self._observer.is_dark != self._was_dark:
            self._was_dark = self._observer.is_dark
            kind, text = (
                ("metrics_gap", "no metrics from here on") if self._was_dark else ("metrics_back", "metrics again")
            )
            self._ledger.event(now, kind, text)
        self._account.decisions += 1
        if self._calm is not None:
            if self._calm.holds(now, self._state):
                return True
            self._state = self._calm.recalled(self._state, now)
        observation = self._observer.observe(now, self._conditions)
        decision, self._state = self._policy.decide(observation, self._state)
        self._conditions = decision.conditions
        self._carry_out(decision, now)
        return False

    def _carry_out(self, decision: Decision, now: float) -> None:
        size = self._fleet.size
        if not decision.valid:
            self._account.undecided += 1
        if decision.replicas == size:
            return
        if not 0 <= decision.replicas <= self._settings.most_replicas:
            text = f"{decision.replicas} replicas are refused, {size} kept: {decision.reason}"
            self._ledger.event(now, "absurd_decision", text)
            return
        self._account.changes += 1
        self._ledger.event(now, "scaled", f"{size} → {decision.replicas}: {decision.reason}")
        self._fleet.scale(decision.replicas, now, decision.victims)
        self._changed()

    def _told(self) -> Run:
        """The Run, judged."""
        account, end = self._account, float(self._end)
        account.finish(end)
        ledger = self._ledger
        total = ledger.total(account.all_responses())
        events = tuple(sorted(ledger.events, key=lambda event: event.at))
        ending = Ending("completed", end, end)
        verdict = judge(self._plan, total, ending, events)
        facts: Mapping[str, Any] = {
            "demand": self._demand.label,
            "unknown_seconds": sum(b - a for a, b in self._demand.unknown),
            "cost_unit": "price" if self._supply.is_priced else "replica-hours",
            "cost": account.cost,
        }
        return Run(
            "rehearsed",
            "rehearsed",
            self._plan,
            Environment(),
            "",
            total,
            tuple(ledger.windows),
            events,
            ending,
            verdict,
            {name: value for name, value in facts.items() if value not in ("", 0, inf)},
        )


def _service(
    demand: Curve, model: ServiceModel | SessionModel, supply: Supply, seed: int, wants: Wants, *, is_regular: bool
) -> Flow | Requests | Sessions:
    if isinstance(model, SessionModel):
        return Sessions(demand, model, supply, seed, wants, regular=is_regular)
    if model.by == "request":
        return Requests(demand, model, supply, seed, wants, regular=is_regular)
    return Flow(demand, model, supply, wants)


def _refuse_balancing(model: ServiceModel | SessionModel, supply: Supply) -> None:
    """Only requests one by one are balanced: a flow is M/M/c, which is what random balancing makes of a replica."""
    if supply.balancing == "random" or (isinstance(model, ServiceModel) and model.by == "request"):
        return
    remedy = "sessions have a routing" if isinstance(model, SessionModel) else "add by=request to the model"
    text = f"{supply.balancing} is for requests one by one: {remedy}, or leave it out"
    raise PlanError(Mistake("supply.balancing", text))
