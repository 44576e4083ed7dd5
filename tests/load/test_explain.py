"""What `--explain` says, and what it hides."""

import pytest

from tonnage.load.compose import compose, request_of
from tonnage.load.declaration import ScenarioDeclaration, ScriptDeclaration
from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from tonnage.load.explain import HIDDEN, as_text, describe, explain, hidden, redacted, safe_url
from tonnage.load.options import Layer, combine, defaults, from_script
from tonnage.load.plan import ScriptSource


def explained(flags=None, declaration=None, url="http://127.0.0.1:8080/", project=None):
    layers = [
        defaults(),
        Layer("tonnage.toml", project or {}, tier="project file"),
        Layer("flags", flags or {}, tier="flags"),
    ]
    if declaration:
        layers.append(from_script(declaration))
    merged = combine(layers)
    plan = compose(merged, declaration, None if declaration else request_of(url, merged))
    return {section.title: section.rows for section in explain(plan, merged)}


def script(*scenarios):
    return ScriptDeclaration(ScriptSource("s.py", "", ""), scenarios)


def test_a_ramp_of_arrivals_has_a_row_at_each_border():
    found = explained({"rate": 0, "stages": ["10s:20", "5s:20", "0s:5", "4s:5"]})
    assert found["shape"] == (
        ("default", "0s", "0/s", "0"),
        ("default", "10s", "20/s", "100"),
        ("default", "15s", "20/s", "200"),
        ("default", "15s", "5/s", "200"),
        ("default", "19s", "5/s", "220"),
    )
    totals = dict(found["totals"])
    assert totals["planned arrivals"] == "220"
    assert totals["highest arrival rate"] == "20/s"
    assert totals["regular duration"] == "19s"
    assert totals["with graceful stop, at most"] == "49s"
    assert totals["hosts"] == "127.0.0.1:8080"


def test_a_constant_rate_ends_with_all_its_arrivals():
    assert explained({"rate": 0.5, "duration": "3s"})["shape"][-1] == ("default", "3s", "0.5/s", "2")


def test_closed_load_has_vus_and_no_arrivals():
    found = explained({"vus": 5, "duration": "10s"})
    assert found["shape"] == (("default", "0s", "5 VUs", ""), ("default", "10s", "5 VUs", ""))
    assert "closed load" in dict(found["totals"])["planned arrivals"]


def test_a_long_shape_is_cut():
    shape = explained({"stages": [f"1s:{i % 7}" for i in range(1, 100)]})["shape"]
    assert shape[-1] == ("default", "…", "60 more", "")


def test_each_scenario_says_who_decided_its_load():
    declared = script(ScenarioDeclaration("a", "f", ConstantVus(1, 60), start_time=5), ScenarioDeclaration("b", "g"))
    rows = explained(None, declared, project={"vus": 2})["load"]
    assert rows == (
        ("a", "f", "1 VU for 1m, from 5s", "s.py"),
        ("b", "g", "2 iterations shared by 2 VUs, at most 10m", "tonnage.toml"),
    )
    found = explained({"iterations": 4}, declared)
    assert {row[-1] for row in found["load"]} == {"flags"}
    assert found["notes"] == (("each of the 2 scenarios takes the load of the command line: the totals add up",),)


def test_a_scenario_table_and_the_default_are_named_too():
    table = {"x": {"executor": "constant-vus", "duration": "1s"}}
    assert explained(project={"scenarios": table})["load"][0][-1] == "tonnage.toml"
    assert explained()["load"][0][-1] == "default"


def test_notes_tell_what_has_no_effect():
    table = {"x": {"executor": "constant-vus", "duration": "1s"}}
    assert explained(project={"scenarios": table, "vus": 3})["notes"] == (("`vus` has no effect beside `scenarios`",),)
    notes = explained({"duration": "1s", "max_rate": 5, "insecure": True}, project={"iterations": 5})["notes"]
    assert [note[:30] for (note,) in notes] == [
        "`iterations` of tonnage.toml i",
        "max_rate judges arrival rates ",
        "TLS certificates are not verif",
    ]


def test_settings_say_where_they_come_from():
    rows = explained({"timeout": "90s", "tags": {"a": "b"}}, project={"limits": {"started": 0.5}})["settings"]
    assert ("timeout", "1m30s", "flags") in rows
    assert ("tags.a", "b", "flags") in rows
    assert ("limits.started", "0.5", "tonnage.toml") in rows
    assert ("limits.loop_lag", "100ms", "default") in rows


def test_thresholds_say_where_they_come_from():
    table = {"checks": {"threshold": "rate>0.5", "abort_on_fail": True, "delay_abort_eval": "5s"}}
    found = explained(project={"thresholds": table})
    assert found["thresholds"] == (("checks", "rate>0.5", "tonnage.toml"), ("http_req_failed", "rate<0.01", "implicit"))
    assert ("thresholds.checks", "rate>0.5 (aborts after 5s)", "tonnage.toml") in found["settings"]


@pytest.mark.parametrize(
    ("executor", "text"),
    [
        (ConstantVus(1, 60), "1 VU for 1m"),
        (RampingVus(1, (Stage(5, 10),) * 9), "1 VUs → " + ", ".join(["10 in 5s"] * 8) + " and 1 more stages"),
        (SharedIterations(2, 1000), "1 000 iterations shared by 2 VUs, at most 10m"),
        (PerVuIterations(2, 3), "3 iterations by each of 2 VUs, at most 10m"),
        (ConstantArrivalRate(7, 60, 5, 1, 2), "7/1m for 5s, at most 2 VUs"),
        (RampingArrivalRate(0, 1, (Stage(5, 10),), 1, 1), "0/s → 10/s in 5s, at most 1 VU"),
    ],
)
def test_an_executor_in_one_line(executor, text):
    assert describe(executor) == text


def test_the_text_is_aligned_and_does_not_speak_to_the_terminal():
    layers = [defaults(), Layer("flags", {"env": {"A": "\x1b[31mred"}, "vus": 1}, tier="flags")]
    merged = combine(layers)
    text = as_text(explain(compose(merged, None, request_of("http://a.example", merged)), merged))
    assert "\x1b" not in text
    assert "  scenario  function  executor" in text


SECRETS = [
    "Authorization",
    "Cookie",
    "X-Api-Key",
    "API_KEY",
    "TOKEN",
    "db_password",
    "SECRET",
    "session_id",
    "key",
    "X-Auth",
]


@pytest.mark.parametrize("name", SECRETS)
def test_case_40_names_of_secrets_are_known(name):
    assert hidden(name, "s3cret") == HIDDEN


@pytest.mark.parametrize("name", ["Accept", "X-Tenant", "MONKEY", "author", "USER", "keyboard"])
def test_other_names_hide_nothing(name):
    assert hidden(name, "plain") == "plain"


def test_case_40_secrets_are_in_no_output():
    flags = {
        "headers": {"Authorization": "Bearer s3cret"},
        "env": {"TOKEN": "s3cret"},
        "base_url": "https://u:s3cret@a.example/?a=1&api_key=s3cret",
        "data": "password=s3cret",
        "scenarios": {"x": {"executor": "per-vu-iterations", "env": {"DB_PASSWORD": "s3cret"}}},
    }
    merged = combine([defaults(), Layer("flags", flags, tier="flags")])
    plan = compose(merged, None, request_of("http://s3cret@a.example/?token=s3cret", merged))
    assert "s3cret" in str(plan.to_dict())
    assert "s3cret" not in str(redacted(plan.to_dict()))
    assert "s3cret" not in as_text(explain(plan, merged))


def test_a_url_without_secrets_stays_as_it_is():
    assert safe_url("http://a.example/x?q=a%20b&q=c#f") == "http://a.example/x?q=a%20b&q=c#f"
    assert safe_url("http://u:p@[::1]:80/?token=1&q=2") == f"http://{HIDDEN}@[::1]:80/?token={HIDDEN}&q=2"
