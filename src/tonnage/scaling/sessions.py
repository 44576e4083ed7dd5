"""The session-worker policy: so many sessions a worker, room for the next ones, nobody interrupted.

    usable = S * workers            S = sessions per worker; workers = provisioning + warming + ready
    u      = active / usable        active = sessions on workers that are not draining
    need   = ⌊1000 active / (S (1000 - buffer))⌋ + 1, and 0 when idle
                                    the least n with active / (S n) < 1 - buffer

    u >= up, or a session was rejected          max(need, workers + 1) at once
    u < down for the whole scale-down delay     the largest need of the delay
    otherwise                                   stay

Thresholds and buffer are integers in thousandths: no floating point decides. Workers that are still warming count, or
every decision would order again what is on its way; a rejection tells what they hide. Victims drain: idle ones first,
then those with the fewest sessions, then the newest.

Source:
    autoscaling.md 3.5; there is no implementation elsewhere. The keys are those of a voice agent's `agent.scaling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from math import inf
from typing import Any, Final

from tonnage.errors import Mistake, PlanError, UnitError
from tonnage.scaling.policy import Absent, Decision, MetricStatus, Observation, Worker
from tonnage.scaling.window import MaxWindow
from tonnage.units import parse_duration

TICK: Final = 5.0  # [s] from one decision to the next
_COUNTS: Final = {"min_workers": 0, "max_workers": 1, "sessions_per_worker": 1}


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A session pool's policy. Thresholds and buffer [1/1000], times [s]; `buffer` None is 1000 - scale_up_threshold.

    `warmup_time` is how long a worker takes to be ready: the policy does not look at it, whoever simulates it does.
    """

    min_workers: int
    max_workers: int
    sessions_per_worker: int
    scale_up_threshold: int = 800
    scale_down_threshold: int = 300
    scale_down_delay: float = 300.0
    warmup_time: float = 30.0
    buffer: int | None = None
    period: float = TICK

    def __post_init__(self) -> None:
        mistakes = self._mistakes()
        if mistakes:
            raise PlanError(*mistakes)

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any], *, source: str = "") -> SessionSpec:
        """The policy of a parsed `agent.scaling` block, or of the document that has it.

        Thresholds are shares (0.8), times are durations ("300s").

        Raises:
            PlanError: with every mistake, its key, and `source` before it.
        """
        try:
            return cls(**_read(document, source))
        except PlanError as error:
            raise PlanError(*(replace(mistake, source=source) for mistake in error.mistakes)) from None

    @property
    def reserve(self) -> int:
        """The share of the future size that stays free, in thousandths."""
        return 1000 - self.scale_up_threshold if self.buffer is None else self.buffer

    @property
    def may_cycle(self) -> bool:
        """Whether one worker more than the fewest can fall below the line at which it goes again."""
        return may_cycle(self.scale_up_threshold, self.scale_down_threshold, self.min_workers)

    def need(self, active: int) -> int:
        """The least number of workers that leaves the buffer free; 0 when idle."""
        return 1000 * active // (self.sessions_per_worker * (1000 - self.reserve)) + 1 if active else 0

    def _mistakes(self) -> list[Mistake]:
        found = [
            Mistake(key, f"is {getattr(self, key)}: it is at least {least}")
            for key, least in _COUNTS.items()
            if getattr(self, key) < least
        ]
        if self.min_workers > self.max_workers:
            found.append(Mistake("min_workers", f"is {self.min_workers}, above max_workers: {self.max_workers}"))
        if not 0 < self.scale_up_threshold <= 1000:
            found.append(Mistake("scale_up_threshold", "lies above 0 and at most at 1"))
        if not 0 <= self.scale_down_threshold < self.scale_up_threshold:
            found.append(Mistake("scale_down_threshold", "lies at or above 0 and below scale_up_threshold"))
        if self.buffer is not None and not 0 <= self.buffer < 1000:
            found.append(Mistake("buffer", "lies at or above 0 and below 1"))
        found += [
            Mistake(key, f"is {getattr(self, key)} s: it is not negative")
            for key in ("scale_down_delay", "warmup_time")
            if not 0 <= getattr(self, key) < inf
        ]
        if not 0 < self.period < inf:
            found.append(Mistake("period", f"is {self.period} s: it is above 0"))
        return found


def may_cycle(up: float, down: float, min_workers: float) -> bool:
    """Whether a pair of thresholds can cycle: down > up m / (m + 1),   m = max(1, min_workers)."""
    fewest = max(1, min_workers)
    return down * (fewest + 1) > up * fewest


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when utilization has been below the scale-down threshold (None: it is not), and the needs of the delay."""

    low_since: float | None
    needs: MaxWindow


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """The session-worker policy; `Decision.replicas` counts workers that are not draining."""

    spec: SessionSpec

    @property
    def period(self) -> float:
        """Seconds between two decisions."""
        return self.spec.period

    def decide(self, observation: Observation, state: Memory | None) -> tuple[Decision, Memory]:
        """One decision; what is unknown never lowers the size, but what is known may raise it."""
        spec, now = self.spec, observation.now
        memory = state or Memory(None, MaxWindow(spec.scale_down_delay))
        pool = _seen(observation)
        if isinstance(pool, Absent):
            return Decision.none(observation.replicas, pool.reason), replace(memory, low_since=None)
        need, load = spec.need(pool.active), _load(pool, spec)
        status = (MetricStatus("active sessions", need, value=1000 * pool.active),)
        if pool.rejected or _reaches(pool, spec.scale_up_threshold, spec):
            rejected = f"{pool.rejected} sessions rejected, " if pool.rejected else ""
            memory = Memory(None, memory.needs.record(now, need))
            return self._settled(pool, max(need, pool.size + 1), f"{rejected}{load}", status), memory
        if pool.unknown:
            # A delay that nobody watched has not passed.
            memory = replace(memory, low_since=None)
            if pool.size >= spec.min_workers:
                return Decision.none(pool.size, pool.unknown, metrics=status), memory
            return self._settled(pool, pool.size, pool.unknown, status), memory
        low = pool.size > 0 and not _reaches(pool, spec.scale_down_threshold, spec)
        since = (now if memory.low_since is None else memory.low_since) if low else None
        memory = Memory(since, memory.needs.record(now, need))
        if since is None:
            return self._settled(pool, pool.size, load, status), memory
        why = f"{load}, below {spec.scale_down_threshold / 1000:g} for {now - since:g} s"
        if now - since < spec.scale_down_delay:
            why = f"{why} of {spec.scale_down_delay:g} s"
            return self._settled(pool, pool.size, why, status), memory
        return self._settled(pool, min(memory.needs.maximum, pool.size), why, status), memory

    def _settled(self, pool: _Pool, wanted: int, why: str, status: tuple[MetricStatus, ...]) -> Decision:
        """The decision for a size, within the pool's bounds, with the workers to drain."""
        size = min(max(wanted, self.spec.min_workers), self.spec.max_workers)
        bound = "" if size == wanted else "; max_workers reached" if size < wanted else "; min_workers kept"
        verb = "stay at" if size == pool.size else "up to" if size > pool.size else "down to"
        reason = f"{verb} {size} workers: {why}{bound}"
        return Decision(size, reason, metrics=status, victims=victims(pool.serving, pool.size - size))


def victims(workers: Sequence[Worker], count: int) -> tuple[str, ...]:
    """Names of `count` workers to drain: idle first, then fewest sessions, then newest; the draining go anyhow.

    A worker whose sessions are unknown is taken last.
    """
    serving = [(place, worker) for place, worker in enumerate(workers) if worker.state != "draining"]
    serving.sort(key=lambda each: (_sessions(each[1], unknown=2**31), -each[0]))
    return tuple(worker.name for _, worker in serving[: max(count, 0)])


@dataclass(frozen=True, slots=True)
class _Pool:
    """The workers that count, the sessions known to be on them, and what is not known, in words."""

    serving: tuple[Worker, ...]
    active: int
    rejected: int
    unknown: str

    @property
    def size(self) -> int:
        return len(self.serving)


def _seen(observation: Observation) -> _Pool | Absent:
    if isinstance(observation.workers, Absent):
        return Absent(f"the workers are unknown: {observation.workers.reason}")
    serving = tuple(worker for worker in observation.workers if worker.state != "draining")
    unknown = "; ".join(
        f"the sessions of {worker.name} are unknown: {worker.sessions.reason}"
        if isinstance(worker.sessions, Absent)
        else f"the sessions of {worker.name} cannot be {worker.sessions}"
        for worker in serving
        if _sessions(worker, unknown=-1) < 0
    )
    rejected = observation.rejected
    if isinstance(rejected, Absent):
        unknown = "; ".join(filter(None, (unknown, f"rejected sessions are unknown: {rejected.reason}")))
        rejected = 0
    return _Pool(serving, sum(_sessions(worker, unknown=0) for worker in serving), rejected, unknown)


def _sessions(worker: Worker, *, unknown: int) -> int:
    """Sessions of a worker, or `unknown` where there is no count or none that can be."""
    return unknown if isinstance(worker.sessions, Absent) or worker.sessions < 0 else worker.sessions


def _reaches(pool: _Pool, threshold: int, spec: SessionSpec) -> bool:
    """active / (S workers) >= threshold, without a division; a pool without workers reaches nothing."""
    return pool.size > 0 and 1000 * pool.active >= threshold * spec.sessions_per_worker * pool.size


def _load(pool: _Pool, spec: SessionSpec) -> str:
    return f"{pool.active} sessions on {pool.size} workers of {spec.sessions_per_worker}"


# ------------------------------------------------------------------------------------------------- reading


def _read(document: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Fields of a SessionSpec from a block of keys as written."""
    block = document
    if "agent" in block:
        block = block["agent"]
    if isinstance(block, Mapping) and "scaling" in block:
        block = block["scaling"]
    if not isinstance(block, Mapping):
        raise PlanError(Mistake("agent.scaling", "is no mapping: is its indentation lost?", source))
    fields: dict[str, Any] = {}
    mistakes = []
    for key, value in block.items():
        try:
            fields[key] = _READERS[key](value) if key in _READERS else _no_such_key(str(key))
        except UnitError as error:
            mistakes.append(Mistake(str(key), str(error), source))
    mistakes += [Mistake(key, "is missing", source) for key in _COUNTS if key not in block]
    if mistakes:
        raise PlanError(*mistakes)
    return fields


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnitError(f"is {value!r}, not a whole number")
    return value


def _thousandths(value: Any) -> int:
    """Thousandths of a share written as 0.8; exact, so that no rounding moves a threshold."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError(f"is {value!r}: write a share such as 0.8")
    try:
        share = Fraction(str(value)) * 1000
    except ValueError:
        raise UnitError(f"is {value!r}: write a share such as 0.8") from None
    if share.denominator != 1:
        raise UnitError(f"is {value!r}: thresholds have three decimals at most")
    return int(share)


def _seconds(value: Any) -> float:
    return parse_duration(value, bare="s")


def _no_such_key(key: str) -> int:
    near = get_close_matches(key, sorted(_READERS), 1, 0.5)
    raise UnitError(f"is no key of a session policy{f': did you mean {near[0]}?' if near else ''}")


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(("scale_up_threshold", "scale_down_threshold", "buffer"), _thousandths),
    **dict.fromkeys(("scale_down_delay", "warmup_time", "period"), _seconds),
}
