"""What can go wrong, as a tree.

    TonnageError
    ├── UsageError      nothing has started: the plan, the script or a unit is wrong
    ├── RunError        the tool could not do it: engine, probe, output, store
    ├── RefusalError    the data cannot carry the conclusion that was asked for
    └── PoolError       the live pool

A failure of the system under test (a time-out, a 503, a failed check) is never an exception: it is a count in a
Window. Every message names the thing, the place and the remedy.
"""

from __future__ import annotations

from dataclasses import dataclass


class TonnageError(Exception):
    """Root of all errors that Tonnage raises on purpose."""


class UsageError(TonnageError):
    """Something that the user wrote cannot be used; nothing has started."""


class UnitError(UsageError):
    """A duration, size, rate or number could not be read."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in a configuration: where it stands, what is wrong, what to do."""

    path: str
    message: str
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.source}: " if self.source else ""
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class PlanError(UsageError):
    """A plan or a configuration that cannot be run; carries every mistake found, not just the first."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class ScriptError(UsageError):
    """The load script could not be loaded, or raised where an iteration cannot go on."""

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        self.file, self.line = file, line
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(place + message)


class Refused(UsageError):
    """A guard said no before anything was sent: target, budget, preflight."""


class RunError(TonnageError):
    """The tool could not do what was asked."""


class EngineError(RunError):
    """The engine died or could not start."""


class StoreError(RunError):
    """A run could not be stored or read."""


class RefusalError(TonnageError):
    """The data do not support the conclusion that was asked for."""


class TooFewPoints(RefusalError):
    """Fewer samples or points than the statement needs."""

    def __init__(self, what: str, have: int, need: int) -> None:
        self.have, self.need = have, need
        super().__init__(f"{what}: {have} available, {need} needed")


class OutOfDomain(RefusalError):
    """A question outside the range in which a model holds."""

    def __init__(self, what: str, value: float, domain: tuple[float, float]) -> None:
        self.value, self.domain = value, domain
        super().__init__(f"{what} = {value:g} lies outside {domain[0]:g} to {domain[1]:g}")
