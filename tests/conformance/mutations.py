"""Deliberate errors in the HPA, each of which the cases must catch: `python -m tests.conformance --mutations`.

A mutation replaces one piece of a module's text, which must stand there exactly once, so that none outlives the code
that it spoils. The whole room is imported anew with the spoilt module and the cases run over it until one fails.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

ROOMS = ("tonnage.scaling", "tests.conformance")
HPA = "tonnage.scaling.hpa."


@dataclass(frozen=True)
class Mutation:
    """An error in words, and the text that makes it."""

    name: str
    module: str
    right: str
    wrong: str


MUTATIONS = (
    Mutation(
        "a ratio at the end of the tolerance is outside it",
        "spec",
        "1.0 - self.down <= ratio <= 1.0 + self.up",
        "1.0 - self.down < ratio < 1.0 + self.up",
    ),
    Mutation(
        "the size asked for stands for the ready pods", "calculator", "ratio * float(sample.ready)", "ratio * current"
    ),
    Mutation(
        "missing pods are taken for idle on the way down",
        "calculator",
        "(target.fill(request), request) for request in sample.missing",
        "(0, request) for request in sample.missing",
    ),
    Mutation(
        "missing pods are taken for busy on the way up",
        "calculator",
        "(0, request) for request in sample.missing",
        "(target.fill(request), request) for request in sample.missing",
    ),
    Mutation(
        "missing pods stand at their request where the target is above it",
        "calculator",
        "max(100, self.percent)",
        "100",
    ),
    Mutation("unready pods are left out on the way up", "calculator", "if rebalances:", "if False:"),
    Mutation("a change may turn round", "calculator", " or turns_round(ratio, damped)", ""),
    Mutation(
        "a change may act against its metric",
        "calculator",
        "return current if acts_against(damped, proposal, current) else proposal",
        "return proposal",
    ),
    Mutation(
        "utilization is rounded up",
        "calculator",
        "return quotient(tally.usage * 100, tally.request)",
        "return ceil(tally.usage * 100 / tally.request)",
    ),
    Mutation("a shared value multiplies the size asked for", "calculator", "ratio * float(ready)", "ratio * current"),
    Mutation(
        "tolerance holds at zero", "calculator", "if current == 0:", "if current == 0 and not tolerances.hold(ratio):"
    ),
    Mutation("a sum of series wraps", "calculator", "min(added + value, MOST)", "added + value"),
    Mutation("readiness counts for every resource", "pods", 'resource == "cpu" and ', ""),
    Mutation("a metric window need not have passed since ready", "pods", " + reading.window", ""),
    Mutation(
        "an old pod that is not ready never counts",
        "pods",
        'return pod.ready == "False" and pod.start + spec.controller.initial_readiness_delay > pod.ready_transition',
        'return pod.ready == "False"',
    ),
    Mutation("failed pods count", "pods", 'pod.phase == "Failed" or ', ""),
    Mutation("any init container counts", "pods", "container.restartable or not container.init", "True"),
    Mutation("the smallest proposal wins", "metrics", "found.replicas > best", "found.replicas < best"),
    Mutation("the others may scale down while a metric fails", "metrics", "best < observation.replicas", "False"),
    Mutation(
        "per cent are rounded up on the way down",
        "behavior",
        "return int(float(start)",
        "return ceil_replicas(float(start)",
    ),
    Mutation(
        "per cent are truncated on the way up",
        "behavior",
        "return ceil_replicas(float(start)",
        "return int(float(start)",
    ),
    Mutation(
        "deletions do not raise a scale-up's start",
        "behavior",
        'if cross_terms or direction == "down"',
        'if direction == "down"',
    ),
    Mutation(
        "additions do not lower a scale-down's start",
        "behavior",
        'if cross_terms or direction == "up"',
        'if direction == "up"',
    ),
    Mutation("only the lower clamp", "behavior", "min(max(current, lower), upper)", "max(current, lower)"),
    Mutation("only the upper clamp", "behavior", "min(max(current, lower), upper)", "min(current, upper)"),
    Mutation(
        "an event is stored in the first outdated slot",
        "behavior",
        "(*marked[: old[-1]], latest, *marked[old[-1] + 1 :])",
        "(latest, *marked[1:])",
    ),
    Mutation("events are never outdated", "behavior", "event.at < now - longest_period", "False"),
    Mutation(
        "a period's changes are those before it", "behavior", "event.at > now - period", "event.at <= now - period"
    ),
    Mutation("the start of a period is included", "behavior", "event.at > now - period", "event.at >= now - period"),
    Mutation(
        "the stable size is remembered",
        "behavior",
        "Recommendation(sizes.desired, now), lambda each: each.at < oldest",
        "Recommendation(stable, now), lambda each: each.at < oldest",
    ),
    Mutation("the old ramp has no least step", "behavior", "controller.scale_up_limit_minimum))", "0))"),
    Mutation("the first size is not remembered", "autoscaler", "if memory.recommendations is None:", "if False:"),
    Mutation(
        "whoever set the size to zero, metrics are read",
        "autoscaler",
        "return semantics.scale_to_zero and ours",
        "return semantics.scale_to_zero",
    ),
)


def first_caught(mutation: Mutation) -> str | None:
    """The first case that fails with the mutation, upstream's before our own; None when all hold."""
    with spoilt(mutation):
        runner: Any = importlib.import_module("tests.conformance.runner")
        for path in [*runner.files("hpa/hpa_*.json"), *runner.own_files()]:
            for suite, case in runner.cases(path):
                if runner.run(suite, case) is not None:
                    return str(case["id"])
    return None


@contextmanager
def spoilt(mutation: Mutation) -> Iterator[None]:
    """The rooms imported anew with one module spoilt, for as long as the context lasts."""
    kept = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    finder = _Finder(HPA + mutation.module, mutation.right, mutation.wrong)
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        # Importing a module binds it in its package as well.
        for name, module in kept.items():
            parent, _, leaf = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], leaf, module)


def _is_ours(name: str) -> bool:
    return name.startswith(ROOMS) and name != __name__


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, right: str, wrong: str) -> None:
        self.module, self.right, self.wrong = module, right, wrong

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path) if fullname == self.module else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self.right, self.wrong)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, right: str, wrong: str) -> None:
        super().__init__(name, path)
        self.right, self.wrong = right, wrong

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        if source.count(self.right) != 1:
            raise ValueError(f"{fullname} has {self.right!r} not exactly once: mend the mutation")
        return compile(source.replace(self.right, self.wrong), self.path, "exec")
