"""Findings: codes that are documented, each with an example that the code itself has made."""

import json
import re
from pathlib import Path

import pytest
from tests.conftest import GOLDEN
from tests.scaling.lint.cases import CASES

from tonnage.finding import CODES, SEVERITIES, Evidence, Finding

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "findings.md"

HEAD = """# Findings

What `tonnage lint` finds, by code. A code keeps its meaning for ever. Each finding has the numbers of an example that the
policy itself has computed; below, each code has the smallest file that has it. This page is made by
`pytest tests/test_finding.py --update-golden`.

Severities: `error` (does not do what it is for), `warning` (works otherwise than it looks), `info` (worth knowing).

"""


def page() -> str:
    rows = [
        f"| [{code}](#{code.lower()}-{each.name}) | {each.severity} | {each.meaning} |" for code, each in CODES.items()
    ]
    table = "\n".join(["| code | severity | meaning |", "|---|---|---|", *rows])
    return f"{HEAD}{table}\n\n" + "\n".join(section(code) for code in CODES)


def section(code: str) -> str:
    found = json.loads((GOLDEN / "findings" / f"{code}.json").read_text(encoding="utf-8"))
    text, around = CASES[code]
    known = {key: getattr(around, key) for key in ("sessions_per_worker", "longest_session") if getattr(around, key)}
    beside = "".join(f"\nGiven beside it: `{key.replace('_', '-')}` {value}.\n" for key, value in known.items())
    if around.exposed:
        beside += f"\nThe exposition sample has {', '.join(f'`{name}`' for name in sorted(around.exposed))}.\n"
    return (
        f"## {code} {CODES[code].name}\n\n{CODES[code].meaning}\n\n```yaml\n{text}```\n{beside}\n"
        f"> {found['claim']}.\n\n{found['advice']}\n"
    )


def test_the_page_says_what_the_codes_say(request):
    written = page()
    if request.config.getoption("--update-golden"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written, "pytest tests/test_finding.py --update-golden"


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_name_a_severity_and_a_sentence(code):
    assert re.fullmatch(r"TN[1-6][0-9]{2}", code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", CODES[code].name)
    assert CODES[code].severity in SEVERITIES
    assert CODES[code].meaning.endswith(".")


def test_names_are_as_unique_as_codes():
    assert len({each.name for each in CODES.values()}) == len(CODES)


def test_a_finding_takes_its_severity_from_its_code_and_is_plain_data():
    finding = Finding.of("TN503", "it cycles", Evidence("sessions", {"changes": 3}, (0.0, 60.0)), "do less", "p.yaml:1")
    assert (finding.severity, finding.name) == ("error", "cycling-thresholds")
    assert json.loads(json.dumps(finding.to_dict())) == {
        "code": "TN503",
        "name": "cycling-thresholds",
        "severity": "error",
        "place": "p.yaml:1",
        "claim": "it cycles",
        "evidence": [{"metric": "sessions", "window": [0.0, 60.0], "numbers": {"changes": 3}}],
        "advice": "do less",
    }
