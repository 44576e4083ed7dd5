"""Findings in a line each."""

from tonnage.finding import Evidence, Finding
from tonnage.reports.findings import counted, findings_markdown, findings_text
from tonnage.reports.text import Style

INFO, WARNING, ERROR = (
    Finding.of(code, f"claim of {code}\x1b[31m " + "word " * 30, Evidence("m", {}), "advice")
    for code in ("TN512", "TN501", "TN503")
)


def test_errors_come_before_warnings_and_infos_are_left_out():
    text = findings_text([INFO, WARNING, WARNING, ERROR], "tonnage lint a.yaml")
    head, *lines, end, last = text.split("\n")
    assert head == "Lint          1 error, 2 warnings; `tonnage lint a.yaml` tells more"
    assert [line.split()[:2] for line in lines] == [["error", "TN503"], ["warning", "TN501"], ["warning", "TN501"]]
    assert all(len(line) <= 80 for line in lines)
    assert (end, last) == ("", "")
    assert "\x1b" not in text
    assert "\x1b" in findings_text([ERROR], "", Style(color=True))


def test_where_nothing_is_grave_nothing_is_said():
    assert findings_text([INFO], "x") == findings_markdown([], "x") == ""


def test_markdown_has_whole_claims():
    assert findings_markdown([ERROR], "x").splitlines()[2].count("word") == 30


def test_counts_are_of_each_severity():
    assert counted([INFO, ERROR, ERROR]) == "2 errors, 1 info"
    assert counted([]) == ""
