"""Metric names of a sample in Prometheus' text format."""

from __future__ import annotations

import re
from typing import Final

from tonnage.errors import Mistake, PlanError

_NAME: Final = r"[A-Za-z_:][A-Za-z0-9_:]*"
_LABELS: Final = r"\{(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*\}"
_SAMPLE: Final = re.compile(rf"({_NAME})\s*(?:{_LABELS})?\s+(\S+)(?:\s+\S+)?(?:\s+#.*)?")
_VALUE: Final = re.compile(r"[-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|Inf|NaN)", re.IGNORECASE)
_LARGEST: Final = 10_000_000  # characters


def metric_names(text: str, source: str = "") -> frozenset[str]:
    """Names of all samples.

    Raises:
        PlanError: a line is neither a sample nor a comment, or there is no sample; with its line.
    """
    if len(text) > _LARGEST:
        raise PlanError(Mistake("", f"is larger than {_LARGEST} characters: one scrape of one pod is enough", source))
    names = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        sample = _SAMPLE.fullmatch(line.strip())
        if sample is None or not _VALUE.fullmatch(sample[2]):
            message = "is no sample of Prometheus' text format, such as agent_active_sessions 3"
            raise PlanError(Mistake("", message, f"{source}:{number}"))
        names.add(sample[1])
    if not names:
        raise PlanError(Mistake("", "has no samples: take what the pod's /metrics answers", source))
    return frozenset(names)
