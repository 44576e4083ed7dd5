"""What the workload beside a policy tells of its replicas: grace, processor, number, rollouts.

    terminationGracePeriodSeconds        grace          30 s where it is absent
    containers[].resources               cpu_request, cpu_limit: sums; none where one container has none
    strategy.rollingUpdate.maxSurge      surge          of a Deployment; 25 % where it is absent, rounded up
    replicas                             the number at the start

The workload is the Deployment or StatefulSet that the HPA targets; for a policy that targets nothing, the only one of
its file. Values that Kubernetes would refuse are mistakes with file and line, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.quantity import parse_milli
from tonnage.scaling.lint.objects import DEFAULT_GRACE, inside, targeted
from tonnage.scaling.simulation.signals import Wants
from tonnage.scaling.yaml_text import Document

KINDS: Final = ("Deployment", "StatefulSet")
MOST_REPLICAS: Final = 10_000  # at the start: what a rehearsal holds at most
_DEFAULT_SURGE: Final = "25%"
_POD: Final = "spec.template.spec"


@dataclass(frozen=True, slots=True)
class Fact:
    """A value by the name that a supply has for it, as a supply's text has it, and where it is from."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """What a workload tells; `initial` is its number of replicas, None where it names none."""

    name: str
    facts: tuple[Fact, ...]
    initial: int | None = None


def workload_facts(file: PolicyFile) -> WorkloadFacts | None:
    """The facts of the policy's workload; None where its file has none.

    Raises:
        PlanError: with every value that cannot be.
    """
    document = targeted(file, *KINDS)
    if document is None:
        return None
    kind, name = document.value["kind"], inside(document.value, "metadata", "name") or ""
    reader = _Reader(document, f"{kind} {name}".strip())
    initial = reader.count("spec.replicas")
    facts = [reader.grace(), *reader.processor()]
    if kind == "Deployment":
        least = max(Wants.of(file.policy).least, 1)
        surge = reader.surge(least if initial is None else initial)
        facts += [surge] if surge else []
    if reader.mistakes:
        raise PlanError(*reader.mistakes)
    return WorkloadFacts(reader.name, tuple(facts), initial)


@dataclass
class _Reader:
    """Reads values of a workload by their paths, and keeps what is wrong with them."""

    document: Document
    name: str
    mistakes: list[Mistake] = field(default_factory=list)

    def grace(self) -> Fact:
        """How long a replica that goes may finish what it has."""
        path = f"{_POD}.terminationGracePeriodSeconds"
        given = self.count(path)
        return Fact("grace", f"{DEFAULT_GRACE if given is None else given}s", self._origin(path, given is not None))

    def processor(self) -> Iterator[Fact]:
        """Request and limit of a replica: what all of its containers have together, while they all have one."""
        requests: list[int | None] = []
        limits: list[int | None] = []
        for path in self._containers():
            limit = self._cores(f"{path}.resources.limits.cpu")
            request = self._cores(f"{path}.resources.requests.cpu")
            # A limit without a request is the request, as the API has it.
            requests.append(limit if request is None else request)
            limits.append(limit)
        for key, amounts in (("cpu_request", requests), ("cpu_limit", limits)):
            known = [amount for amount in amounts if amount is not None]
            if known and len(known) == len(amounts) and sum(known) > 0:
                cores = f"{sum(known) / 1000:.3f}".rstrip("0").rstrip(".")
                yield Fact(key, cores, self._origin(f"{_POD}.containers", True))

    def surge(self, replicas: int) -> Fact | None:
        """How many more there may be while they are replaced; None where there may be none, or all go at once."""
        strategy = self._at("spec.strategy", Mapping, "a mapping") or {}
        if strategy.get("type") == "Recreate":
            return None
        path = "spec.strategy.rollingUpdate.maxSurge"
        value = self._at(path, object, "")
        share = _DEFAULT_SURGE if value is None else value
        if isinstance(share, str) and share.endswith("%") and share[:-1].isascii() and share[:-1].isdigit():
            most = ceil(int(share[:-1]) * replicas / 100)
        elif isinstance(share, int) and not isinstance(share, bool) and share >= 0:
            most = share
        else:
            self._wrong(path, f"is {share!r}: write a whole number or per cent, such as 25%")
            return None
        return Fact("surge", str(most), self._origin(path, value is not None)) if most else None

    def count(self, path: str) -> int | None:
        """A whole number from 0; None where there is none."""
        value = self._at(path, object, "")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**31 - 1:
            self._wrong(path, f"is {value!r}: write a whole number from 0")
            return None
        if path == "spec.replicas" and value > MOST_REPLICAS:
            self._wrong(path, f"is {value}: a rehearsal starts with at most {MOST_REPLICAS}")
        return value

    def _containers(self) -> Iterator[str]:
        """Paths of the containers that run as long as the pod: init containers do where they restart always."""
        for key in ("containers", "initContainers"):
            for i, node in enumerate(self._at(f"{_POD}.{key}", list, "a list") or ()):
                if key == "containers" or inside(node, "restartPolicy") == "Always":
                    yield f"{_POD}.{key}[{i}]"

    def _cores(self, path: str) -> int | None:
        """Thousandths of a core."""
        value = self._at(path, object, "")
        if value is None:
            return None
        try:
            amount = parse_milli(value)
        except UnitError as error:
            self._wrong(path, str(error))
            return None
        if amount < 0:
            self._wrong(path, f"is {value!r}: it is not negative")
        return amount

    def _at(self, path: str, kind: type, what: str) -> Any:
        """The value at a path, None where the path ends; what stands on the way is as Kubernetes has it."""
        node: Any = self.document.value
        done = ""
        for key in path.replace("[", ".[").split("."):
            if key.startswith("["):
                # Only of lists whose items were counted.
                node, done = node[int(key[1:-1])], f"{done}{key}"
            elif isinstance(node, Mapping):
                node, done = node.get(key), f"{done}.{key}".lstrip(".")
            else:
                self._wrong(done, f"is {_short(node)}, not a mapping")
                return None
            if node is None:
                return None
        if not isinstance(node, kind):
            self._wrong(path, f"is {_short(node)}, not {what}")
            return None
        return node

    def _wrong(self, path: str, message: str) -> None:
        mistake = self.document.located(Mistake(path, message))
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def _origin(self, path: str, is_given: bool) -> str:
        place = self.document.place(path if is_given else "")
        return f"{self.name} ({place})" if is_given else f"{self.name} ({place}) by Kubernetes' default"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
