"""The demo service as Python sees it: its configuration, its life and its counters.

The service itself is native. This file refuses to know how it queues and answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Literal, Self, get_args

from tonnage import _engine
from tonnage.errors import Mistake, PlanError

Distribution = Literal["fixed", "exponential", "pareto"]
StallFrom = Literal["first_request", "start"]

_LONGEST = 86_400.0


@dataclass(frozen=True)
class DemoConfig:
    """The whole truth about a demo service; it describes a possible one.

    Attributes:
        host: address or name to listen on.
        port: port to listen on; 0 lets the system choose.
        workers: requests served at the same time, first come first served; 0 means infinitely many.
        service_time: mean service time S [s].
        distribution: of the service time: every one S, memoryless, or heavy-tailed.
        shape: of the Pareto distribution, above 1 [1].
        stalls: windows [from, to) in which nothing departs and no work progresses [s], in order, disjoint.
        stall_from: whether stalls count from the first request or from the start of the server.
        errors: share of requests answered by 500 [1].
        slow: share of requests whose service time is multiplied by `slow_factor` [1].
        slow_factor: see `slow` [1].
        queue_limit: requests that may wait; whoever finds more is answered by 503. None means no limit.
        seed: of every random draw; equal seeds give equal services.

    Raises:
        PlanError: no possible service; carries every mistake.
    """

    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 0
    service_time: float = 0.0
    distribution: Distribution = "fixed"
    shape: float = 2.5
    stalls: tuple[tuple[float, float], ...] = ()
    stall_from: StallFrom = "first_request"
    errors: float = 0.0
    slow: float = 0.0
    slow_factor: float = 10.0
    queue_limit: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        mistakes = tuple(self._mistakes())
        if mistakes:
            raise PlanError(*mistakes)

    def _mistakes(self) -> Iterator[Mistake]:
        limits: Mapping[str, tuple[float, float]] = {
            "port": (0, 65_535),
            "workers": (0, 2**32 - 1),
            "service_time": (0, _LONGEST),
            "errors": (0, 1),
            "slow": (0, 1),
            "slow_factor": (0, 1e6),
            "queue_limit": (0, 2**32 - 1),
            "seed": (0, 2**64 - 1),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                yield Mistake(name, f"{value} is outside {least:g} to {most:g}")
        for name, allowed in (("distribution", get_args(Distribution)), ("stall_from", get_args(StallFrom))):
            if getattr(self, name) not in allowed:
                yield Mistake(name, f"{getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.distribution == "pareto" and not 1 < self.shape < float("inf"):
            yield Mistake("shape", f"{self.shape}: a Pareto distribution has a mean only above 1")
        if self.queue_limit is not None and self.workers == 0:
            yield Mistake("queue_limit", "nobody waits for infinitely many workers; set workers to 1 or more")
        yield from self._stall_mistakes()

    def _stall_mistakes(self) -> Iterator[Mistake]:
        end = 0.0
        for number, (begin, until) in enumerate(self.stalls):
            if not 0 <= begin < until <= _LONGEST:
                yield Mistake(f"stalls[{number}]", f"[{begin}, {until}) must end after it begins, within a day")
            elif begin < end:
                yield Mistake(f"stalls[{number}]", f"begins at {begin}, before the one before it ends at {end}")
            end = max(end, until)

    def to_json(self) -> str:
        """What the native service reads."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class DemoStats:
    """What the service has done up to an instant; arrived = ended + in flight.

    Attributes:
        requests: requests ended, by status; 0 is no answer: dropped, reset, or the client had left.
        connections: connections accepted.
        in_flight: requests arrived and not ended.
        queue_length: requests that wait for a worker; at most 25 ms old.
        busy_workers: workers that serve; at most 25 ms old.
        service_time_sum: sum of the finished services, without stalls and delays [s].
        service_time_count: number of the finished services.
        stalls: stalls that have begun.
    """

    requests: Mapping[int, int] = field(default_factory=dict)
    connections: int = 0
    in_flight: int = 0
    queue_length: int = 0
    busy_workers: int = 0
    service_time_sum: float = 0.0
    service_time_count: int = 0
    stalls: int = 0


class DemoServer:
    """A demo service, bound when it is made, serving inside its `with` block; it serves once.

        with DemoServer(DemoConfig(workers=4, service_time=0.02)) as server:
            ...  # load server.url

    Raises:
        OSError: the address cannot be bound.
    """

    def __init__(self, config: DemoConfig | None = None) -> None:
        self.config = config or DemoConfig()
        self._native = _engine.DemoServer(self.config.to_json())

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._native.host

    @property
    def port(self) -> int:
        """The port it listens on, also where the system chose it."""
        return self._native.port

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Serve on a native thread."""
        self._native.start()

    def stop(self) -> None:
        """Stop serving, end all connections and free the port; harmless when it does not run."""
        self._native.stop()

    def stats(self) -> DemoStats:
        """What it has done so far; also after it was stopped."""
        return DemoStats(**self._native.stats())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
