"""Options: how they are read, merged and refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import PlanError
from tonnage.load.declaration import ScriptDeclaration
from tonnage.load.executor import ConstantArrivalRate, RampingVus, Stage
from tonnage.load.options import (
    SHAPE,
    Layer,
    ThresholdOption,
    combine,
    defaults,
    from_environment,
    from_script,
    merge,
    read_toml,
)
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


def test_values_of_tables_are_written_out():
    table = merge([toml("env = {A = 1, B = true, C = 1.5, D = 'x'}")]).values["env"]
    assert table == {"A": "1", "B": "true", "C": "1.5", "D": "x"}


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


def test_case_33_a_refused_duration_does_not_look_missing():
    (mistake,) = told(toml('rate = 5\nduration = "x"'))
    assert "cannot be read" in mistake


def test_case_35_a_threshold_is_bounded_and_read_in_linear_time():
    begin = time.perf_counter()
    (mistake,) = told(toml(f'thresholds = {{checks = "{"(" * 500_000}rate<1"}}'))
    assert "at most 256 characters" in mistake
    assert len(mistake) < 300
    (mistake,) = told(toml(f'thresholds = {{"a{"{" * 500_000}" = "rate<1"}}'))
    assert "at most 4096 characters" in mistake
    assert time.perf_counter() - begin < 2


def test_case_40_a_mistake_does_not_repeat_what_may_be_secret():
    text = 'headers = {Authorization = "Bearer s3cret\\n"}\nenv = {TOKEN = ["s3cret"]}\nbase_url = "https:/u:s3cret@h"'
    assert len(told(toml(text))) == 3
    assert not any("s3cret" in mistake for mistake in told(toml(text)))


def test_a_ramp_is_a_ramp():
    values = merge([toml('[scenarios.r]\nexecutor = "ramping-vus"\nstartVUs = 0\nstages = ["1s:1"]')]).values
    assert values["scenarios"]["r"].executor == RampingVus(0, (Stage(1, 1),), 30.0)
