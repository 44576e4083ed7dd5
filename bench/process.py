"""Child processes, what they cost, and how much memory they hold while they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

TONNAGE = str(Path(sys.executable).parent / "tonnage")
MOST_MEMORY = 2 * 2**30
"""A watched process that holds more than so many bytes is killed."""
PEERS = Path(__file__).parent.parent / ".venv-bench" / "bin"
SCRIPTS = Path(__file__).parent / "scripts"


class BenchError(Exception):
    """Something that makes a figure worthless: a program is absent, or it did not do what it was asked for."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended.

    Attributes:
        cpu: user and system time of it and of its children that it waited for [s].
        output: what it wrote to its standard output.
        errors: what it wrote to its standard error.
        code: exit code.
        memory: samples of (time since its start [s], resident memory [bytes]).
    """

    cpu: float
    output: str
    errors: str
    code: int
    memory: tuple[tuple[float, int], ...] = ()


def cores() -> tuple[int, int]:
    """The core of the server, and the core of the generator."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise BenchError("two cores are needed, one for the server and one for the generator; this process may use one")
    return usable[0], usable[1]


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    return list(command) if core is None else ["taskset", "-c", str(core), *command]


def find(program: str) -> str:
    """Where a program is: among the packages of .venv-bench, or in the system."""
    own = PEERS / program
    if own.exists():
        return str(own)
    if (path := shutil.which(program)) is not None:
        return path
    remedy = "make bench installs it into .venv-bench" if program in ("k6", "locust") else f"apt-get install {program}"
    raise BenchError(f"{program} is not installed: {remedy}")


def run(
    command: Sequence[str], core: int | None = None, every: float = 0.0, extra: Mapping[str, str] = MappingProxyType({})
) -> Ended:
    """Run a command to its end, in an empty folder and with an environment that holds no settings of Tonnage.

    Args:
        core: the only core that it may use.
        every: seconds between two samples of its memory; 0 takes none.
        extra: variables of its environment.
    """
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                pinned(command, core), stdout=stdout, stderr=stderr, cwd=folder, env=environment(folder) | dict(extra)
            )
            memory = _watch(process, every) if every else ()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        output, errors = (path.read_text(encoding="utf-8", errors="replace") for path in (out, err))
        return Ended(usage.ru_utime + usage.ru_stime, output, errors, process.returncode, memory)


def environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TONNAGE_", "K6_", "LOCUST_"))}
    return kept | {"XDG_DATA_HOME": folder, "K6_NO_USAGE_REPORT": "true", "NO_COLOR": "1"}


def _watch(process: subprocess.Popen[bytes], every: float) -> tuple[tuple[float, int], ...]:
    """Sample the memory of a process until it ends, or kill it; its status is left for `wait4`."""
    start, samples = time.monotonic(), []
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if (held := resident(process.pid)) is not None:
            samples.append((time.monotonic() - start, held))
            if held > MOST_MEMORY:
                process.kill()
        time.sleep(every)
    return tuple(samples)


def resident(pid: int) -> int | None:
    """Resident memory of a process [bytes]; None when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    held = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")]
    return held[0] if held else None
