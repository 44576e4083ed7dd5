"""bench/RESULTS.md, as the command writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.figures import Section, in_markdown

HEAD = """\
# Results of `make bench`

Written by the command; do not edit. Every figure is relative to peers that were measured in the same run on the same
machine, interleaved, as a median with the least and the greatest value. Another machine gives other figures; the ratios
travel better than the microseconds.
"""


def render(sections: Sequence[Section], facts: Mapping[str, str], when: str, command: str) -> str:
    """The whole file.

    Args:
        facts: machine and versions.
        when: the date of the measurement.
        command: what was called.
    """
    about = ["## Machine and versions", "", "| | |", "|---|---|", f"| date | {when} |", f"| command | `{command}` |"]
    about += [f"| {name} | {value} |" for name, value in facts.items()]
    parts = [HEAD, "\n".join(about) + "\n", missed(sections), *map(in_markdown, sections)]
    return "\n".join(parts)


def missed(sections: Sequence[Section]) -> str:
    """What was aimed at and not reached, with where the time goes by reference to the tables."""
    lines = ["## Where an aim is missed", ""]
    sentences = [f"* {section.title}: {sentence}" for section in sections for sentence in section.missed]
    lines += sentences or ["Nowhere in this run."]
    return "\n".join(lines) + "\n"
