"""Models by their text."""

from __future__ import annotations

from tonnage.capacity import service, sessions
from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import Mistake, PlanError


def parse_model(text: str) -> SessionModel | ServiceModel:
    """The session or service model of a text.

    Raises:
        PlanError: it is neither, or has mistakes.
    """
    kind = text.partition(":")[0].strip()
    if kind == "service":
        return ServiceModel.parse(text)
    if kind == "sessions":
        return SessionModel.parse(text)
    raise PlanError(Mistake("model", f"{text!r} is no model: write {sessions.EXAMPLE} or {service.EXAMPLE}"))
