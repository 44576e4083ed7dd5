"""The supply around a policy: what is written, and what its file says of the rest.

A value that is written always holds. What is left open comes from the policy (the warm-up of a session policy) and from
the workload beside it (`workload_facts`). The text of the result can be read again and says all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tonnage.capacity import fields
from tonnage.errors import Mistake, PlanError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.sessions import SessionSpec
from tonnage.scaling.supply import Supply
from tonnage.scaling.workload_facts import Fact, workload_facts


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The supply that holds and its text; replicas at the start (None: the policy's fewest); what was taken from where.

    `taken` has one text a value, such as "grace=600s from Deployment agent (agent.yaml:21)".
    """

    supply: Supply
    text: str
    initial: int | None
    taken: tuple[str, ...]


def surroundings(policy: PolicyFile, text: str) -> Surroundings:
    """The surroundings of a policy whose supply is written as `text`.

    Raises:
        PlanError: with every mistake of the text and of the workload.
    """
    mistakes: list[Mistake] = []
    given: dict[str, str] = {}
    try:
        given = fields.split(text, "supply")
        Supply.from_mapping(given)
    except PlanError as error:
        mistakes += error.mistakes
    workload = None
    try:
        workload = workload_facts(policy)
    except PlanError as error:
        mistakes += error.mistakes
    if mistakes:
        raise PlanError(*mistakes)
    facts = [*_of_policy(policy), *(workload.facts if workload else ())]
    facts = [fact for fact in facts if fact.key not in given]
    whole = given | {fact.key: fact.value for fact in facts}
    taken = [f"{fact.key}={fact.value} from {fact.origin}" for fact in facts]
    initial = workload.initial if workload else None
    if workload and initial is not None:
        taken.append(f"{initial} replicas at the start from {workload.name}")
    written = ",".join(f"{key}={value}" for key, value in whole.items())
    return Surroundings(Supply.from_mapping(whole), written, initial, tuple(taken))


def _of_policy(policy: PolicyFile) -> list[Fact]:
    spec = policy.core.spec
    if not isinstance(spec, SessionSpec):
        return []
    return [Fact("warmup", f"{spec.warmup_time:.9f}".rstrip("0").rstrip(".") + "s", "the policy's warmup_time")]
