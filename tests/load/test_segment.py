"""Segments deal every member to exactly one generator, as k6 does."""

import json
import os
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import UnitError
from tonnage.load import segment
from tonnage.load.segment import WHOLE, Stripe

VECTORS = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "k6" / "executor_vectors.json"
sequences = st.lists(st.fractions(0, 1, max_denominator=8), max_size=6).map(
    lambda inner: sorted({Fraction(0), *inner, Fraction(1)})
)


def test_segments_are_dealt_as_k6_deals_them():
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is absent")
    for case in json.loads(VECTORS.read_text())["segments"]:
        stripe = segment.parse(case["segment"], case["sequence"])
        assert (stripe.start, list(stripe.offsets), stripe.lcd) == (case["start"], case["offsets"], case["lcd"])
        assert {total: stripe.scale(int(total)) for total in case["scale"]} == case["scale"]


@given(sequences, st.integers(0, 500))
def test_the_stripes_of_a_sequence_partition_the_members(borders, total):
    stripes = segment.deal(borders)
    dealt = [list(islice(stripe.members(), stripe.scale(total))) for stripe in stripes]
    assert sorted(member for members in dealt for member in members) == list(range(total))


@given(sequences, st.integers(0, 10**15))
def test_the_shares_of_any_total_add_up_to_it(borders, total):
    stripes = segment.deal(borders)
    assert sum(stripe.scale(total) for stripe in stripes) == total
    assert sum(stripe.share for stripe in stripes) == pytest.approx(1)


@given(sequences)
def test_a_segment_gets_its_length_of_every_period(borders):
    for stripe, begin, end in zip(segment.deal(borders), borders, borders[1:], strict=False):
        assert stripe.scale(stripe.lcd) == (end - begin) * stripe.lcd


@given(st.integers(1, 50), st.data())
def test_equal_shares_are_every_nth_member(count, data):
    index = data.draw(st.integers(0, count - 1))
    assert Stripe.of(index, count) == segment.deal([Fraction(i, count) for i in range(count + 1)])[index]


@pytest.mark.parametrize("text", ["20%", "0.2", ".2", "1/5", "0:1/5", "0:20%", " 0 : 1 / 5 "])
def test_a_segment_is_written_in_many_ways(text):
    assert segment.parse(text) == segment.parse("1/5", "0,1/5,1")


def test_the_rest_of_a_lone_segment_is_filled_up():
    assert segment.parse("1/2:3/4") == segment.parse("1/2:3/4", "0,1/2,3/4,1")
    assert segment.parse("") is WHOLE
    assert segment.parse("0:1") == segment.parse("100%") == WHOLE


def test_a_sequence_is_all_its_segments():
    assert segment.parse_sequence("0,1/4,1") == (segment.parse("0:1/4", "0,1/4,1"), segment.parse("1/4:1", "0,1/4,1"))


def test_a_thousand_generators_are_dealt_at_once():
    assert segment.parse("999/1000:1", ",".join(f"{i}/1000" for i in range(1001))).start == 999


@pytest.mark.parametrize(
    ("text", "sequence", "says"),
    [
        ("1/2:1/4", "", "ascend"),
        ("0", "", "ascend"),
        ("3/2", "", "ascend"),
        ("150%", "", "ascend"),
        ("half", "", "cannot be read"),
        ("1/0", "", "cannot be read"),
        ("-1/5", "", "cannot be read"),
        ("1e-2", "", "cannot be read"),
        ("NaN", "", "cannot be read"),
        ("1/4:1/2:3/4", "", "cannot be read"),
        ("0:1/3", "0,1/2,1", "not one of the sequence"),
        ("0:1/2", "0,1/2", "ascend from 0 to 1"),
        ("0:1/2", "0,1/2,1/2,1", "ascend from 0 to 1"),
        ("", "0,1/2,1", "needs a segment"),
        ("1/999999937", "", "rounder fractions"),
    ],
)
def test_a_segment_that_cannot_be_dealt_is_refused(text, sequence, says):
    with pytest.raises(UnitError, match=says):
        segment.parse(text, sequence)


def test_a_stripe_that_does_not_close_is_refused():
    with pytest.raises(ValueError, match="add up to lcd"):
        Stripe(0, (2,), 3)
