"""Options: how they are read, merged and refused."""

import json
import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tonnage
from tonnage.errors import PlanError
from tonnage.load.declaration import ScriptDeclaration
from tonnage.load.executor import ConstantArrivalRate, RampingVus, Stage
from tonnage.load.options import (
    KNOWN,
    SHAPE,
    Layer,
    ThresholdOption,
    combine,
    defaults,
    from_environment,
    from_script,
    json_schema,
    merge,
    read_toml,
)
from tonnage.load.options_toml import key_lines
from tonnage.load.plan import ScriptSource

RISING = ("default", "user file", "project file", "script", "environment", "flags")


def layer(tier, values, **more):
    return Layer(tier, values, tier=tier, **more)


def toml(text, source="tonnage.toml", tier="project file"):
    return read_toml(text, source, tier)


def told(*layers):
    return [str(mistake) for mistake in combine(layers).mistakes]


# ---- merging ----


@given(st.dictionaries(st.sampled_from(RISING), st.integers(1, 100), min_size=1))
def test_the_highest_layer_wins(given_vus):
    merged = merge([layer(tier, {"vus": vus}) for tier, vus in given_vus.items()])
    winner = max(given_vus, key=RISING.index)
    assert (merged.values["vus"], merged.sources["vus"], merged.tiers["vus"]) == (given_vus[winner], winner, winner)


@given(
    st.dictionaries(
        st.sampled_from(RISING),
        st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), min_size=1),
        min_size=1,
    ),
    st.sampled_from(["env", "tags", "headers"]),
)
def test_tables_merge_entry_by_entry(given_tables, option):
    merged = merge([layer(tier, {option: table}) for tier, table in given_tables.items()])
    expected, sources = {}, {}
    for tier in RISING:
        for name, value in given_tables.get(tier, {}).items():
            expected[name], sources[f"{option}.{name}"] = value, tier
    if option == "headers":
        expected = {name: (value,) for name, value in expected.items()}
    assert merged.values[option] == expected
    assert {path: source for path, source in merged.sources.items() if "." in path} == sources


def test_limits_and_thresholds_merge_entry_by_entry():
    low = layer("user file", {"limits": {"started": 0.9, "loop_lag": "1s"}, "thresholds": {"checks": "rate>0.9"}})
    high = layer("flags", {"limits": {"started": 0.5}, "thresholds": {"http_reqs": "count>1"}})
    merged = merge([low, high])
    assert merged.values["limits"] == {"started": 0.5, "loop_lag": 1.0}
    assert list(merged.values["thresholds"]) == ["checks", "http_reqs"]


def test_header_names_do_not_differ_by_case():
    merged = merge([layer("user file", {"headers": {"X-A": "1"}}), layer("script", {"headers": {"x-a": "2"}})])
    assert merged.values["headers"] == {"x-a": ("2",)}


SHAPES = {"duration": "1m", "iterations": 3, "stages": ["1s:1"], "scenarios": {"a": {"executor": "per-vu-iterations"}}}


@pytest.mark.parametrize("low", SHAPES)
@pytest.mark.parametrize("high", SHAPES)
def test_a_shape_in_a_higher_layer_erases_the_others_as_in_k6(low, high):
    merged = merge([layer("script", {low: SHAPES[low], "tags": {"a": "b"}}), layer("flags", {high: SHAPES[high]})])
    assert set(merged.values) & set(SHAPE) == {high}
    assert merged.values["tags"] == {"a": "b"}
    if low != high:
        assert merged.notes == (f"`{low}` of script is erased by `{high}` of flags",)


def test_vus_keep_the_shape_and_erase_scenarios_only():
    merged = merge([layer("script", {"duration": "1m", "vus": 1}), layer("flags", {"vus": 5})])
    assert (merged.values["duration"], merged.values["vus"]) == (60, 5)
    merged = merge([layer("script", {"scenarios": SHAPES["scenarios"]}), layer("flags", {"vus": 5})])
    assert "scenarios" not in merged.values


def test_max_vus_go_with_their_rate():
    low = layer("project file", {"rate": 5, "duration": "1m", "max_vus": 7})
    assert "max_vus" not in merge([low, layer("flags", {"iterations": 5})]).values
    assert merge([low, layer("flags", {"max_vus": 9})]).values["max_vus"] == 9


@pytest.mark.parametrize(
    ("one", "other"),
    [("iterations", "stages"), ("duration", "stages"), ("iterations", "scenarios"), ("duration", "scenarios")],
)
def test_options_of_one_layer_that_exclude_each_other_are_refused_in_the_words_of_k6(one, other):
    with pytest.raises(PlanError, match=f"using `{one}` and `{other}` options simultaneously is not allowed"):
        merge([layer("script", {one: SHAPES[one], other: SHAPES[other]})])


def test_the_defaults_are_those_of_the_plan():
    merged = merge([defaults()])
    assert merged.values["timeout"] == 30.0
    assert merged.values["late"] == "queue"
    assert merged.values["limits"]["arrival_lag"] == 0.010
    assert not set(merged.values) & set(SHAPE)


# ---- reading ----


def test_k6_spelling_is_read():
    text = """
maxRedirects = 3
insecureSkipTLSVerify = true
[scenarios.a]
executor = "constant-arrival-rate"
rate = 5
timeUnit = "1m"
duration = "2s"
preAllocatedVUs = 2
maxVUs = 4
gracefulStop = "0s"
"""
    values = merge([toml(text)]).values
    assert (values["max_redirects"], values["insecure"]) == (3, True)
    assert values["scenarios"]["a"].executor == ConstantArrivalRate(5.0, 60.0, 2.0, 2, 4)
    assert values["scenarios"]["a"].graceful_stop == 0


def test_stages_may_be_texts_tables_or_pairs():
    for text in (
        'stages = ["30s:10", "1m:0"]',
        'stages = [{duration = "30s", target = 10}, {duration = 60, target = 0}]',
        'stages = [["30s", 10], [60, 0]]',
        '[[stages]]\nduration = "30s"\ntarget = 10\n[[stages]]\nduration = "1m"\ntarget = 0',
    ):
        assert merge([toml(text)]).values["stages"] == (Stage(30, 10), Stage(60, 0))


def test_thresholds_take_all_forms_of_k6():
    text = """
[thresholds]
checks = "rate>0.9"
http_req_duration = ["p(95)<500", {threshold = "avg<100ms", abortOnFail = true, delayAbortEval = "10s"}]
"http_reqs{name:a.b}" = {threshold = "count>1", abort_on_fail = false}
"""
    assert merge([toml(text)]).values["thresholds"] == {
        "checks": (ThresholdOption("rate>0.9"),),
        "http_req_duration": (ThresholdOption("p(95)<500"), ThresholdOption("avg<100ms", True, 10.0)),
        "http_reqs{name:a.b}": (ThresholdOption("count>1"),),
    }


def test_pyproject_has_options_under_tool_tonnage():
    text = '[project]\nname = "x"\n[tool.tonnage]\nvus = 3\n[tool.tonnage.limits]\nstarted = 2\n'
    merged = combine([toml(text, "pyproject.toml")])
    assert merged.values["vus"] == 3
    assert merged.sources["vus"] == "pyproject.toml:4"
    assert [str(m) for m in merged.mistakes] == ["pyproject.toml:6: limits.started: 2 lies outside 0 to 1"]
    assert merge([toml("[project]\n", "pyproject.toml")]).values == {}


def test_the_environment_is_text_and_is_read_as_such():
    merged = merge(
        [
            from_environment(
                {
                    "TONNAGE_VUS": "10",
                    "TONNAGE_STAGES": "5s:10,5m:20",
                    "TONNAGE_INSECURE": "true",
                    "TONNAGE_BASE_URL": "http://a.example",
                    "TONNAGE_LIMITS_STARTED": "0.5",
                    "TONNAGE_LIMITS": "duration=0.1,started=0.9",
                    "TONNAGE_ENV_Api_Key": "k=1,2",
                    "TONNAGE_TAGS_TEAM": "x",
                    "TONNAGE_HEADERS_X_TENANT": "t",
                    "TONNAGE_TARGETS": "a.example,b.example:81",
                    "TONNAGE_SUMMARY_TREND_STATS": "avg,p(99)",
                    "TONNAGE_THRESHOLDS": '{"checks": ["rate>0.5"]}',
                    "TONNAGE_STORE": ":memory:",
                    "TONNAGE_MAX_RATE": "",
                    "TONNAGE_SHARED": "x",
                    "TONNAGE_FEATURES": "x",
                    "HOME": "/",
                }
            )
        ]
    )
    assert merged.values == {
        "vus": 10,
        "stages": (Stage(5, 10), Stage(300, 20)),
        "insecure": True,
        "base_url": "http://a.example",
        "limits": {"started": 0.5, "duration": 0.1},
        "env": {"Api_Key": "k=1,2"},
        "tags": {"team": "x"},
        "headers": {"x-tenant": ("t",)},
        "targets": ("a.example", "b.example:81"),
        "summary_trend_stats": ("avg", "p(99)"),
        "thresholds": {"checks": (ThresholdOption("rate>0.5"),)},
        "store": ":memory:",
    }
    assert merged.sources["limits.started"] == "TONNAGE_LIMITS_STARTED"
    assert merged.is_above_script("vus")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("VUS", "1e3", "a whole number is needed"),
        ("INSECURE", "maybe", "true or false is needed"),
        ("LIMITS_STARTED", "much", "'much' is not a number"),
        ("LIMITS", "started", "NAME=VALUE is needed"),
        ("THRESHOLDS", "checks", "JSON is needed"),
        ("THRESHOLDS", "[" * 100_000, "JSON is needed"),
        ("STAGES", "10", "write duration:target"),
        ("DURATION", "10", "no unit"),
    ],
)
def test_case_33_a_text_of_the_environment_that_is_no_value_is_refused(name, value, message):
    (mistake,) = told(from_environment({f"TONNAGE_{name}": value}))
    assert message in mistake
    assert mistake.startswith(f"TONNAGE_{name}: ")


def test_values_of_tables_are_written_out():
    table = merge([toml("env = {A = 1, B = true, C = 1.5, D = 'x'}")]).values["env"]
    assert table == {"A": "1", "B": "true", "C": "1.5", "D": "x"}


def test_an_unknown_variable_is_an_error_with_a_suggestion():
    assert told(from_environment({"TONNAGE_VSU": "1", "TONNAGE_RAET": "1", "TONNAGE_SCENARIOS": "{}"})) == [
        "TONNAGE_RAET: no option has the variable TONNAGE_RAET; did you mean `TONNAGE_RATE`?",
        "TONNAGE_SCENARIOS: `scenarios` cannot be set by a variable: write it in tonnage.toml or in the script",
        "TONNAGE_VSU: no option has the variable TONNAGE_VSU; did you mean `TONNAGE_VUS`?",
    ]


def test_options_of_a_script_have_their_lines():
    source = 'options = {\n  "vus": 0,\n  "stages": [\n    ("1s", -1)],\n}\nthresholds = {\n  "checks": ["p95<1"]}\n'
    names = {}
    exec(source, names)
    script = ScriptDeclaration(ScriptSource("s.py", "", source), (), names["thresholds"], (), names["options"])
    assert told(from_script(script)) == [
        "s.py:2: vus: 0 lies outside 1 to 100000000",
        "s.py:4: stages[0]: -1 lies outside 0 to 1e+08",
        "s.py:7: thresholds.checks[0]: 'p95<1': unknown method 'p95': write p(95)",
    ]


def test_a_script_without_readable_places_is_named_alone():
    script = ScriptDeclaration(ScriptSource("s.js", "", "export default {"), options={"vus": 0})
    assert told(from_script(script)) == ["s.js: vus: 0 lies outside 1 to 100000000"]


# ---- mistakes ----


def test_case_33_every_mistake_of_every_layer_is_told_at_once_with_its_line():
    project = toml(
        """# a project
vus = "ten"
duraton = "1m"
stages = [
  "30s:10",
  "1x:10",
  {duration = "5m", traget = 1},
]
timeout = -1
seed = 1e308
graceful_stop = nan

[limits]
strated = 1
loop_lag = inf

[thresholds]
http_req_duration = ["p(95)<500", "p95<5m"]

[scenarios.a]
executor = "constant-vus"
vsu = 1
"""
    )
    user = toml("max_redirects = 1.5\n[tags]\na = []\n", "/home/u/tonnage.toml", "user file")
    environment = from_environment({"TONNAGE_VSU": "1", "TONNAGE_RATE": "fast"})
    flags = Layer("flags", {"duration": "5"}, {"duration": "--duration"}, "flags", True)
    with pytest.raises(PlanError) as error:
        merge([defaults(), user, project, environment, flags])
    assert sorted(str(mistake) for mistake in error.value.mistakes) == sorted(
        [
            "/home/u/tonnage.toml:1: max_redirects: a whole number is needed, not 1.5",
            "/home/u/tonnage.toml:3: tags.a: a text or a number is needed, not list",
            "tonnage.toml:2: vus: a whole number is needed, not 'ten'",
            "tonnage.toml:3: duraton: unknown key `duraton`; did you mean `duration`?",
            "tonnage.toml:6: stages[1]: duration '1x' has the unknown unit 'x': use ns, us, ms, s, m, h or d",
            "tonnage.toml:7: stages[2]: unknown key `traget`: a stage has duration and target",
            "tonnage.toml:9: timeout: duration '-1' is negative: it starts at 0",
            "tonnage.toml:10: seed: a whole number is needed, not 1e+308",
            "tonnage.toml:11: graceful_stop: duration nan is not finite",
            "tonnage.toml:14: limits.strated: unknown key `strated`; did you mean `started`?",
            "tonnage.toml:15: limits.loop_lag: duration inf is not finite",
            "tonnage.toml:18: thresholds.http_req_duration[1]: 'p95<5m': unknown method 'p95': write p(95)",
            "tonnage.toml:20: scenarios.a.duration: `duration` is needed by constant-vus",
            "tonnage.toml:22: scenarios.a.vsu: constant-vus has no key `vsu`; did you mean `vus`?",
            "TONNAGE_VSU: no option has the variable TONNAGE_VSU; did you mean `TONNAGE_VUS`?",
            "TONNAGE_RATE: rate: rate 'fast' cannot be read: write it like 50/s or 3000/m",
            "--duration: duration: duration '5' has no unit: write 5s or 5ms",
        ]
    )


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


def test_case_33_a_refused_duration_does_not_look_missing():
    (mistake,) = told(toml('rate = 5\nduration = "x"'))
    assert "cannot be read" in mistake


def test_case_33_toml_that_is_none_is_refused_with_its_line():
    assert told(toml("vus = 1\nvus = 2\nrate = 1\n"))[0].startswith("tonnage.toml:2: no TOML: Cannot overwrite a value")
    assert told(toml("vus = 1\nx\n"))[0].startswith("tonnage.toml:2: no TOML")


def test_case_35_a_threshold_is_bounded_and_read_in_linear_time():
    begin = time.perf_counter()
    (mistake,) = told(toml(f'thresholds = {{checks = "{"(" * 500_000}rate<1"}}'))
    assert "at most 256 characters" in mistake
    assert len(mistake) < 300
    (mistake,) = told(toml(f'thresholds = {{"a{"{" * 500_000}" = "rate<1"}}'))
    assert "at most 4096 characters" in mistake
    assert time.perf_counter() - begin < 2


def test_case_37_a_file_that_is_too_large_or_not_text_is_refused():
    assert told(toml(b"#" * 1_000_001)) == [
        "tonnage.toml: the file is larger than 1 MB: options are a few lines; load data in the script instead"
    ]
    assert told(toml(b"vus = 1\nx = '\xff'\n")) == ["tonnage.toml:2: the file is not UTF-8 text: save it as UTF-8"]


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 400_000,
        "a = " + "{b = " * 100_000,
        ".".join("a" * 400_000) + " = 1",
        "vus = " + "9" * 500_000,
        '"' * 900_000,
        "stages = [" + "[],\n" * 200_000 + "]",
        "".join(f"[tags.a{i}]\n" for i in range(50_000)),
    ],
)
def test_case_37_hostile_files_are_refused_quickly(text):
    begin = time.perf_counter()
    assert told(toml(text))
    assert time.perf_counter() - begin < 10


def test_case_37_a_byte_order_mark_is_no_mistake():
    assert merge([toml(b"\xef\xbb\xbfvus = 1\r\n")]).values == {"vus": 1}


def test_case_40_a_mistake_does_not_repeat_what_may_be_secret():
    text = 'headers = {Authorization = "Bearer s3cret\\n"}\nenv = {TOKEN = ["s3cret"]}\nbase_url = "https:/u:s3cret@h"'
    assert len(told(toml(text))) == 3
    assert not any("s3cret" in mistake for mistake in told(toml(text)))


# ---- places ----


def test_every_key_and_element_has_its_line():
    text = '''a = """
x = 1
"""
b = [ # ]
  1,

  {c = 2, d = [
     3]},
]
[e."f.g"]
h.i = '[x]'
[[j]]
k = 1
[[j]]
k = 1
[j.l]
m = 1
'''
    assert list(key_lines(text)) == [
        ("a", 1),
        ("b", 4),
        ("b[0]", 5),
        ("b[1]", 7),
        ("b[1].c", 7),
        ("b[1].d", 7),
        ("b[1].d[0]", 8),
        ("e.f.g", 10),
        ("e.f.g.h.i", 11),
        ("j[0]", 12),
        ("j[0].k", 13),
        ("j[1]", 14),
        ("j[1].k", 15),
        ("j[1].l", 16),
        ("j[1].l.m", 17),
    ]


# ---- schema ----


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


def test_a_ramp_is_a_ramp():
    values = merge([toml('[scenarios.r]\nexecutor = "ramping-vus"\nstartVUs = 0\nstages = ["1s:1"]')]).values
    assert values["scenarios"]["r"].executor == RampingVus(0, (Stage(1, 1),), 30.0)
