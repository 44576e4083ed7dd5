"""Policy files: an HPA manifest, a Knative Service, the `agent.scaling` block of a voice agent, or a policy.yaml.

    policy.yaml      kind: hpa | sessions | knative | schedule, and the kind's own keys
                     name: and, for a schedule, wraps: another policy of any of these forms

A file may hold several documents: one is the policy, the other objects of Kubernetes are kept for the lint. Reading is
strict: keys that are not known, bounds that cannot be, units that do not fit, keys that stand twice and numbers that
are none are all told at once, with file and line. A file whose indentation is lost is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final, Literal

from tonnage.errors import Mistake, PlanError
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.manifest import hpa_spec
from tonnage.scaling.hpa.spec import GATES, NEWEST, VERSIONS, HpaSpec
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.knative_service import is_service, of_cluster, service_spec
from tonnage.scaling.policy import Policy
from tonnage.scaling.policy_keys import knative_spec, schedule
from tonnage.scaling.schedule import Schedule
from tonnage.scaling.sessions import SessionPolicy, SessionSpec
from tonnage.scaling.yaml_text import Document, decoded, read_documents

Kind = Literal["hpa", "sessions", "knative", "schedule"]
Spec = HpaSpec | SessionSpec | KnativeSpec | Schedule[Any]
Node = Mapping[str, Any]

KINDS: Final = ("hpa", "sessions", "knative", "schedule")
_HPA: Final = "HorizontalPodAutoscaler"
# Keys that hold others, and keys that stand deeper in Kubernetes' and LiveKit's forms.
_HOLDERS: Final = {"metadata", "spec", "agent", "scaling"}
_MARGIN: Final = re.compile(r"[A-Za-z_]\w*:")
_DEEP: Final = {
    "scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior", "scaling", "min_workers", "max_workers",
    "sessions_per_worker",
}  # fmt: skip


@dataclass(frozen=True)
class PolicyFile:
    """A policy with what its file says beside it.

    Attributes:
        kind, spec: what the policy is and its parameters; `spec` of a schedule is the Schedule itself.
        policy: what decides.
        name, namespace: of the object or of the policy; "" when it has none.
        document: the document that the policy comes from.
        others: the other documents of the file: Deployment, PodDisruptionBudget and so on.
        inner: the policy inside a schedule.
        node: the mapping that the policy was read from.
    """

    kind: Kind
    spec: Spec
    policy: Policy[Any]
    document: Document
    name: str = ""
    namespace: str = ""
    others: tuple[Document, ...] = ()
    inner: PolicyFile | None = None
    node: Node = field(default_factory=dict, repr=False, compare=False)

    @property
    def source(self) -> str:
        """The file's name."""
        return self.document.source

    @property
    def core(self) -> PolicyFile:
        """The policy inside all schedules."""
        return self.inner.core if self.inner else self


def read_policy(content: str | bytes, source: str = "", *, version: str | None = None) -> PolicyFile:
    """The policy of a text in YAML or JSON.

    Args:
        content: the text, or its bytes in UTF-8.
        source: what mistakes call the file.
        version: of the cluster that an HPA runs in, such as "1.35"; None for the file's own, or the newest.

    Raises:
        PlanError: with every mistake, its path, file and line.
        UsageError: PyYAML is not installed.
    """
    text = decoded(content, source)
    _refuse_lost_indentation(text, source)
    documents = read_documents(text, source)
    policies = [document for document in documents if _is_policy(document.value)]
    if len(policies) != 1:
        raise PlanError(_not_one(documents, policies, source), *(m for each in documents for m in each.mistakes))
    others = tuple(document for document in documents if document is not policies[0])
    mistakes = [mistake for document in others for mistake in document.mistakes]
    try:
        found = _of_cluster(_read(policies[0], policies[0].value, version), others)
    except PlanError as error:
        known = {mistake.path for mistake in policies[0].mistakes}
        more = [
            mistake if mistake.source else policies[0].located(mistake)
            for mistake in error.mistakes
            if mistake.path not in known
        ]
        raise PlanError(*policies[0].mistakes, *more, *mistakes) from None
    if policies[0].mistakes or mistakes:
        raise PlanError(*policies[0].mistakes, *mistakes)
    return replace(found, others=others)


# ------------------------------------------------------------------------------------------------- which form


def _is_policy(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    if "apiVersion" in value:
        return value.get("kind") == _HPA or is_service(value)
    return "agent" in value or "kind" in value or "scaling" in value


def _refuse_lost_indentation(text: str, source: str) -> None:
    """A key at the margin that has its place deeper, beside one at the margin that holds nothing.

    Such a text may be no YAML at all, so its lines are looked at.

    Raises:
        PlanError: one mistake; whatever else is wrong follows from it.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.split("#")[0].strip()]
    hollow, deep = [], []
    for (number, line), (_, after) in zip(lines, [*lines[1:], (0, "---")], strict=False):
        key, colon, rest = line.partition(":")
        if colon and key in _DEEP:
            deep.append(key)
        if key in _HOLDERS and not rest.split("#")[0].strip() and _MARGIN.match(after):
            hollow.append((number, key))
    deep = [key for key in deep if key not in {holder for _, holder in hollow}]
    if hollow and deep:
        message = (
            f"the indentation is lost: {hollow[-1][1]!r} is empty, and {deep[0]!r}, which has its place deeper, stands "
            "at the margin. Restore the indentation: it is not guessed"
        )
        raise PlanError(Mistake("", message, f"{source}:{hollow[-1][0]}"))


def _not_one(documents: list[Document], policies: list[Document], source: str) -> Mistake:
    """Why there is not exactly one policy."""
    if policies:
        places = ", ".join(document.place("") for document in policies)
        return Mistake("", f"has {len(policies)} policies ({places}): give each a file of its own", source)
    forms = "an autoscaling/v2 HorizontalPodAutoscaler, an agent.scaling block, or a mapping with kind: sessions"
    if not documents:
        return Mistake("", f"is empty: a policy is {forms}", source)
    kinds = [str(each.value.get("kind")) for each in documents if isinstance(each.value, Mapping)]
    near = [match for kind in kinds for match in get_close_matches(kind, (_HPA,), 1, 0.7)]
    hint = f"; did you mean kind: {near[0]}?" if near else ""
    return Mistake("", f"has no policy: that is {forms}{hint}", source)


# ------------------------------------------------------------------------------------------------- each form


def _read(document: Document, node: Any, version: str | None) -> PolicyFile:
    """The policy of a node; mistakes have paths within it and no source."""
    if not isinstance(node, Mapping):
        raise PlanError(Mistake("", "a policy is a mapping"))
    return replace(_of_form(document, node, version), node=node)


def _of_cluster(found: PolicyFile, others: tuple[Document, ...]) -> PolicyFile:
    """A Knative Service with what the ConfigMap of its cluster, beside it, says."""
    if not isinstance(found.spec, KnativeSpec) or not is_service(found.node):
        return found
    spec = of_cluster(found.spec, others)
    return replace(found, spec=spec, policy=KnativePodAutoscaler(spec))


def _of_form(document: Document, node: Node, version: str | None) -> PolicyFile:
    if is_service(node):
        return _service(document, node)
    if "apiVersion" in node or node.get("kind") == _HPA:
        return _manifest(document, node, version)
    if "kind" not in node:
        return _agent(document, node)
    kind = node["kind"]
    if kind not in KINDS:
        near = get_close_matches(str(kind), KINDS, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PlanError(Mistake("kind", f"is {kind!r}: write one of {', '.join(KINDS)}{hint}"))
    name = node.get("name", "")
    wrong = [] if isinstance(name, str) else [Mistake("name", f"is {name!r}, not a text")]
    if kind != "schedule" and "wraps" in node:
        wrong.append(Mistake("wraps", "only a schedule wraps another policy"))
    keys = {key: value for key, value in node.items() if key not in ("kind", "name", "wraps")}
    try:
        found = _of_kind(kind, document, {**keys, "wraps": node.get("wraps")}, version)
    except PlanError as error:
        raise PlanError(*wrong, *error.mistakes) from None
    if wrong:
        raise PlanError(*wrong)
    return replace(found, name=name or found.name)


def _of_kind(kind: Kind, document: Document, keys: dict[str, Any], version: str | None) -> PolicyFile:
    wrapped = keys.pop("wraps")
    if kind == "hpa":
        return _hpa(document, keys, version)
    if kind == "sessions":
        sessions = SessionSpec.from_mapping(keys)
        return PolicyFile("sessions", sessions, SessionPolicy(sessions), document)
    if kind == "knative":
        knative = knative_spec(keys)
        return PolicyFile("knative", knative, KnativePodAutoscaler(knative), document)
    mistakes: list[Mistake] = []
    inner = None
    try:
        inner = _read(document, wrapped, version)
    except PlanError as error:
        message = "is missing: it is the policy inside, such as wraps: {kind: sessions, …}"
        told = error.mistakes if wrapped is not None else (Mistake("", message),)
        mistakes = [replace(each, path=f"wraps.{each.path}" if each.path else "wraps") for each in told]
    try:
        outer = schedule(keys, inner.policy if inner else None)
    except PlanError as error:
        raise PlanError(*error.mistakes, *mistakes) from None
    if inner is None or outer is None:
        raise PlanError(*mistakes)
    return PolicyFile("schedule", outer, outer, document, inner.name, inner.namespace, inner=inner)


def _manifest(document: Document, node: Node, version: str | None) -> PolicyFile:
    mistakes, (_, place) = _named(node)
    try:
        spec = hpa_spec(node, version=version or NEWEST)
    except PlanError as error:
        raise PlanError(*mistakes, *error.mistakes) from None
    if mistakes:
        raise PlanError(*mistakes)
    return PolicyFile("hpa", spec, HorizontalPodAutoscaler(spec), document, spec.name, place)


def _service(document: Document, node: Node) -> PolicyFile:
    mistakes, (name, place) = _named(node)
    try:
        spec = service_spec(node)
    except PlanError as error:
        raise PlanError(*mistakes, *error.mistakes) from None
    if mistakes:
        raise PlanError(*mistakes)
    return PolicyFile("knative", spec, KnativePodAutoscaler(spec), document, name, place)


def _named(node: Node) -> tuple[list[Mistake], tuple[str, str]]:
    """What is wrong with the name and namespace of an object, and both of them."""
    metadata = node.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise PlanError(Mistake("metadata", "is a mapping with name and namespace"))
    mistakes = [
        Mistake(f"metadata.{key}", f"is {metadata[key]!r}, not a text")
        for key in ("name", "namespace")
        if key in metadata and not isinstance(metadata[key], str)
    ]
    return mistakes, (str(metadata.get("name", "")), str(metadata.get("namespace", "")))


def _hpa(document: Document, keys: dict[str, Any], version: str | None) -> PolicyFile:
    """`kind: hpa`: the fields of an HPA's spec, with `version` and `gates` of its cluster."""
    mistakes = []
    own = keys.pop("version", NEWEST)
    # An unquoted 1.30 is the number 1.3; no version below 1.20 is modelled, so two decimals tell which was meant.
    own = f"{own:.2f}" if isinstance(own, float) else own
    if own not in VERSIONS:
        mistakes.append(Mistake("version", f"is {own!r}: it is one of {', '.join(VERSIONS)}"))
    gates = keys.pop("gates", {})
    if not isinstance(gates, Mapping) or not all(isinstance(value, bool) for value in gates.values()):
        mistakes.append(Mistake("gates", "is a mapping of feature gates to true or false"))
    elif unknown := set(gates) - set(GATES):
        mistakes.append(Mistake(f"gates.{min(unknown)}", f"is not modelled: gates are {', '.join(GATES)}"))
    manifest = {"apiVersion": "autoscaling/v2", "kind": _HPA, "spec": keys}
    try:
        spec = hpa_spec(manifest)
    except PlanError as error:
        found = [replace(each, path=each.path.removeprefix("spec.")) for each in error.mistakes]
        raise PlanError(*mistakes, *found) from None
    if mistakes:
        raise PlanError(*mistakes)
    spec = replace(spec, version=version or own, gates=dict(gates))
    return PolicyFile("hpa", spec, HorizontalPodAutoscaler(spec), document)


def _agent(document: Document, node: Node) -> PolicyFile:
    """The document of a voice agent, of which only `agent.scaling` is ours."""
    agent = node.get("agent")
    prefix = "agent.scaling" if "agent" in node else "scaling"
    if isinstance(agent, Mapping) and "scaling" not in agent:
        near = get_close_matches("scaling", [str(key) for key in agent], 1, 0.6)
        hint = f"; did you mean it by {near[0]}?" if near else ""
        raise PlanError(Mistake("agent.scaling", f"is missing{hint}"))
    try:
        spec = SessionSpec.from_mapping(node)
    except PlanError as error:
        raise PlanError(
            *(each if each.path == prefix else replace(each, path=f"{prefix}.{each.path}") for each in error.mistakes)
        ) from None
    name = agent.get("name", "") if isinstance(agent, Mapping) else ""
    return PolicyFile("sessions", spec, SessionPolicy(spec), document, name if isinstance(name, str) else "")
