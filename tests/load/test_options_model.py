"""The model of options: what it refuses, and its schema."""

import json
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tonnage
from tonnage.errors import PlanError, Refused
from tonnage.load.compose import compose, request_of
from tonnage.load.explain import as_text, explain
from tonnage.load.options import KNOWN, Layer, combine, defaults, json_schema, read_toml
from tonnage.load.plan import Plan


def toml(text):
    return read_toml(text, "tonnage.toml")


def told(*layers):
    return [str(mistake) for mistake in combine(layers).mistakes]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("vus = 0", "0 lies outside 1"),
        ("vus = true", "a whole number is needed"),
        ("vus = 10.0", "a whole number is needed"),
        ("vus = 1979-05-27", "a whole number is needed"),
        ('duration = "5"', "no unit"),
        ('duration = "5M"', "unknown unit"),
        ('duration = "5 mins"', "write 5m"),
        ("duration = 1e308", "longer than 292 years"),
        ("duration = []", "a duration is needed"),
        ('rate = "5m"', "write it like 50/s"),
        ("rate = nan", "not finite"),
        ("rate = -1", "negative"),
        ('insecure = "yes"', "true or false is needed"),
        ('base_url = "shop"', "an absolute URL is needed"),
        ('base_url = "ftp://a"', "an absolute URL is needed"),
        ('base_url = "http://[::1"', "cannot be read"),
        ('late = "quue"', "did you mean `queue`?"),
        ('http_debug = "all"', "none of off, headers, full"),
        ('targets = ["*.example"]', "no host"),
        ('user_agent = "a\\nb"', "line break"),
        ('headers = {"a b" = "c"}', "no header name"),
        ('headers = {a = "b\\r\\nc"}', "one line"),
        ('summary_trend_stats = ["p(101)"]', "no statistic"),
        ("limits = 5", "a table is needed"),
        ("limits = {started = 1.5}", "outside 0 to 1"),
        ("thresholds = 5", "a table of names"),
        ("thresholds = {checks = []}", "no expression"),
        ('thresholds = {"{a:b}" = "rate>1"}', "no metric"),
        ('thresholds = {checks = {threshold = "rate>1", abort = true}}', "unknown key `abort`"),
        ("thresholds = {checks = {abort_on_fail = true}}", "an expression such as"),
        ("scenarios = {}", "a table of scenarios"),
        ('scenarios = {"a b" = {executor = "constant-vus"}}', "no scenario name"),
        ("scenarios = {a = {}}", "no executor"),
        ('scenarios = {a = {executor = "constant-vsu"}}', "did you mean `constant-vus`?"),
        ('scenarios = {a = {executor = "constant-vus", duration = "10ms"}}', "too short"),
        ("series_limit = 0", "outside 1"),
        ("stages = []", "at least one stage"),
        ("rate = 5", "needs a `duration` or `stages`"),
        ("max_vus = 5", "needs a `rate`"),
        ("user_agent = 5", "a text is needed"),
        ("data = 5", "a text is needed, not int"),
        ("duration = 9.1e9", "too long"),
        ("rate = []", "a rate is needed"),
        ("rate = 1e300", "more than 1e15/s"),
        ('env = {A = "\\u0000"}', "NUL"),
        ("stages = [5]", "no stage"),
        ('stages = ["5s"]', "no stage"),
        ("stages = 5", "a list of stages"),
        ('stages = [{duration = "5s"}]', "a key is missing"),
        ("series_limit = 1.5", "a whole number"),
        ("limits = {started = true}", "a number is needed"),
        ("limits = {started = nan}", "not finite"),
        ('limits = {started = "0.5"}', "a number is needed"),
        ('targets = ["http://[a"]', "no host"),
        ('tags = {"" = "a"}', "each name must be a text"),
        ("tags = 5", "a table of names and values"),
        (f"targets = [{'1,' * 10_001}]", "at most 10000 are taken"),
        ("\n".join(["[tags]", *(f"a{i} = 1" for i in range(10_001))]), "at most 10000 are taken"),
        ("scenarios = {a = 5}", "an executor table"),
        ('scenarios = {a = {executor = "constant-vus", duration = "1s", env = {A = []}}}', "a text or a number"),
        ('scenarios = {a = {executor = "constant-vus", duration = "1s", late = "x"}}', "none of queue, drop"),
        ('scenarios = {a = {executor = "constant-vus", duration = "1x"}}', "unknown unit"),
        ('scenarios = {a = {executor = "ramping-vus", startVUs = 1, start_vus = 1}}', "there twice"),
        ("maxRedirects = 1\nmax_redirects = 1", "the same option"),
    ],
)
def test_case_33_what_is_wrong_is_refused_in_clear_words(line, message):
    (mistake,) = told(toml(line))
    assert message in mistake
    assert mistake.startswith("tonnage.toml:")


def test_the_committed_schema_is_the_one_of_the_model():
    path = Path(tonnage.__file__).parent / "schemas" / "config.schema.json"
    assert json.loads(path.read_text()) == json_schema(), f"write it anew: tonnage config schema > {path}"


@pytest.mark.parametrize(
    ("values", "is_valid"),
    [
        ({"vus": 1, "duration": "1m", "stages": ["1s:1"], "limits": {"started": 0.5}}, True),
        ({"thresholds": {"checks": ["rate>0.5", {"threshold": "rate>0.5", "abort_on_fail": True}]}}, True),
        ({"scenarios": {"a": {"executor": "ramping-vus", "stages": []}}}, True),
        ({"vsu": 1}, False),
        ({"vus": "1"}, False),
        ({"limits": {"strated": 1}}, False),
        ({"scenarios": {"a": {}}}, False),
    ],
)
def test_the_schema_says_what_the_model_says(values, is_valid):
    validator = jsonschema.Draft202012Validator(json_schema())
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert validator.is_valid(values) == is_valid
    assert set(json_schema()["properties"]) == set(KNOWN)


WORDS = st.sampled_from(
    ["5", "1m", "50/s", "30s:10", "http://a.example", "p(95)<5", "checks", "constant-vus", "drop", "", "\x00", "é{"]
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | WORDS | st.text(max_size=5)
KEYS = st.sampled_from(
    ["executor", "vus", "duration", "stages", "target", "preAllocatedVUs", "checks", "threshold", "started"]
) | st.text(max_size=5)
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(KNOWN) | KEYS, DATA, max_size=6), st.booleans())
def test_whatever_is_written_is_a_plan_or_a_mistake(values, is_textual):
    merged = combine([defaults(), Layer("fuzz", values, tier="flags", textual=is_textual)])
    with suppress(PlanError, Refused):
        plan = compose(merged, None, request_of("http://a.example", merged))
        assert not merged.mistakes
        assert Plan.from_dict(plan.to_dict()) == plan
        assert as_text(explain(plan, merged))
