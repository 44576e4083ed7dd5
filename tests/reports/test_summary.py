"""The summary in a terminal: golden texts, and what holds for every run however odd."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Threshold
from tonnage.metrics.window import Window
from tonnage.reports.summary import summary
from tonnage.reports.text import Style, columns
from tonnage.runs.run import Ending

ENDING = Ending("completed", 1.0, 1.0, vus=1)
HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07/cart",
    "GET /\u202etxt.exe\u202c",
    "a\x00b\x07c\x08d\x9b31m",
    "line\r\nbreak\ttab",
    "</script><img src=x onerror=alert(1)>",
    "=cmd|'/c calc'!A1",
    "x" * 1_000_000,
    "名前" * 60,
    "e\u0301" * 50,
    "\U0001f600" * 40,
    "\ud800 lone surrogate",
    "[red]markup[/red]",
    "",
]


def test_it_reads_as_it_should(named_run, golden):
    name, run = named_run
    golden(f"summary/{name}.txt", summary(run))


def test_it_reads_as_it_should_in_ascii_and_in_colour(runs, golden):
    golden("summary/censored-ascii.txt", summary(runs["censored"], Style(ascii=True)))
    golden("summary/failing-color.txt", summary(runs["failing"], Style(color=True)))


def test_it_fits_a_terminal(named_run):
    _, run = named_run
    lines = summary(run).splitlines()
    assert len(lines) <= 45
    assert max(map(columns, lines)) <= 80


@pytest.mark.parametrize("width", [40, 60, 132])
def test_it_wraps_at_another_width(named_run, width):
    _, run = named_run
    assert max(map(columns, summary(run, Style(width=width)).splitlines())) <= max(width, 80)


def test_colour_changes_nothing_but_colour(named_run):
    _, run = named_run
    assert re.sub(r"\x1b\[[0-9;]*m", "", summary(run, Style(color=True))) == summary(run)


def test_ascii_is_ascii(named_run):
    _, run = named_run
    assert summary(run, Style(ascii=True)).isascii()


def test_it_ends_with_the_id_and_the_exit_code(named_run):
    _, run = named_run
    last = summary(run).splitlines()[-1]
    assert run.id in last
    assert last.endswith(f"exit {run.verdict.exit_code}")


def test_an_invalid_run_judges_nothing(runs):
    text = summary(runs["invalid"])
    assert text.startswith("INVALID")
    assert "not judged" in text
    assert not re.search("^  (pass|FAIL) .*<", text, re.MULTILINE)


def test_a_run_that_was_never_judged_is_judged(runs):
    run = runs["failing"]
    assert summary(replace(run, verdict=None)) == summary(run)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("style", [Style(), Style(ascii=True), Style(color=True)], ids=["plain", "ascii", "color"])
def test_case_43_a_hostile_name_is_inert(make_run, name, style):
    second = make_run.second(0)
    second.iterations(1)
    second.requests(name, {10: 300}, status="500", method=name[:20])
    second.checks(name, 1, 1)
    second.count("iteration_errors", 1, kind=name)
    plan = make_run.shop(ConstantVus(1, 1.0), Threshold("http_req_duration", "p(95)<5", {"name": name}))
    text = summary(replace(make_run(plan, [second], ENDING), id=name or "x"), style)
    text = re.sub(r"\x1b\[[0-9;]*m", "", text) if style.color else text
    assert all(c == "\n" or c.isprintable() for c in text)
    assert len(text) < 10_000
    text.encode()


@pytest.mark.parametrize("kind", ["nothing", "no second", "one request", "all failed", "all the same"])
def test_case_45_odd_runs_have_no_nan_and_no_infinity(make_run, kind):
    second = make_run.second(0)
    if kind != "nothing":
        second.iterations(1)
    if kind == "one request":
        second.requests("GET /", {10: 1})
    elif kind == "all failed":
        second.errors("GET /", 500, "1050")
    elif kind == "all the same":
        second.requests("GET /", {0: 500})
    plan = make_run.shop(ConstantVus(1, 1.0), Threshold("http_req_duration", "p(99)<5"))
    ending = Ending("completed", 0.0 if kind == "no second" else 1.0, 0.0)
    text = summary(make_run(plan, [] if kind == "nothing" else [second], ending))
    assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b|∞", text)
    assert len(text.splitlines()) <= 45


def test_a_percentile_without_enough_samples_is_a_dash_with_its_reason(make_run):
    second = make_run.second(0)
    second.iterations(1)
    second.requests("GET /", {10: 58})
    text = summary(make_run(make_run.shop(ConstantVus(1, 1.0)), [second], ENDING))
    assert re.search(r"GET / .* 10\.0 ms +– +– ", text)
    assert "too few samples: p95 needs 59, p99 needs 299" in text


def test_more_rows_than_fit_are_counted(make_run):
    second = make_run.second(0)
    second.iterations(1)
    for i in range(30):
        second.requests(f"GET /{i}", {10: 30 + i})
        second.requests(f"GET /{i}", {10: 1}, status=str(470 + i))
    for i in range(40):
        second.checks(f"check {i}", 1, 1)
    limits = [Threshold("http_req_duration", "p(95)<500", {"name": f"GET /{i}"}) for i in range(30)]
    text = summary(make_run(make_run.shop(ConstantVus(1, 1.0), *limits), [second], ENDING))
    for more in ("22 more with", "24 more kinds", "35 more", "21 more"):
        assert more in text


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.integers(40, 120), st.booleans())
def test_any_text_is_clean_and_as_wide_as_it_says(words, width, ascii_only):
    style = Style(ascii=ascii_only)
    for word in words:
        clean = style.clean(word)
        assert style.clean(clean) == clean
        assert columns(style.clip(word, width)) <= width
        assert columns(style.clip_middle(word, width)) <= width
        assert clean.isprintable()


def test_without_seconds_errors_have_no_times(runs):
    run = replace(runs["failing"], windows=(Window(0, 10, runs["failing"].total.counters),))
    assert "19:43:17" not in summary(run)
