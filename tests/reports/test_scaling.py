"""What the report of a rehearsed run says."""

import json

import pytest
from tests.scaling.worlds import CALLS, CLAY_HPA, POOL, VOICE_HPA, WEB

from tonnage.load.demand import parse_demand
from tonnage.load.spiky import spiky_day
from tonnage.reports.scaling import advices, claim, scaling_document, scaling_markdown, scaling_text
from tonnage.reports.scaling_figures import scaling_figures
from tonnage.reports.text import Style, columns
from tonnage.scaling.simulator import Settings, simulate
from tonnage.scaling.supply import Supply


@pytest.fixture(scope="module")
def dropped():
    return simulate(spiky_day(1), CALLS, VOICE_HPA, Supply.parse("startup=45s,per_node=4"), 1)


@pytest.fixture(scope="module")
def kept():
    return simulate(
        parse_demand("0.02/s, 2h: 0.02/s"), CALLS, POOL, Supply.parse("grace=1h"), settings=Settings(initial=6)
    )


@pytest.fixture(scope="module")
def slow():
    return simulate(parse_demand("20/s, 1h: 20/s, 0s: 900/s, 10m: 900/s, 1h: 20/s"), WEB, CLAY_HPA, Supply())


def test_the_claim_says_whether_callers_are_dropped(dropped, kept):
    assert claim(dropped).startswith("callers are dropped: ")
    assert claim(kept).startswith("no caller was dropped in 2h: ")
    assert (dropped.verdict.value, kept.verdict.value) == ("fail", "pass")


def test_the_figures_are_those_of_the_run(dropped):
    figures = scaling_figures(dropped)
    assert figures.callers.tries == figures.callers.arrived
    assert sum(row.suffered for row in figures.rows) == figures.callers.rejected > 0
    assert sum(row.cut for row in figures.rows) == figures.callers.cut
    assert sum(row.changes for row in figures.rows) == figures.changes
    assert sum(row.length for row in figures.rows) == 86_400
    assert figures.longest_wait > 0
    assert figures.start_median >= 45


def test_saturation_is_told_with_bounds(slow):
    figures = scaling_figures(slow)
    assert figures.requests.saturated > 0
    text = scaling_text(slow)
    assert "saturated for" in text
    assert "at least" in text
    assert "lower the target, or raise the minimum" in " ".join(text.split())


def test_the_text_fits_the_terminal_and_names_what_to_do(dropped):
    text = scaling_text(dropped, Style(width=80))
    assert text.startswith("FAIL callers are dropped")
    assert max(columns(line) for line in text.splitlines()) <= 84
    assert "Next" in text
    assert text.endswith("Exit code     99\n")


def test_ascii_stays_ascii(dropped):
    assert scaling_text(dropped, Style(ascii=True)).isascii()


def test_nothing_to_do_is_no_advice(kept):
    assert list(advices(scaling_figures(kept))) == []


def test_markdown_is_a_table_with_every_row(dropped):
    text = scaling_markdown(dropped)
    assert text.startswith("**FAIL**: callers are dropped")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows[-24:]}) == 1


def test_the_document_is_json(dropped, slow):
    for run in (dropped, slow):
        data = json.loads(json.dumps(scaling_document(run), allow_nan=False))
        assert data["claim"] == claim(run)
        assert data["rows"]
    assert scaling_document(slow)["requests"]["p99_is_a_lower_bound"]


def test_a_run_in_which_nothing_arrives_says_so():
    run = simulate(parse_demand("0/s, 1h: 0/s"), WEB, CLAY_HPA, Supply())
    assert claim(run) == "nothing arrived in 1h"
