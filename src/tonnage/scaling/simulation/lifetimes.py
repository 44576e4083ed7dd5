"""How long things were there together: Σ (end or now - beginning).

Every beginning and end is added once, so that the sum does not depend on how often it was asked for on the way.
"""

from __future__ import annotations


class Lifetimes:
    """The lives of replicas or nodes."""

    __slots__ = ("_alive", "_begun", "_ended")

    def __init__(self) -> None:
        self._alive = 0
        self._begun = self._ended = 0.0  # sums of the beginnings of what is there, and of the lives that are over

    def begin(self, at: float) -> None:
        """One more [s]."""
        self._alive += 1
        self._begun += at

    def end(self, begun: float, at: float) -> None:
        """One that began at an instant is gone [s]."""
        self._alive -= 1
        self._begun -= begun
        self._ended += at - begun

    def seconds(self, now: float) -> float:
        """All of them until now."""
        return self._ended + self._alive * now - self._begun
