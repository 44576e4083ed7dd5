"""Wrong configuration, objectives without samples and results without numbers, by the numbers of the reliability bar (C, D)."""

import json

import jsonschema
import pytest
from tests import sut
from tests.e2e.command import PATIENT, SCHEMA


def test_case_33_all_mistakes_are_told_at_once_with_place_and_suggestion(tonnage):
    (tonnage.folder / "tonnage.toml").write_text(
        'vuss = 3\nduration = "5 minuets"\nrate = -1\n\n[limits]\nstarted = nan\nhung_vus = 1e308\n', encoding="utf-8"
    )
    with sut.Server(sut.base.polite) as server:
        done = tonnage("run", server.url, "--timeout", "5", "--seed", "x")
        assert server.accepted == 0
    assert (done.code, done.out) == (104, "")
    lines = done.err.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    for place in ("tonnage.toml:1", "tonnage.toml:2", "tonnage.toml:3", "tonnage.toml:6", "tonnage.toml:7"):
        assert any(place in line for line in lines), (place, lines)
    assert any("--timeout" in line for line in lines)
    assert any("--seed" in line for line in lines)
    assert any("did you mean" in line.lower() and "vus" in line for line in lines)


def test_case_33_a_value_of_wrong_type_unit_or_size_is_refused(tonnage):
    wrong = ["vus = 0", "vus = 1.5", 'vus = "many"', 'duration = "0s"', 'duration = "1e308s"', "rate = inf"]
    files = [tonnage.script(text + "\n", f"{number}.toml") for number, text in enumerate(wrong)]
    for name, done in zip(
        files, tonnage.together(*(("run", "http://127.0.0.1:9/", "-c", name) for name in files)), strict=True
    ):
        assert done.code == 104
        assert f"{name}:1" in done.err


def test_case_34_an_objective_without_samples_is_no_data_and_the_run_is_invalid(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--threshold", "http_req_duration{status:418}=p(95)<1s")
    assert done.code == 111
    assert done.document["thresholds"]["http_req_duration{status:418}"]["p(95)<1s"] == {
        "ok": None, "value": None, "margin": None,
    }  # fmt: skip
    assert "no samples" in done.reasons


def test_case_35_a_broken_objective_is_told_at_once(tonnage):
    broken = ["p(95)<", "p(101)<1s", "p(95)=~.*", "avg<1 lightyear", "((((((", "p(95)<" + "9" * 5000, "x" * 100_000]
    calls = [("run", "http://127.0.0.1:9/", "-i", "1", "--threshold", f"http_req_duration={text}") for text in broken]
    for done in tonnage.together(*calls):
        assert done.code == 104
        assert done.err.startswith("error: --threshold")
        assert len(done.err) < 2000


def test_case_35_an_unknown_metric_is_told_with_the_nearest(tonnage):
    done = tonnage("run", "http://127.0.0.1:9/", "-i", "1", "--threshold", "http_req_durations=p(95)<1s")
    assert done.code == 104
    assert "http_req_duration" in done.err


def no_strange_numbers(done):
    for text in (done.out, done.err):
        for word in ("NaN", "nan", "Infinity", " inf", "ZeroDivision", "Traceback"):
            assert word not in text


def test_case_45_a_run_without_requests_has_sensible_text(tonnage):
    script = tonnage.script("from tonnage import scenario\n@scenario(vus=1, iterations=1)\ndef work(vu):\n    pass\n")
    for more in ((), ("--no-thresholds",), ("--json",)):
        done = tonnage("run", script, *PATIENT, "--store", ":memory:", *more)
        no_strange_numbers(done)
        assert done.code == (0 if "--no-thresholds" in more else 111)
        if "--json" in more:
            jsonschema.validate(done.document, SCHEMA)


def test_case_45_a_run_that_ended_before_its_start_has_sensible_text(tonnage):
    script = tonnage.script(
        "from tonnage import scenario, setup\n"
        "@setup\n"
        "def prepare():\n"
        "    raise ValueError\n"
        "@scenario(vus=1, iterations=1)\n"
        "def work(vu):\n"
        "    pass\n"
    )
    for more in ((), ("--json",)):
        done = tonnage("run", script, "--store", ":memory:", *more)
        assert done.code == 107
        for word in ("NaN", "nan", "Infinity", " inf", "ZeroDivision"):
            assert word not in done.out + done.err
        if more:
            jsonschema.validate(done.document, SCHEMA)
            assert done.document["delivered"]["duration"] == 0


@pytest.mark.parametrize("path", ["/", "/status/500", "/drop"])
def test_case_45_one_request_all_failed_or_all_alike_have_sensible_text(tonnage, demo, path):
    ways = (("-i", "1"), ("-i", "1", "--json"), ("-u", "2", "-i", "6"))
    calls = [("run", demo.url + path, *PATIENT, *way, "--store", ":memory:") for way in ways]
    for arguments, done in zip(ways, tonnage.together(*calls), strict=True):
        no_strange_numbers(done)
        assert done.code == (0 if path == "/" else 99)
        if "--json" in arguments:
            jsonschema.validate(json.loads(done.out), SCHEMA)
