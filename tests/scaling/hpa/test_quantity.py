"""Quantities read as Kubernetes reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import UnitError
from tonnage.scaling.hpa.quantity import Quantity, ceil_replicas, parse_milli, parse_ratio, quotient


@pytest.mark.parametrize(
    ("text", "milli"),
    [
        ("250m", 250),
        ("4", 4000),
        (100, 100_000),
        ("1.5", 1500),
        (".5", 500),
        ("1k", 1_000_000),
        ("1Ki", 1_024_000),
        ("1e3", 1_000_000),
        ("1E", 10**21 // 1000 * 1000),
        ("-2", -2000),
        ("1u", 1),
        ("100n", 1),
        ("0", 0),
    ],
)
def test_a_quantity_is_thousandths_rounded_away_from_zero(text, milli):
    if milli > 2**63 - 1:
        with pytest.raises(UnitError, match="64 bits"):
            parse_milli(text)
    else:
        assert parse_milli(text) == milli


@pytest.mark.parametrize("text", ["", "m", "1 k", "1KB", "1ki", "NaN", True, None, "1e", "--1", "1.2.3"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(UnitError, match="quantity"):
        parse_milli(text)


@given(st.integers(0, 2**62), st.sampled_from(["cpu", "memory", "requests"]))
def test_what_is_written_reads_back(milli, resource):
    assert parse_milli(str(Quantity.of(resource, milli))) == milli


def test_a_tolerance_is_digits_times_a_power_of_ten():
    assert parse_ratio("0.625") == 0.625
    assert parse_ratio("10m") == 0.01
    assert parse_ratio("0.3") == 3 * 0.1


def test_division_truncates_towards_zero():
    assert [quotient(7, 2), quotient(-7, 2), quotient(7, -2), quotient(-7, -2)] == [3, -3, -3, 3]


def test_a_count_that_is_no_number_counts_none():
    assert ceil_replicas(float("nan")) == 0
    assert ceil_replicas(float("inf")) == 2**31 - 1
    assert ceil_replicas(2.000001) == 3
