"""Demand: texts, files and records, with what is unknown of them."""

import pytest

from tonnage.errors import PlanError
from tonnage.load.demand import DAY, demand_of_counts, parse_demand
from tonnage.load.demand_csv import read_demand_csv
from tonnage.load.spiky import spiky_day


def mistakes(text):
    with pytest.raises(PlanError) as refusal:
        read_demand_csv(text, "day.csv")
    return [str(mistake) for mistake in refusal.value.mistakes]


def test_a_text_gives_rates_and_the_times_between_them():
    demand = parse_demand("0/s, 2m: 50/s, 0s: 10/s, 1m: 10/s")
    assert [demand.curve.value(t) for t in (0, 60, 119.999999, 120, 150)] == pytest.approx([0, 25, 50, 10, 10])
    assert demand.curve.length == 180


def test_every_part_of_a_text_that_cannot_be_read_is_named():
    with pytest.raises(PlanError) as refusal:
        parse_demand("fast, 2m 50/s, 3x: 5/s, 1m: 5/s")
    assert len(refusal.value.mistakes) == 3


def test_a_rate_alone_does_not_say_for_how_long():
    with pytest.raises(PlanError, match="write 5/s, 1h: 5/s"):
        parse_demand("5/s")


def test_rows_hold_until_the_next_and_a_gap_is_unknown():
    demand = read_demand_csv("time,arrival_rate\n0,1\n60,3\n240,5\n300,5\n", "day.csv")
    assert [demand.curve.value(t) for t in (0, 59, 60, 119, 240, 359)] == [1, 1, 3, 3, 5, 5]
    assert demand.unknown == ((120, 240),)
    assert demand.curve.value(180) == 4  # the ends joined


def test_arrivals_are_counts_and_times_may_have_a_zone():
    text = "time,arrivals\n2026-11-24T08:00:00Z,60\n2026-11-24T08:01:00Z,120\n"
    demand = read_demand_csv(text, "day.csv")
    assert [demand.curve.value(t) for t in (0, 60)] == [1, 2]
    assert demand.curve.total == 180


def test_concurrency_becomes_arrivals_by_littles_law_and_says_so():
    demand = read_demand_csv("time,concurrency\n0,90\n60,180\n", "day.csv")
    arrivals = demand.arrivals(180.0)
    assert [arrivals.curve.value(t) for t in (0, 60)] == [0.5, 1.0]
    assert "reconstructed" in arrivals.label
    with pytest.raises(PlanError, match="demand for sessions"):
        demand.arrivals(None)


def test_all_mistakes_of_a_file_are_told_with_their_lines():
    text = "time,arrival_rate\n0,1\n60,-1\n60,many\n30,1e12\nyesterday,1\n2026-11-24T08:00:00,1\n120\n180,2\n170,2\n170,2\n"
    found = mistakes(text)
    assert [mistake.partition(":")[2].split(":")[0].strip() for mistake in found] == [
        f"line {line}" for line in (3, 4, 5, 6, 7, 8, 10, 11)
    ]
    assert found[0] == "day.csv: line 3: -1 is negative"


def test_zones_are_not_mixed():
    text = "time,arrivals\n2026-11-24T08:00:00Z,1\n2026-11-24T10:00:00+01:00,1\n"
    assert "use one of them" in mistakes(text)[0]
    assert "use one of them" in mistakes("time,arrivals\n5,1\n2026-11-24T10:00:00+01:00,1\n")[0]


@pytest.mark.parametrize("header", ["", "time", "arrivals", "time,arrivals,concurrency", "when,arrivals"])
def test_the_header_has_a_time_and_one_value(header):
    assert "exactly one of" in mistakes(header + "\n0,1,1\n")[0]


def test_one_row_says_nothing_about_time():
    assert "two at least" in mistakes("time,arrivals\n0,1\n")[0]


def test_a_record_has_its_arrivals_back():
    demand = demand_of_counts([(0, 1, 5), (1, 1, 7), (4, 1, 9)], "20261124")
    assert demand.curve.value(1.5) == 7
    assert demand.unknown == ((2, 4),)


def test_a_day_is_repeated_until_the_horizon():
    demand = parse_demand("1/s, 1h: 3/s").repeated(1.5 * 3600)
    assert demand.curve.length == 1.5 * 3600
    assert demand.curve.value(3600 * 1.25) == demand.curve.value(3600 * 0.25)
    assert demand.curve.total == pytest.approx(7200 + 1.5 * 1800)


def test_a_spiky_day_has_its_peaks_and_the_same_seed_the_same_day():
    day = spiky_day(3).curve
    assert day.length == DAY
    assert min(day.value(8.5 * 3600), day.value(19 * 3600)) > 5 * day.value(3 * 3600)
    assert spiky_day(3) == spiky_day(3) != spiky_day(4)
