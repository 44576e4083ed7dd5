"""Thresholds: about which metric, with which statistic, and whether they hold."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import PlanError
from tonnage.metrics import catalog
from tonnage.metrics.threshold import (
    OPS,
    Expression,
    ThresholdError,
    check,
    check_method,
    evaluate,
    parse,
    parse_selector,
    samples_needed,
)

numbers = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http_reqs", ("http_reqs", {})),
        ("http_req_duration{name:login,scenario:a}", ("http_req_duration", {"name": "login", "scenario": "a"})),
        (" http_req_duration { name : login page } ", ("http_req_duration", {"name": "login page"})),
        ("m{url:http://a:80/x}", ("m", {"url": "http://a:80/x"})),
        ("m{name:\"a,b}\",'k':'v'}", ("m", {"name": "a,b}", "k": "v"})),
        ("m{name:it's,b:'c'}", ("m", {"name": "it's", "b": "c"})),
        ("m{group:::main::sub}", ("m", {"group": "::main::sub"})),
        ("m{a:}", ("m", {"a": ""})),
        ("m{a:b,a:b}", ("m", {"a": "b"})),
    ],
)
def test_a_selector_is_a_metric_and_its_tags(text, expected):
    assert parse_selector(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no metric"),
        ("{a:b}", "no metric"),
        ("m{a:b", "does not close"),
        ("m{a:b}x", "does not close"),
        ("m}", "never opened"),
        ("m{}", "no tag"),
        ("m{a}", "'a' is no tag"),
        ("m{a:b,}", "no tag"),
        ("m{:b}", "no tag"),
        ("m{a:b,a:c}", "cannot be both"),
        ('m{a:"b}', "quote"),
        ("m{a:b}" * 1000, "at most 4096"),
    ],
)
def test_a_selector_that_cannot_be_read_is_refused(text, says):
    with pytest.raises(PlanError, match=says):
        parse_selector(text)


@given(st.text(alphabet="m{}:,\"' ab"))
def test_any_text_is_a_selector_or_a_plan_error(text):
    with suppress(PlanError):
        parse_selector(text)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=3))
def test_quoted_tags_read_back(tags):
    quotes = {text: "'" if '"' in text else '"' for pair in tags.items() for text in pair}
    if any(quote in text for text, quote in quotes.items()):
        return
    selector = ",".join(
        ":".join(f"{quotes[t]}{t}{quotes[t]}" for t in pair) for pair in tags.items() if ":" not in pair[0]
    )
    if selector:
        assert parse_selector(f"m{{{selector}}}")[1] == {k: v for k, v in tags.items() if ":" not in k}


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("counter", {"count", "rate"}),
        ("gauge", {"value"}),
        ("rate", {"rate"}),
        ("trend", {"avg", "min", "max", "med", "p(95)", "p"}),
    ],
)
def test_a_kind_has_its_methods_only(kind, methods):
    for method in ("avg", "min", "max", "med", "p(95)", "p", "count", "rate", "value"):
        expression = parse(f" {method}<5")
        if method in methods:
            check_method(expression, kind)
        else:
            with pytest.raises(ThresholdError, match=f"a {kind} has no {expression.method}: use"):
                check_method(expression, kind)


@pytest.mark.parametrize(
    ("selector", "text", "says"),
    [
        ("http_req_durations", "p(95)<5", "did you mean http_req_duration"),
        ("http_req_failed", "p(95)<5", "a rate has no p: use rate"),
        ("http_reqs", "rate<1%", "http_reqs is no share: write a plain number"),
        ("http_req_duration{a:b}", "p(95)<10kB", "no size: write milliseconds or a time"),
        ("data_sent{a}", "count<10kB", "no tag"),
        ("vus", "value<10s", "no time: write a plain number"),
    ],
)
def test_a_threshold_that_cannot_be_evaluated_is_refused(selector, text, says):
    with pytest.raises(PlanError, match=says):
        check(selector, parse(text))


def test_a_threshold_that_can_be_evaluated_knows_its_metric():
    assert check("http_req_duration{name:a}", parse("p(95)<500ms")) is catalog.BUILT_IN["http_req_duration"]
    assert check("data_sent", parse("count<10MB")).unit == "B"
    assert check("checks", parse("rate>99%")).kind == "rate"
    items = catalog.custom("items_seen", "trend")
    assert check("items_seen", parse("avg<5"), {"items_seen": items}) is items


@pytest.mark.parametrize(
    ("text", "lower", "upper", "state", "margin"),
    [
        ("p(95)<500", 400, 400, "pass", 0.2),
        ("p(95)<500", 400, 450, "pass", 0.1),
        ("p(95)<500", 500, 500, "fail", 0),
        ("p(95)<=500", 500, 500, "pass", 0),
        ("p(95)<500", 600, math.inf, "fail", -0.2),
        ("p(95)<500", 400, math.inf, "undecided", None),
        ("p(95)<500", 499, 500, "undecided", None),
        ("p(95)<500", None, None, "no data", None),
        ("p(95)<500", math.nan, 5, "no data", None),
        ("rate>0.9", 0.99, 0.99, "pass", 0.1),
        ("rate>0.9", 0.95, math.inf, "pass", 0.05 / 0.9),
        ("rate>0.9", 0.45, 0.81, "fail", -0.1),
        ("rate>=0.9", 0.8, 0.9, "undecided", None),
        ("count==5", 5, 5, "pass", 0),
        ("count===5", 4, 4, "fail", -0.2),
        ("count==5", 6, 7, "undecided", None),
        ("count!=5", 6, 6, "pass", 0.2),
        ("count!=5", 5, 5, "fail", 0),
        ("count!=5", 6, 7, "undecided", None),
        ("count<0", 1, 1, "fail", None),
        ("avg<-10", -20, -20, "pass", 1),
    ],
)
def test_a_threshold_holds_when_all_of_the_interval_does(text, lower, upper, state, margin):
    outcome = evaluate(parse(text), lower, upper)
    assert outcome.state == state
    assert outcome.ok is {"pass": True, "fail": False}.get(state)
    assert outcome.margin == (margin if margin is None else pytest.approx(margin))
    if state != "no data":
        assert (outcome.lower, outcome.upper) == (lower, upper)


@given(st.sampled_from(OPS), numbers, numbers, numbers, st.floats(0, 1))
def test_a_verdict_over_an_interval_is_that_of_every_value_in_it(op, limit, a, b, share):
    lower, upper = sorted((a, b))
    inside = min(max(lower + share * (upper - lower), lower), upper)
    expression = Expression("avg", None, op, limit)
    whole, one = evaluate(expression, lower, upper), evaluate(expression, inside, inside)
    assert one.ok is not None
    assert whole.ok in (one.ok, None)


@given(st.sampled_from(["<", "<=", ">", ">="]), numbers.filter(bool), numbers)
def test_a_margin_is_positive_inside_and_negative_beyond(op, limit, value):
    outcome = evaluate(Expression("avg", None, op, limit), value, value)
    assert outcome.margin == 0 or (outcome.margin > 0) == outcome.ok


def test_an_interval_the_wrong_way_round_is_refused():
    with pytest.raises(ValueError, match="lower value comes first"):
        evaluate(parse("avg<5"), 2, 1)


def test_a_limit_that_is_not_finite_has_no_margin():
    assert evaluate(Expression("avg", None, "<", math.inf), 1, 1).margin is None
    assert evaluate(Expression("avg", None, "<", math.nan), 1, 1).ok is False


@pytest.mark.parametrize(
    ("percentile", "n"), [(90, 29), (95, 59), (99, 299), (99.9, 2995), (50, 5), (0, 1), (100, 1), (1, 1)]
)
def test_a_percentile_needs_so_many_samples(percentile, n):
    assert samples_needed(percentile) == n


@given(st.floats(0.1, 99.999))
def test_the_number_of_samples_is_the_least_that_suffices(percentile):
    n, q = samples_needed(percentile), percentile / 100
    assert q**n <= 0.05 * (1 + 1e-9)
    assert n == 1 or q ** (n - 1) > 0.05 * (1 - 1e-9)


@pytest.mark.parametrize("percentile", [-1, 101, math.nan])
def test_no_percentile_lies_outside_0_to_100(percentile):
    with pytest.raises(ValueError, match="between 0 and 100"):
        samples_needed(percentile)
