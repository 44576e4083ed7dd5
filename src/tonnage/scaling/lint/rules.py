"""All the checks of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tonnage.finding import SEVERITIES, Finding, Severity
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.lint import metrics, safety, speed, thresholds
from tonnage.scaling.lint.circumstances import Circumstances

CHECKS: Final = (*thresholds.CHECKS, *metrics.CHECKS, *safety.CHECKS, *speed.CHECKS)


def lint(file: PolicyFile, around: Circumstances | None = None) -> tuple[Finding, ...]:
    """The findings of one policy, by code; what a schedule wraps is what is looked at."""
    subject = replace(file.core, others=file.others)
    around = (around or Circumstances()).among([file])
    found = [finding for check in CHECKS for finding in check(subject, around)]
    return tuple(sorted(found, key=lambda finding: finding.code))


def lint_all(files: Sequence[PolicyFile], around: Circumstances | None = None) -> tuple[Finding, ...]:
    """The findings of several policies that belong together: a session policy tells the slots of a worker to an HPA."""
    known = (around or Circumstances()).among(files)
    return tuple(finding for file in files for finding in lint(file, known))


def reaches(finding: Finding, severity: Severity) -> bool:
    """Whether a finding is at least so grave."""
    return SEVERITIES.index(finding.severity) >= SEVERITIES.index(severity)
