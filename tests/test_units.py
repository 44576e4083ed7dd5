"""Durations, sizes, rates and numbers: read as people write them, written as the report wants them."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage import units
from tonnage.errors import UnitError

S = units.NARROW
times = st.floats(1e-9, 9e9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1m30s", 90),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1d2h3m4.5s", 93_784.5),
        ("100us", 1e-4),
        ("100µs", 1e-4),
        ("100μs", 1e-4),
        ("7ns", 7e-9),
        (".5s", 0.5),
        ("5.s", 5),
        (" 10s ", 10),
        (f"346{S}ms", 0.346),
        ("1s1m", 61),
        ("0", 0),
        (0, 0),
    ],
)
def test_a_duration_is_read_in_seconds(text, expected):
    assert units.parse_duration(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("1500", 1.5), (1500, 1.5), (2.5, 0.0025), ("1e3", 1), ("1s", 1)])
def test_a_bare_number_is_milliseconds_where_k6_is_read(text, expected):
    assert units.parse_duration(text, bare="ms") == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30", "write 30s or 30ms"),
        (30, "write 30s or 30ms"),
        ("", "empty"),
        ("  ", "empty"),
        ("-5s", "negative"),
        (-5, "negative"),
        ("NaN", "not finite"),
        ("inf", "not finite"),
        (math.nan, "not finite"),
        (math.inf, "not finite"),
        (True, "neither text nor a number"),
        ("1e308s", "1e308s"),
        ("1e308", "no unit"),
        ("99999999999h", "292 years"),
        ("9" * 300 + "h", "longer than 128"),
        ("5min", "write 5m"),
        ("5sec", "write 5s"),
        ("5 hours", "write 5h"),
        ("5x", "use ns, us"),
        ("5M", "use ns, us"),
        ("5MS", "write 5ms"),
        ("1m30", "no unit after 30"),
        ("ten seconds", "cannot be read"),
        ("1m,30s", "cannot be read"),
        ("٣s", "cannot be read"),
    ],
)
def test_a_duration_that_cannot_be_used_is_refused_with_the_remedy(text, says):
    with pytest.raises(UnitError, match=says):
        units.parse_duration(text)


@pytest.mark.parametrize("number", [1e308, "1e308", 10**20])
def test_an_overflowing_number_of_milliseconds_is_refused(number):
    with pytest.raises(UnitError, match="292 years"):
        units.parse_duration(number, bare="ms")


@given(times)
def test_a_rendered_duration_reads_back_to_the_nanosecond(amount):
    assert units.parse_duration(units.duration(amount)) == pytest.approx(amount, rel=1e-15, abs=0.5000001e-9)


@given(times, st.booleans())
def test_a_rendered_time_reads_back_to_three_digits(amount, plain):
    text = units.seconds(amount, plain=plain).replace(S, "").replace(" ", "")
    assert units.parse_duration(text) == pytest.approx(amount, rel=5.1e-3)


@given(st.text())
def test_any_text_is_a_duration_or_a_unit_error(text):
    for parse in (units.parse_duration, units.parse_size, units.parse_rate, units.parse_number):
        with suppress(UnitError):
            parse(text)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(90, "1m30s"), (0.25, "250ms"), (0, "0s"), (172_800, "2d"), (3600, "1h"), (1.5, "1.5s"), (61.25, "1m1.25s")],
)
def test_a_duration_is_written_as_in_a_plan(amount, expected):
    assert units.duration(amount) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10MiB", 10 << 20),
        ("10MB", 10**7),
        ("512", 512),
        (512, 512),
        ("1.5KiB", 1536),
        ("3 kB", 3000),
        ("2gib", 2 << 30),
    ],
)
def test_a_size_is_read_in_bytes(text, expected):
    assert units.parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("-1B", "negative"),
        ("10M", r"10MB \(1000\) or 10MiB"),
        ("10XB", "unknown unit"),
        ("0.3B", "whole number"),
        ("99999999999TB", "2.63"),
        ("NaN", "not finite"),
        ("many", "cannot be read"),
        (math.inf, "not finite"),
    ],
)
def test_a_size_that_cannot_be_used_is_refused(text, says):
    with pytest.raises(UnitError, match=says):
        units.parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50/s", 50),
        ("3000/m", 50),
        ("2.5", 2.5),
        (2.5, 2.5),
        ("7200 / h", 2),
        ("7/10s", 0.7),
        ("0/s", 0),
        ("5/ms", 5000),
    ],
)
def test_a_rate_is_read_per_second(text, expected):
    assert units.parse_rate(text) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("-1/s", "negative"),
        ("inf", "not finite"),
        ("5/", "cannot be read"),
        ("/s", "cannot be read"),
        ("5/0s", "no time"),
        ("5/fortnight", "unknown unit"),
        ("1e308", "1e15"),
    ],
)
def test_a_rate_that_cannot_be_used_is_refused(text, says):
    with pytest.raises(UnitError, match=says):
        units.parse_rate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1_000", 1000),
        ("-1", -1),
        ("+1", 1),
        (".5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1E-3", 0.001),
        ("1e1_0", 1e10),
        ("0x1p-2", 0.25),
        ("0X1.8P1", 3),
        ("0x_1p0", 1),
        ("0x.8p0", 0.5),
        ("Inf", math.inf),
        ("-infinity", -math.inf),
        ("0x1p-99999999999999999999", 0),
        ("1e-99999", 0),
    ],
)
def test_a_number_is_read_as_go_reads_it(text, expected):
    assert units.parse_number(text) == expected


def test_nan_is_a_number_to_go():
    assert math.isnan(units.parse_number("NaN"))


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", ".", "e5", "1e", "_1", "1_", "1__0", "1_.5", "1._5", "1e_5", "0x1", "0xp1", "+NaN", "infin", "٣",
     "1e400", "0x1p99999", "0x1p99999999999999999999", "1,5", "0b1", "--1", "0x__1p0"],
)  # fmt: skip
def test_what_go_refuses_is_no_number(text):
    with pytest.raises(UnitError):
        units.parse_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number):
    assert units.parse_number(repr(number)) == number
    assert units.parse_number(number.hex()) == number


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.346, "346 ms"),
        (2.65, "2.65 s"),
        (59.3e-6, "59.3 µs"),
        (0.9996, "1.00 s"),
        (0.0009996, "1.00 ms"),
        (0, "0 s"),
        (1234, "1 234 s"),
        (12_345.6, "12 346 s"),
        (5e-10, "0.500 ns"),
        (-0.0123, "-12.3 ms"),
        (math.inf, "∞"),
    ],
)
def test_a_time_has_three_significant_digits(amount, expected):
    assert units.seconds(amount, plain=True) == expected


def test_the_page_has_narrow_spaces_and_a_true_minus():
    assert units.seconds(0.346) == f"346{S}ms"
    assert units.count(89391) == f"89{S}391"
    assert units.count(-2995) == f"\u22122{S}995"
    assert units.count(1_234_567, plain=True) == "1 234 567"
    assert units.percent(0.0123) == f"1.23{S}%"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.05, "+5.00 %"), (-0.05, "-5.00 %"), (0, "0 %"), (1, "+100 %"), (12.3456, "+1 235 %")]
)
def test_a_change_carries_its_sign(share, expected):
    assert units.percent(share, plain=True, signed=True) == expected


def test_sizes_and_bare_numbers_follow_the_same_rule():
    assert units.size(1_250_000, plain=True) == "1.25 MB"
    assert units.size(0, plain=True) == "0 B"
    assert units.number(0.012345, plain=True) == "0.0123"
    assert units.number(0) == "0"


@pytest.mark.parametrize(
    ("measured", "limit", "expected"),
    [
        (0.2997, 0.3, ("299.7 ms", "300 ms")),
        (0.29997, 0.3, ("299.97 ms", "300 ms")),
        (0.346, 0.3, ("346 ms", "300 ms")),
        (0.9999, 1, ("999.9 ms", "1 s")),
        (1.0004, 1, ("1.0004 s", "1 s")),
        (2, 2, ("2 s", "2 s")),
        (0.4, 0.2997, ("400 ms", "299.7 ms")),
        (120.04, 120, ("120.04 s", "120 s")),
    ],
)
def test_a_measurement_and_its_limit_are_told_apart(measured, limit, expected):
    assert units.apart(measured, limit, plain=True) == expected


def test_shares_are_told_apart_too():
    assert units.apart(0.99996, 1, units.percent, plain=True) == ("99.996 %", "100 %")


@given(st.floats(1e-6, 1e4), st.floats(-1e-3, 1e-3))
def test_different_amounts_never_read_the_same(limit, by):
    measured = limit * (1 + by)
    texts = [units.parse_duration(t.replace(" ", "")) for t in units.apart(measured, limit, plain=True) if "s" in t]
    assert (texts[0] < texts[1]) == (measured < limit) or measured == pytest.approx(limit, rel=1e-14)


def test_nan_is_never_written():
    with pytest.raises(UnitError, match="NaN"):
        units.seconds(math.nan)
    with pytest.raises(UnitError, match="not finite"):
        units.duration(math.inf)
