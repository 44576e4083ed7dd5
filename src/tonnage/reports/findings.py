"""Findings in a line each, for reports of something else: `tonnage lint` tells them at length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tonnage.finding import SEVERITIES, Finding
from tonnage.reports.text import Paint, Style

_PAINTS: Final[dict[str, Paint]] = {"error": "fail", "warning": "warn"}


def findings_text(findings: Sequence[Finding], command: str, style: Style | None = None) -> str:
    """Errors and warnings with their claims, each in one line of the terminal; "" where there are none.

    Args:
        command: what tells more, such as `tonnage lint hpa.yaml`.
    """
    grave, style = _grave(findings), style or Style()
    if not grave:
        return ""
    lines = [f"{'Lint'.ljust(14)}{style.clean(counted(grave))}; `{style.clean(command)}` tells more"]
    for each in grave:
        head = f"{each.severity.ljust(7)} {each.code}  "
        claim = style.clip(each.claim, style.width - len(head) - 2)
        lines.append(f"  {style.paint(head, _PAINTS[each.severity])}{claim}")
    return "\n".join(lines) + "\n\n"


def findings_markdown(findings: Sequence[Finding], command: str) -> str:
    """Errors and warnings with their claims as a list; "" where there are none."""
    grave = _grave(findings)
    if not grave:
        return ""
    lines = [f"**Lint**: {counted(grave)}; `{Style().clean(command)}` tells more.", ""]
    lines += [f"* {each.severity} {each.code}: {Style().clean(each.claim)}" for each in grave]
    return "\n".join(lines) + "\n\n"


def counted(findings: Sequence[Finding]) -> str:
    """How many there are of each severity, the gravest first: "1 error, 2 warnings"; "" for none."""
    counts = ((each, sum(finding.severity == each for finding in findings)) for each in reversed(SEVERITIES))
    return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts if count)


def _grave(findings: Sequence[Finding]) -> list[Finding]:
    """Errors, then warnings."""
    return sorted(
        (each for each in findings if each.severity in _PAINTS), key=lambda each: -SEVERITIES.index(each.severity)
    )
