"""The generator's own health, once a second: what it used of processor, memory and files.

Read from /proc where there is one; elsewhere only processor time and memory are known. Collected beside the engine's
thread, never on it.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time

from tonnage.load.plan import Limits
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window
from tonnage.runs.environment import Environment
from tonnage.runs.run import Event

CLOCK_STEP = 1.0
"""Seconds by which the wall clock may differ from the monotonic one before it is said."""


class Health:
    """Samples of one generator; `window(k)` is what second k adds to the engine's window."""

    def __init__(self, limits: Limits, generator: int) -> None:
        self._limits = limits
        self._tags = {"generator": str(generator)}
        self.engine_thread: int | None = None
        self._started = time.monotonic()
        self._skew = time.time() - self._started
        self._suspended = _boot_time() - self._started
        self._at = self._started
        self._process = _process_cpu()
        self._thread: float | None = None
        self._main: float | None = None
        self._ports = float(_ports())
        self._events: list[Event] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the generator began to be watched."""
        return time.monotonic() - self._started

    def events(self) -> list[Event]:
        """What has been noted since the last call."""
        events, self._events = self._events, []
        return events

    def window(self, start: int) -> Window:
        """Health of the second that ends now, as a window that starts at `start`."""
        now = time.monotonic()
        length = now - self._at
        process, thread, main = _process_cpu(), _thread_cpu(self.engine_thread), _thread_cpu(os.getpid())
        counters: dict[Series, int] = {}
        gauges = {
            "generator_memory": float(_memory()),
            "generator_open_files": float(_open_files()),
            "generator_open_files_limit": float(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
            "generator_ports_limit": self._ports,
        }
        if thread is not None and self._thread is not None and length > 0.5 and start >= 0:
            busy = (thread - self._thread) / length
            counters[Series("generator_seconds")] = 1
            if busy > self._limits.generator_cpu:
                counters[Series("generator_saturated_seconds")] = 1
            gauges["generator_cpu/engine"] = busy
            gauges["generator_cpu/process"] = (process - self._process) / length
            if main is not None and self._main is not None:
                gauges["generator_cpu/main"] = (main - self._main) / length
        self._at, self._process, self._thread, self._main = now, process, thread, main
        self._watch_clocks(now)
        return Window(start, 1, counters, {self._series(name): _gauge(start, v) for name, v in gauges.items()})

    def _series(self, name: str) -> Series:
        metric, _, thread = name.partition("/")
        return Series.of(metric, **self._tags, **({"thread": thread} if thread else {}))

    def _watch_clocks(self, now: float) -> None:
        skew, suspended = time.time() - now, _boot_time() - now
        if abs(skew - self._skew) > CLOCK_STEP:
            text = f"the wall clock stepped by {skew - self._skew:+.1f} s; times of samples are not affected"
            self._events.append(Event(self.elapsed, "clock_step", text))
            self._skew = skew
        if suspended - self._suspended > CLOCK_STEP:
            text = f"the machine slept for {suspended - self._suspended:.1f} s during the run"
            self._events.append(Event(self.elapsed, "suspended", text))
            self._suspended = suspended


def environment(command: tuple[str, ...], version: str, hosts: tuple[str, ...]) -> Environment:
    """Where and with what this process makes its run."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Environment(
        tonnage=version,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus=os.cpu_count() or 0,
        memory=pages * size,
        command=command,
        hosts=hosts,
    )


def _gauge(start: int, value: float) -> Gauge:
    return Gauge(float(start + 1), value, value, value)


def _process_cpu() -> float:
    return time.process_time()


def _thread_cpu(native_id: int | None) -> float | None:
    """Seconds of processor time of one thread, None once it has ended; of the process where there is no /proc."""
    if not os.path.isdir("/proc/self/task"):
        return _process_cpu()
    try:
        with open(f"/proc/self/task/{native_id}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return None


def _memory() -> int:
    """Resident bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _open_files() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 0


def _ports() -> int:
    """Local ports that connections to one target can use."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            first, last = map(int, file.read().split())
            return last - first + 1
    except OSError:
        return 16_384  # the dynamic range of IANA (RFC 6335)


def _boot_time() -> float:
    """Seconds since boot, sleep included; equal to the monotonic clock where there is no such clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
