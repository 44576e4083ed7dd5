"""What a policy is shown of a rehearsed service: pods, workers and metrics, late, averaged, and sometimes not at all.

values of replicas ──► mean over the metric's window, which ends `delay` ago ──► rows of those that ran then
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.scaling.policy import (
    Absent,
    Averages,
    Condition,
    Container,
    Metrics,
    Observation,
    Pod,
    PodRow,
    ResourceRow,
    Worker,
)
from tonnage.scaling.simulation.fleet import Fleet, Replica
from tonnage.scaling.simulation.service import RequestService
from tonnage.scaling.simulation.sessions import Sessions
from tonnage.scaling.simulation.signals import (
    CUSTOM_WINDOW,
    PANIC_SHARE,
    RESOURCE_WINDOW,
    RESOURCES,
    Wants,
    quantity,
)

DARK: Final = Absent("no metrics in this span of the rehearsal")
CONTAINER: Final = "app"

Service = RequestService | Sessions


class Observer:
    """Looks at a service for a policy. `look_back` draws once a decision how old the metrics are."""

    def __init__(
        self, wants: Wants, service: Service, fleet: Fleet, model: ServiceModel | SessionModel, random: Random
    ) -> None:
        self._wants, self._service, self._fleet, self._model = wants, service, fleet, model
        self._supply, self._random = fleet.supply, random
        self._at = 0.0
        self.is_dark = False
        self.rejected = 0
        requests = _requests(model, fleet.supply.cpu_request)
        # A metric of a named container is that of the only one.
        names = {metric.container for metric in wants.hpa.metrics if metric.container} if wants.hpa else set()
        self._containers = tuple(sorted(names)) or (CONTAINER,)
        self._pod = (Container(self._containers[0], requests),)

    @property
    def request(self) -> Mapping[str, int] | None:
        """What a replica requests, in thousandths."""
        return self._pod[0].requests

    def look_back(self, now: float) -> None:
        """How old the metrics are that the decision of `now` sees; only an HPA's are late."""
        self.is_dark = self._supply.is_dark(now)
        if self._wants.hpa is None:
            return
        self._at = now - self._supply.metric_delay.draw(self._random)
        if isinstance(self._service, Sessions):
            self._service.pool.sample()

    def readings(self, name: str, *, is_resource: bool) -> list[tuple[int, int]] | Absent:
        """(replica, thousandths) of a metric, of replicas that take load or will, and ran when it was measured."""
        window = RESOURCE_WINDOW if is_resource else CUSTOM_WINDOW
        if self.is_dark:
            return DARK
        what = name if is_resource else quantity(name)
        if isinstance(self._service, Sessions):
            return self._session_readings(self._service, what, window, name)
        found = self._service.readings(what or "", self._at, window, self._fleet.serving)
        if found is None:
            return self._memory(what) or Absent(f"the simulation has no metric {name}")
        return found

    def common(self, name: str, *, is_resource: bool) -> tuple[int, int] | None:
        """(replicas, thousandths together) of a metric while all replicas are old; None where it is absent."""
        window = RESOURCE_WINDOW if is_resource else CUSTOM_WINDOW
        if isinstance(self._service, Sessions):
            found = self.readings(name, is_resource=is_resource)
            return None if isinstance(found, Absent) else (len(found), sum(value for _, value in found))
        what = name if is_resource else quantity(name)
        return self._service.common(what or "", self._at, window, self._fleet.ready)

    def observe(self, now: float, conditions: tuple[Condition, ...]) -> Observation:
        """Everything that the policy may know."""
        serving = self._fleet.serving
        is_pool = isinstance(self._service, Sessions)
        rejected: int | Absent = 0
        if isinstance(self._service, Sessions):
            total = self._service.counters["rejected"]
            rejected = DARK if self.is_dark else total - self.rejected
            self.rejected = total
        return Observation(
            now,
            self._fleet.size,
            len(serving),
            () if self._wants.sessions else tuple(self._as_pod(replica, now) for replica in self._fleet.live.values()),
            self._metrics(now),
            self._workers(now) if is_pool and self._wants.hpa is None else (),
            rejected,
            conditions=conditions,
        )

    # ------------------------------------------------------------------------------------------ parts

    def _memory(self, what: str | None) -> list[tuple[int, int]] | None:
        if what != "memory":
            return None
        value = round(1000 * self._model.memory)
        return [(replica.number, value) for replica in self._fleet.serving if replica.running <= self._at]

    def _session_readings(
        self, service: Sessions, what: str | None, window: float, name: str
    ) -> list[tuple[int, int]] | Absent:
        factor = {"sessions": 1.0, "concurrency": 1.0, "utilization": 1 / service.model.per_worker}.get(what or "")
        if what in ("cpu", "memory"):
            factor = service.model.cpu if what == "cpu" else service.model.memory
        if factor is None:
            return Absent(f"the simulation has no metric {name}")
        found = service.pool.averages(self._at, window)
        return found if factor == 1.0 else [(number, round(value * factor)) for number, value in found]

    def _metrics(self, now: float) -> Metrics:
        wants = self._wants
        if wants.knative is not None:
            return Metrics(averages={wants.knative.metric: self._averages(now)})
        if wants.hpa is None:
            return Metrics()
        rows: dict[int, dict[str, int]] = {}
        resource: tuple[ResourceRow, ...] | Absent = ()
        pods: dict[str, tuple[PodRow, ...] | Absent] = {}
        totals: dict[str, int | Absent] = {}
        for metric in wants.hpa.metrics:
            if metric.type not in (*RESOURCES, "Pods"):
                totals[metric.name] = self._total(metric.name)
                continue
            found = self.readings(metric.name, is_resource=metric.type in RESOURCES)
            if metric.type == "Pods":
                pods[metric.name] = found if isinstance(found, Absent) else self._pod_rows(found)
            elif isinstance(found, Absent):
                resource = found if self.is_dark else resource
            else:
                for number, value in found:
                    rows.setdefault(number, {})[metric.name] = value
        if not isinstance(resource, Absent):
            names = self._containers
            resource = tuple(
                ResourceRow(_name(number), self._at, RESOURCE_WINDOW, tuple((name, usage) for name in names))
                for number, usage in rows.items()
            )
        external = {name: each if isinstance(each, Absent) else (each,) for name, each in totals.items()}
        return Metrics(resource, pods, totals, external)

    def _pod_rows(self, found: list[tuple[int, int]]) -> tuple[PodRow, ...]:
        return tuple(PodRow(_name(number), value, self._at, CUSTOM_WINDOW) for number, value in found)

    def _total(self, name: str) -> int | Absent:
        if self.is_dark:
            return DARK
        what = quantity(name)
        if isinstance(self._service, Sessions) and what == "concurrency":
            what = "sessions"
        history = self._service.total.get(what or "")
        if history is None:
            return Absent(f"the simulation has no metric {name}")
        return round(1000 * history.mean(self._at - CUSTOM_WINDOW, self._at))

    def _averages(self, now: float) -> Averages | Absent:
        knative = self._wants.knative
        if self.is_dark or knative is None:
            return DARK
        is_rate = knative.metric == "rps"
        what = "rate" if is_rate else "sessions" if isinstance(self._service, Sessions) else "concurrency"
        history = self._service.total[what]
        window = knative.stable_window
        return Averages(history.mean(now - window, now), history.mean(now - PANIC_SHARE * window, now))

    def _as_pod(self, replica: Replica, now: float) -> Pod:
        if replica.scheduled > now:
            return Pod(replica.name, "Pending", containers=self._pod)
        ready = replica.ready_at <= now
        return Pod(
            replica.name,
            "Running" if replica.running <= now else "Pending",
            replica.state == "draining",
            "True" if ready else "False",
            replica.scheduled,
            replica.ready_at if ready else replica.scheduled,
            self._pod,
        )

    def _workers(self, now: float) -> tuple[Worker, ...]:
        assert isinstance(self._service, Sessions)
        live, dark = self._fleet.live, self.is_dark
        workers = []
        for number, _, sessions in self._service.pool.workers():
            replica = live[number]
            seen: int | Absent = DARK if dark else sessions
            if replica.state == "starting":
                workers.append(Worker(replica.name, "warming" if replica.warming <= now else "provisioning", seen))
            else:
                workers.append(Worker(replica.name, replica.state, seen))
        return tuple(workers)


def _name(number: int) -> str:
    return f"replica-{number}"


def _requests(model: ServiceModel | SessionModel, given: float) -> Mapping[str, int] | None:
    """Requests of a replica in thousandths: what is given, else what its servers or sessions use; None for nothing."""
    used = float(model.servers) if isinstance(model, ServiceModel) else model.cpu * model.per_worker
    memory = model.memory if isinstance(model, ServiceModel) else model.memory * model.per_worker
    found = {"cpu": round(1000 * (given or used)), "memory": round(1000 * memory)}
    return {name: amount for name, amount in found.items() if amount} or None
