"""Services that hold sessions: so many on a worker, for so long, and nobody waits.

    scv = variance / mean² of the length        0 fixed, below 1 gamma (Erlang), 1 exponential, above 1 lognormal

A pool of w workers is a loss system of w·S slots: Erlang B, which only looks at the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tonnage.capacity import fields
from tonnage.capacity.queueing import erlang_b
from tonnage.errors import Mistake, PlanError, UnitError

LAWS: Final = ("fixed", "gamma", "exponential", "lognormal", "hyperexponential")
EXAMPLE: Final = "sessions:mean=180s,scv=1,per_worker=5"


def _law(text: str) -> str:
    if text not in LAWS:
        raise UnitError(f"{text!r} is no law of lengths: it is one of {', '.join(LAWS)}")
    return text


def _length(text: str) -> float:
    found = fields.seconds(text)
    if found == 0:
        raise UnitError("is 0: a session lasts longer")
    return found


_READERS: fields.Readers = {
    "mean": _length,
    "scv": fields.amount,
    "law": _law,
    "per_worker": fields.positive,
    "cpu": fields.amount,
    "memory": fields.amount,
}


@dataclass(frozen=True, slots=True)
class SessionModel:
    """Sessions of `mean` [s] and squared coefficient of variation `scv`, `per_worker` of them at once on a worker.

    Attributes:
        law: of the length; "" is that which fits the scv.
        cpu, memory: what a session uses [cores, B].
    """

    mean: float
    scv: float = 1.0
    per_worker: int = 5
    law: str = ""
    cpu: float = 0.0
    memory: float = 0.0

    @classmethod
    def parse(cls, text: str) -> SessionModel:
        """The model of `sessions:mean=180s,scv=1,per_worker=5`.

        Raises:
            PlanError: with every mistake.
        """
        kind, colon, rest = text.partition(":")
        if kind.strip() != "sessions" or not colon:
            raise PlanError(Mistake("model", f"{text!r} is no session model: write it like {EXAMPLE}"))
        found = cls(**fields.read(fields.split(rest, "model"), _READERS, "model", ("mean",)))
        if not found._is_possible:
            text = f"a {found.law} length has no scv of {found.scv:g}: leave the law out, or change the scv"
            raise PlanError(Mistake("model.scv", text))
        return found

    def blocking(self, rate: float, workers: int) -> float:
        """The share of callers who find no place on `workers`, at a steady rate [1/s]: Erlang B."""
        return erlang_b(workers * self.per_worker, rate * self.mean)

    @property
    def _is_possible(self) -> bool:
        return {
            "": True,
            "fixed": self.scv == 0,
            "gamma": 0 < self.scv <= 1,
            "exponential": self.scv == 1,
            "lognormal": self.scv > 0,
            "hyperexponential": self.scv > 1,
        }[self.law]
