"""From options, scripts and requests to Plans; and what is refused before anything is sent."""

import pytest

from tonnage.errors import PlanError, Refused
from tonnage.load.compose import IMPLICIT, compose, request_of
from tonnage.load.declaration import ScenarioDeclaration, ScriptDeclaration
from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    SharedIterations,
    Stage,
)
from tonnage.load.guard import host_of, hosts_of, is_metadata
from tonnage.load.options import Layer, Merged, combine, defaults, from_environment, from_script, merge
from tonnage.load.plan import CustomMetric, Http, Limits, Plan, RequestSource, ScriptSource, Threshold
from tonnage.load.requirements import max_vus, peak_rate, total_duration

SOURCE = ScriptSource("s.py", "0" * 64, "")
OWN = ConstantVus(3, 60)


def script(*scenarios, **more):
    return ScriptDeclaration(SOURCE, scenarios or (ScenarioDeclaration("browse", "browse", line=5),), **more)


def plan(declaration=None, request=None, **tiers):
    layers = [defaults()]
    if declaration is not None:
        layers.append(from_script(declaration))
    layers += [Layer(tier, values, tier=tier.replace("_", " ")) for tier, values in tiers.items()]
    if declaration is None and request is None:
        request = "http://127.0.0.1:8080/"
    merged = combine(layers)
    return compose(merged, declaration, request_of(request, merged) if request else None)


def told(*arguments, **more):
    with pytest.raises(PlanError) as error:
        plan(*arguments, **more)
    return [str(mistake) for mistake in error.value.mistakes]


def executors(a_plan):
    return {scenario.name: scenario.executor for scenario in a_plan.scenarios}


# ---- which load ----


def test_nothing_said_is_once_by_one_vu():
    assert executors(plan()) == {"default": PerVuIterations(1, 1)}
    assert executors(plan(script())) == {"browse": PerVuIterations(1, 1)}


def test_a_scenario_keeps_what_it_declares_against_files():
    declared = script(ScenarioDeclaration("a", "a", OWN), ScenarioDeclaration("b", "b"))
    found = executors(plan(declared, project_file={"vus": 5, "duration": "10s"}))
    assert found == {"a": OWN, "b": ConstantVus(5, 10)}


@pytest.mark.parametrize("tier", ["environment", "flags"])
def test_a_shape_above_the_script_goes_to_each_scenario(tier):
    declared = script(ScenarioDeclaration("a", "a", OWN, start_time=5), ScenarioDeclaration("b", "b"))
    found = plan(declared, **{tier: {"iterations": 7, "vus": 2}})
    assert executors(found) == {"a": SharedIterations(2, 7), "b": SharedIterations(2, 7)}
    assert found.scenarios[0].start_time == 5


def test_a_flag_erases_the_shape_of_a_file_as_in_k6():
    found = plan(project_file={"rate": 50, "duration": "1m", "vus": 4}, flags={"duration": "10s"})
    assert executors(found) == {"default": ConstantVus(4, 10)}


def test_scenarios_of_the_options_replace_those_of_the_script():
    table = {
        "x": {"executor": "constant-vus", "duration": "1s", "exec": "a", "env": {"A": "1"}, "late": "drop"},
        "b": {"executor": "constant-vus", "duration": "2s", "startTime": "1s"},
    }
    declared = script(ScenarioDeclaration("a", "a"), ScenarioDeclaration("b", "b"), options={"scenarios": table})
    x, b = plan(declared).scenarios
    assert (x.name, x.exec, x.env, x.late, x.graceful_stop) == ("x", "a", {"A": "1"}, "drop", 30)
    assert (b.name, b.exec, b.start_time) == ("b", "b", 1)


def test_scenarios_of_a_file_stand_below_executors_of_the_script():
    table = {"a": {"executor": "constant-vus", "duration": "1s"}}
    declared = script(ScenarioDeclaration("a", "a", OWN))
    assert executors(plan(declared, project_file={"scenarios": table})) == {"a": OWN}
    bare = script(ScenarioDeclaration("a", "a"))
    assert executors(plan(bare, project_file={"scenarios": table})) == {"a": ConstantVus(1, 1)}


def test_a_scenario_of_the_options_needs_a_function():
    table = {"x": {"executor": "constant-vus", "duration": "1s"}}
    (mistake,) = told(script(), project_file={"scenarios": table})
    assert mistake.endswith("the script has no scenario function `default`: give `exec`, one of browse")


def test_graceful_stop_and_late_follow_the_layers():
    declared = script(ScenarioDeclaration("a", "a", graceful_stop=1.0, late="drop"), ScenarioDeclaration("b", "b"))
    a, b = plan(declared, project_file={"graceful_stop": "5s", "late": "queue"}).scenarios
    assert ((a.graceful_stop, a.late), (b.graceful_stop, b.late)) == ((1.0, "drop"), (5.0, "queue"))
    a, b = plan(declared, flags={"graceful_stop": "0s", "late": "queue"}).scenarios
    assert {(one.graceful_stop, one.late) for one in (a, b)} == {(0.0, "queue")}
    (default,) = plan().scenarios
    assert (default.graceful_stop, default.late) == (30.0, "queue")


# ---- everything else ----


def test_options_find_their_place_in_the_plan():
    found = plan(
        flags={
            "base_url": "http://a.example", "timeout": "5s", "max_redirects": 0, "insecure": True, "ca_file": "ca.pem",
            "user_agent": "me", "headers": {"X": ["1", "2"]}, "targets": ["127.0.0.1", "http://A.example:80/x"],
            "discard_bodies": True, "no_connection_reuse": True, "http_debug": "full", "limits": {"started": 0.5},
            "env": {"A": "1"}, "tags": {"t": "u"}, "seed": 7, "setup_timeout": "1s", "teardown_timeout": 2,
            "no_setup": True, "no_teardown": True, "series_limit": 9, "summary_trend_stats": ["avg"], "data": "x",
        }
    )  # fmt: skip
    headers, targets = (("X", "1"), ("X", "2")), ("127.0.0.1", "a.example:80")
    assert found.http == Http("http://a.example", 5, 0, True, "ca.pem", "me", headers, targets, True, True, "full")
    assert found.limits == Limits(started=0.5)
    assert (found.env, found.tags, found.seed) == ({"A": "1"}, {"t": "u"}, 7)
    assert (found.setup_timeout, found.teardown_timeout, found.no_setup, found.no_teardown) == (1, 2, True, True)
    assert (found.series_limit, found.summary_trend_stats) == (9, ("avg",))
    assert found.request == RequestSource("POST", "http://127.0.0.1:8080/", (), "x")
    assert Plan.from_dict(found.to_dict()) == found


def test_the_defaults_of_options_are_those_of_the_plan():
    found = plan(request="http://a.example")
    assert (found.http, found.limits) == (Http(), Limits())
    assert found == Plan(found.scenarios, request=found.request, thresholds=(IMPLICIT,))


def test_the_method_of_a_request():
    assert plan(flags={"method": "put"}).request.method == "PUT"
    assert plan().request.method == "GET"


# ---- thresholds ----


def test_without_an_own_threshold_on_failures_there_is_an_implicit_one():
    assert plan(flags={"thresholds": {"checks": "rate>0.9"}}).thresholds == (Threshold("checks", "rate>0.9"), IMPLICIT)
    own = {"http_req_failed{name:a}": ["rate<0.5"]}
    assert plan(flags={"thresholds": own}).thresholds == (Threshold("http_req_failed", "rate<0.5", {"name": "a"}),)
    assert plan(flags={"no_thresholds": True, "thresholds": own}).thresholds == ()


def test_thresholds_may_speak_of_the_metrics_of_the_script():
    metric = CustomMetric("items_seen", "trend")
    table = {"items_seen": {"threshold": "p(95)<5", "abortOnFail": True, "delayAbortEval": "3s"}}
    found = plan(script(metrics=(metric,), thresholds=table))
    assert found.thresholds[0] == Threshold("items_seen", "p(95)<5", {}, True, 3.0)
    assert found.metrics == (metric,)


def test_case_35_thresholds_that_cannot_be_judged_are_all_refused_with_their_place():
    source = 'thresholds = {\n  "http_req_duratoin": ["p(95)<1"],\n  "checks": ["rate>0.5", "p(95)<1", "x"],\n}\n'
    names = {}
    exec(source, names)
    declared = ScriptDeclaration(
        ScriptSource("s.py", "", source), (ScenarioDeclaration("a", "a"),), names["thresholds"]
    )
    flags = {"thresholds": {"data_sent": "count<1s", "http_reqs": "avg>1", "http_req_failed": "rate<1%"}}
    near = "http_req_duration or http_req_error_duration or http_req_waiting"
    assert sorted(told(declared, flags=flags)) == [
        "flags: thresholds.data_sent: 'count<1s': a count is no time: write a number without a unit",
        "flags: thresholds.http_reqs: 'avg>1': a counter has no avg: use count, rate",
        f"s.py:2: thresholds.http_req_duratoin: there is no such metric: did you mean {near}?",
        "s.py:3: thresholds.checks[2]: 'x': there is no comparison: write it like x<500",
    ]


def test_a_metric_has_one_kind():
    metrics = (CustomMetric("aa", "trend"), CustomMetric("aa", "rate"), CustomMetric("vus", "rate"))
    assert [mistake.partition(":")[0] for mistake in told(script(metrics=metrics))] == ["metrics.aa", "metrics.vus"]


# ---- mistakes ----


def test_case_33_mistakes_of_executors_name_the_scenario_and_its_line():
    declared = script(
        ScenarioDeclaration("a", "a", ConstantVus(0, 0.5), line=3),
        ScenarioDeclaration("b c", "b", SharedIterations(10, 5), late="quue", line=9),
        ScenarioDeclaration("a", "c", OWN, line=15),
    )
    assert told(declared) == [
        "s.py:3: a.vus: 0 lies outside 1 to 100000000",
        "s.py:3: a.duration: 0.5 s is too short: it must be at least 1 s",
        "s.py:9: name: 'b c' is no scenario name: use letters, digits, _ and - only",
        "s.py:9: b c.late: 'quue' is none of queue, drop",
        "s.py:9: b c.iterations: 5 iterations cannot be shared by 10 VUs: use at most 5 VUs",
        "s.py:15: a: line 3 has a scenario of this name: choose another",
    ]


def test_case_33_mistakes_of_a_shape_name_the_place_of_the_option():
    assert told(flags={"vus": 10, "iterations": 5}) == [
        "flags: iterations: 5 iterations cannot be shared by 10 VUs: use at most 5 VUs"
    ]
    assert told(environment={"duration": "10ms"}) == [
        "environment: duration: 0.01 s is too short: it must be at least 1 s"
    ]


def test_case_33_mistakes_of_options_thresholds_and_scenarios_come_together():
    declared = script(ScenarioDeclaration("a", "a", ConstantVus(0, 5)), thresholds={"nope": "rate>1"})
    found = told(declared, flags={"vus": "x", "timeuot": 1})
    assert len(found) == 4
    assert any("no such metric" in mistake for mistake in found)


def test_a_run_has_a_script_or_a_request():
    with pytest.raises(ValueError, match="not both"):
        compose(merge([]), script(), RequestSource("GET", "http://a"))


# ---- guards ----


@pytest.mark.parametrize(
    ("url", "targets", "is_allowed"),
    [
        ("http://a.example/", [], True),
        ("http://a.example/", ["a.example"], True),
        ("http://a.example/", ["b.example", "A.EXAMPLE"], True),
        ("http://a.example:81/", ["a.example:80"], False),
        ("https://a.example/", ["a.example:443"], True),
        ("http://b.example/", ["a.example"], False),
        ("http://a.example.evil.example/", ["a.example"], False),
        ("http://a.example@evil.example/", ["a.example"], False),
        ("http://[::1]:80/", ["[::1]:80"], True),
        ("http://[::1]/", ["http://[::1]"], True),
    ],
)
def test_only_targets_may_be_loaded(url, targets, is_allowed):
    for options in ({"request": url}, {"flags": {"base_url": url}, "declaration": script()}):
        options.setdefault("flags", {})["targets"] = targets
        if not targets:
            del options["flags"]["targets"]
        if is_allowed:
            plan(**options)
        else:
            with pytest.raises(Refused, match="not among the targets"):
                plan(**options)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "169.254.0.1", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]",
        "2852039166", "0xa9fea9fe", "0251.254.0xa9fe", "169.16689662", "１６９.254.169.254",
        "metadata.google.internal", "Metadata.Google.Internal.",
    ],
)  # fmt: skip
def test_metadata_addresses_are_always_refused(host):
    with pytest.raises(Refused, match="never loaded"):
        plan(request=f"http://{host}/", flags={"targets": [host.rstrip(".")]})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "a.example", "169.253.1.1", "fec0::1", "127.1", "09.1", "1.2.3.4.5", "99999999999", ""]
)
def test_other_addresses_are_not_metadata(host):
    assert not is_metadata(host)


def test_a_plan_beyond_its_budget_is_refused_before_the_start():
    rate = {"rate": 100, "duration": "1m"}
    assert plan(flags={**rate, "max_rate": 100, "max_duration": "1m"})
    with pytest.raises(Refused, match="the plan reaches 100 arrivals/s, max_rate is 99/s"):
        plan(flags={**rate, "max_rate": 99})
    with pytest.raises(Refused, match="the plan may last 1m, max_duration is 59s"):
        plan(flags={**rate, "max_duration": 59})
    with pytest.raises(Refused, match="the plan may last 10m"):
        plan(flags={"iterations": 1}, project_file={"max_duration": "1m"})


def test_everything_that_refuses_is_told_at_once():
    with pytest.raises(Refused) as error:
        plan(
            request="http://b.example",
            flags={"targets": ["a"], "rate": 9, "max_rate": 1, "duration": "1m", "max_duration": "1s"},
        )
    assert len(str(error.value).splitlines()) == 3


def test_mistakes_come_before_refusals():
    assert told(request="http://169.254.169.254", flags={"vus": 0})


# ---- requirements ----


def test_rates_add_up_over_time():
    ramp = RampingArrivalRate(0, 1, (Stage(10, 100), Stage(10, 0)), 1, 10)
    flat = ConstantArrivalRate(60, 60, 10, 1, 5)
    declared = script(
        ScenarioDeclaration("r", "r", ramp),
        ScenarioDeclaration("f", "f", flat, start_time=5, graceful_stop=0.0),
        ScenarioDeclaration("g", "g", flat, start_time=100, graceful_stop=0.0),
        ScenarioDeclaration("c", "c", ConstantVus(50, 5), start_time=100, graceful_stop=1.0),
    )
    found = plan(declared)
    assert peak_rate(found.scenarios) == pytest.approx(101)
    assert max_vus(found) == 55
    assert total_duration(found) == 110
    assert peak_rate(()) == 0


def test_scenarios_that_do_not_overlap_share_vus():
    one = ScenarioDeclaration("a", "a", ConstantVus(5, 10), graceful_stop=0.0)
    two = ScenarioDeclaration("b", "b", ConstantVus(5, 10), start_time=10, graceful_stop=0.0)
    assert max_vus(plan(script(one, two))) == 5


def test_the_totals_of_k6_inspect():
    table = {
        "a": {"executor": "per-vu-iterations", "tags": {"team": "x"}, "vus": 2, "iterations": 3},
        "b": {"executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 2},
    }
    found = plan(flags={"scenarios": table})
    assert (total_duration(found), max_vus(found)) == (630, 4)  # "10m30s" and 4 in k6/inspect.json


def test_a_ramp_of_very_many_vus_is_not_walked():
    stages = ["1s:100000000", "1s:0"] * 100
    assert max_vus(plan(flags={"stages": stages})) == 100_000_000


def test_options_that_were_never_merged_are_refused_too():
    by_hand = Merged({"iterations": 5, "stages": (Stage(1, 1),)}, {"iterations": "here", "stages": "there"})
    with pytest.raises(PlanError, match="here: iterations: using `iterations` and `stages`"):
        compose(by_hand, None, RequestSource("GET", "http://a.example"))


def test_hosts_are_those_that_the_plan_names():
    found = plan(request="http://A.example/x", flags={"base_url": "https://b.example:8443"})
    assert hosts_of(found) == ("a.example:80", "b.example:8443")
    assert host_of("https://[::1]/") == ("::1", 443)


def test_the_environment_stands_above_the_script():
    merged = combine([defaults(), from_environment({"TONNAGE_RATE": "5", "TONNAGE_DURATION": "2s"})])
    found = compose(merged, script(ScenarioDeclaration("a", "a", OWN)), None)
    assert executors(found) == {"a": ConstantArrivalRate(5, 1, 2, 10, 100)}
