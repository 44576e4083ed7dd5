"""What the cluster and the workload are called, and what is known of them beside the policy."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.quantity import parse_milli
from tonnage.scaling.hpa.spec import NEWEST, VERSIONS
from tonnage.scaling.sessions import SessionSpec

LEAST_GRACE: Final = 600  # [s] for the sessions of voice workers; the Cluster Autoscaler waits no longer
OLDEST: Final = 23  # minor version from which autoscaling/v2 is there
METRIC: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """Names and sizes; what is empty is taken from the policy.

    Attributes:
        cluster: version of Kubernetes, such as "1.35".
        name: of the Deployment, and of all that is written.
        container: the one that is scaled and probed.
        metric: the gauge of active sessions, by pod.
        queue_metric: the gauge that the alert on queue depth looks at.
        port: where the application answers /metrics, /started, /ready and /drain.
        longest_session: the longest session that must not be cut [s].
        headroom: idle room kept on the nodes, per cent of the replicas.
        warmup: until a started container is ready [s].
        cpu, memory: what a replica requests, "" for what its Deployment says; balloon pods are as large.
        deployment: file with the Deployment, beside the kustomization.
    """

    cluster: str = NEWEST
    name: str = ""
    namespace: str = ""
    container: str = ""
    metric: str = ""
    queue_metric: str = ""
    port: int = 9090
    longest_session: float = 0.0
    headroom: int = 20
    warmup: float | None = None
    cpu: str = ""
    memory: str = ""
    deployment: str = "deployment.yaml"

    @property
    def minor(self) -> int:
        """The minor version of the cluster."""
        return int(self.cluster.partition(".")[2])

    @property
    def has_tolerance(self) -> bool:
        """Whether an HPA may have tolerances of its own without a feature gate."""
        return self.minor >= 35

    @property
    def grace(self) -> int:
        """terminationGracePeriodSeconds."""
        return max(LEAST_GRACE, ceil(self.longest_session))

    def metadata(self, suffix: str = "") -> dict[str, Any]:
        """metadata of an object."""
        place = {"namespace": self.namespace} if self.namespace else {}
        return {"name": f"{self.name}{suffix}", **place}

    def completed(self, file: PolicyFile) -> Settings:
        """The settings with what the policy tells.

        Raises:
            PlanError: the version is not modelled or has no autoscaling/v2.
        """
        if self.cluster not in VERSIONS or self.minor < OLDEST:
            known = f"1.{OLDEST} to {VERSIONS[-1]}"
            raise PlanError(Mistake("", f"version {self.cluster!r} has no manifests: it is one of {known}", "cluster"))
        core = file.core
        target = core.node.get("spec", core.node).get("scaleTargetRef") or {}
        name = self.name or str(target.get("name", "")) or file.name or "app"
        metrics = [each.name for each in getattr(core.spec, "metrics", ()) if each.type == "Pods"]
        queues = [each for each in metrics if "queue" in each]
        sessions = core.spec if isinstance(core.spec, SessionSpec) else None
        found = replace(
            self,
            name=name,
            namespace=self.namespace or core.namespace,
            container=self.container or name,
            metric=self.metric or next(iter(metrics), "agent_active_sessions"),
            queue_metric=self.queue_metric or next(iter(queues), "request_queue_depth"),
            warmup=self.warmup if self.warmup is not None else sessions.warmup_time if sessions else 30.0,
        )
        found.check()
        return found

    def check(self) -> None:
        """Refuse names that Kubernetes or Prometheus would, and amounts that cannot be.

        Raises:
            PlanError: with every mistake.
        """
        mistakes = [
            Mistake(key, f"is {name!r}: a name has lower-case letters, digits and -, at most 50 of them")
            for key, name in (("name", self.name), ("namespace", self.namespace), ("container", self.container))
            if not _NAME.fullmatch(name) and (name or key != "namespace")
        ]
        mistakes += [
            Mistake(key, f"is {name!r}: Prometheus' names have letters, digits, _ and :")
            for key, name in (("metric", self.metric), ("queue_metric", self.queue_metric))
            if not METRIC.fullmatch(name)
        ]
        for key, amount in (("cpu", self.cpu), ("memory", self.memory)):
            try:
                if amount and parse_milli(amount) <= 0:
                    mistakes.append(Mistake(key, f"is {amount!r}: it is above 0"))
            except UnitError as error:
                mistakes.append(Mistake(key, str(error)))
        if mistakes:
            raise PlanError(*mistakes)
