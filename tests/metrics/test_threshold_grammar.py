"""Threshold expressions: what k6 reads is read alike, and units are understood."""

import json
import math
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.metrics.threshold_grammar import LONGEST_TEXT, OPS, Expression, ThresholdError, parse, parse_k6

VECTORS = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "k6" / "metrics_vectors.json"
pieces = st.sampled_from(
    ["p(95)", "p", "p(", ")", "avg", "rate", "count", "<", "<=", "==", "===", "!=", ">", "=", " ", "5", "500", ".5",
     "1_000", "ms", "%", "MiB", "1e3", "-", "Inf", "NaN", "0x1p-2", "{", "é"]
)  # fmt: skip
near_misses = st.lists(pieces, max_size=6).map("".join)


def cases():
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is absent")
    return json.loads(VECTORS.read_text())["threshold_parse"]


def test_what_k6_accepts_is_read_as_k6_reads_it():
    beyond_json = {"json: unsupported value: +Inf": math.inf, "json: unsupported value: NaN": math.nan}
    for case in cases():
        if not case["Err"]:
            ours = parse_k6(case["In"])
            value = beyond_json.get(case["Val"], case["Val"])
            assert (ours.method, ours.op, ours.percentile, ours.sink) == (
                case["Method"], case["Op"], case["P"], case["Sink"],
            )  # fmt: skip
            assert ours.value == value or (math.isnan(ours.value) and math.isnan(value))


def test_what_k6_rejects_is_rejected():
    for case in cases():
        if case["Err"]:
            with pytest.raises(ThresholdError):
                parse_k6(case["In"])


@given(near_misses)
def test_ours_reads_all_that_k6_reads_but_nan_and_inf(text):
    with suppress(ThresholdError):
        theirs = parse_k6(text)
        if math.isfinite(theirs.value):
            assert parse(text) == theirs
        else:
            with pytest.raises(ThresholdError, match="finite"):
                parse(text)


@given(st.one_of(st.text(), near_misses))
def test_any_text_is_an_expression_or_a_threshold_error(text):
    for read in (parse, parse_k6):
        with suppress(ThresholdError):
            assert read(text).op in OPS


@pytest.mark.parametrize(
    ("text", "method", "value", "unit"),
    [
        ("p(95)<500ms", "p", 500, "time"),
        ("p(95)<0.5s", "p", 500, "time"),
        ("p( 95 ) < 1m30s", "p", 90_000, "time"),
        ("avg<2.3ms", "avg", 2.3, "time"),
        ("max<100us", "max", 0.1, "time"),
        ("med < 5 ms", "med", 5, "time"),
        ("avg>-5ms", "avg", -5, "time"),
        ("rate<1%", "rate", 0.01, "share"),
        ("rate >= 99.5 %", "rate", 0.995, "share"),
        ("count<10MiB", "count", 10 << 20, "size"),
        ("value<1.5kB", "value", 1500, "size"),
        ("rate<5", "rate", 5, ""),
        ("value==0", "value", 0, ""),
    ],
)
def test_a_value_may_have_a_unit(text, method, value, unit):
    expression = parse(text)
    assert (expression.method, expression.value, expression.unit, expression.text) == (method, value, unit, text)


@given(st.integers(1, 10**7))
def test_milliseconds_stay_what_they_are(thousandths):
    assert parse(f"avg<{thousandths / 1000}ms").value == thousandths / 1000


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("p95<500", "p95", r"write p\(95\)"),
        ("P(95)<500", "P(95)", r"write p\(95\)"),
        ("p99.9<5", "p99.9", r"write p\(99.9\)"),
        ("mean<5", "mean", "did you mean avg"),
        ("averge<5", "averge", "did you mean"),
        ("xyz<5", "xyz", "use avg, min"),
        ("p(101)<5", "101", "between 0 and 100"),
        ("p(-1)<5", "-1", "between 0 and 100"),
        ("p(nan)<5", "nan", "between 0 and 100"),
        ("p(x)<5", "x", "no percentile"),
        ("p(95)=<5", "p(95)=", "write <="),
        ("p(95)=5", "=", "write =="),
        ("p(95)<<5", "<5", "unknown comparison"),
        ("p(95)<5 && avg<3", "5 && avg<3", "write two thresholds"),
        ("p(95)<abc", "abc", "not a number"),
        ("p(95)<5x", "5x", "unknown unit"),
        ("p(95)<NaN", "NaN", "finite"),
        ("p(95)<-Inf", "-Inf", "finite"),
        ("p(95)<1e999", "1e999", "too large"),
        ("p(95)<5%", "5%", "for the rate"),
        ("count<5ms", "5ms", "no time"),
        ("p(95)", "p(95)", "no comparison"),
        ("p(95)<", "", "no value after <"),
        ("<500", "<", "no method"),
    ],
)
def test_a_mistake_is_shown_in_its_place_with_the_remedy(text, place, says):
    with pytest.raises(ThresholdError, match=says) as caught:
        parse(text)
    begin, end = caught.value.place
    assert text[begin:end] == place


def test_the_message_points_at_the_mistake():
    with pytest.raises(ThresholdError) as caught:
        parse("avg < 5 && max < 3")
    assert str(caught.value).splitlines() == [
        "thresholds: a threshold compares once: write two thresholds instead",
        "    avg < 5 && max < 3",
        "          ^^^^^^^^^^^^",
    ]


def test_an_empty_threshold_is_refused():
    for text in ("", "  "):
        with pytest.raises(ThresholdError, match="empty"):
            parse(text)


def test_a_long_text_is_refused_at_once_and_read_in_linear_time():
    with pytest.raises(ThresholdError, match=f"at most {LONGEST_TEXT}"):
        parse("avg<" + "1" * LONGEST_TEXT)
    for text in ("<=" * 200_000, "p(" * 200_000 + "<5", "avg<" + "_" * 400_000, "avg<" + "1_" * 200_000):
        with pytest.raises(ThresholdError) as caught:
            parse_k6(text)
        assert len(str(caught.value)) < 500


def test_an_expression_is_written_as_it_was():
    assert str(parse("p(95) < 0.5s")) == "p(95) < 0.5s"
    assert str(Expression("p", 99.9, "<", 500.0)) == "p(99.9)<500"
