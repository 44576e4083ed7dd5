"""What the figures depend on: the machine, how busy it was, and the versions of everything that took part."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import server
from bench.process import BenchError, find

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Busy:
    """What the machine's processors did since it was started, and what this bench and its children took [s]."""

    total: float
    idle: float
    steal: float
    own: float

    @classmethod
    def now(cls) -> Busy:
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
        spent = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields]
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(sum(spent), spent[3] + spent[4], spent[7], sum(each.ru_utime + each.ru_stime for each in used))

    def since(self, former: Busy) -> str:
        total, steal = max(1.0, self.total - former.total), self.steal - former.steal
        others = total - (self.idle - former.idle) - steal - (self.own - former.own)
        shares = f"other programs took {100 * max(0.0, others) / total:.0f} % of the processors' time"
        return f"{shares}, the hypervisor {100 * steal / total:.1f} %"


def facts() -> dict[str, str]:
    """The machine and the versions, for the head of the results."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "load before the start": f"{os.getloadavg()[0]:.2f} (average of one minute)",
        "tonnage": _commit(),
        "Python": platform.python_version(),
        "rustc": _said(["rustc", "--version"], r"rustc (\S+)"),
        "nginx": _or_absent(server.version),
        "wrk": _or_absent(lambda: _said([find("wrk"), "-v"], r"wrk (\S+)")),
        "k6": _or_absent(lambda: _said([find("k6"), "version"], r"k6 v(\S+)")),
        "Locust": _or_absent(lambda: _said([find("locust"), "--version"], r"locust (\S+)")),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^model name\s*:\s*(.+)$", lines, re.MULTILINE)
    return found[1] if found else platform.machine()


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    commit = _said([*git, "rev-parse", "--short=12", "HEAD"], r"(\S+)")
    changed = _said([*git, "status", "--porcelain", "--untracked-files=no", "--", "src", "crates"], r"(\S)")
    return f"{version('tonnage')}, commit {commit}{', with changes' if changed != 'unknown' else ''}"


def _said(command: Sequence[str], pattern: str) -> str:
    """The first group of a pattern in what a command prints; `unknown` where it does not print it."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except OSError:
        return "unknown"
    found = re.search(pattern, ended.stdout + ended.stderr)
    return found[1] if found else "unknown"


def _or_absent(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except BenchError:
        return "absent"
