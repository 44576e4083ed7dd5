"""`tonnage report` and `tonnage runs` on a store made by hand."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from tonnage.cli.report import report_command
from tonnage.cli.runs import runs_command
from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Plan, Scenario, ScriptSource
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Window
from tonnage.runs.environment import Environment
from tonnage.runs.recorder import Recorder
from tonnage.runs.run import Ending, Event
from tonnage.runs.store import Store
from tonnage.runs.verdict import judge

FIRST, SECOND = "20261124-194312-7f3a", "20261125-080000-0001"


@dataclass
class Screen:
    store_path: Path
    color: bool = False
    ascii: bool = False
    width: int = 80


@pytest.fixture
def screen(tmp_path):
    store = Store(tmp_path)
    for which, ended in ((FIRST, True), (SECOND, False)):
        plan = Plan((Scenario("default", ConstantVus(1, 5.0)),), script=ScriptSource("load/shop.py", "ab" * 32, ""))
        recorder = Recorder(store.create(plan, Environment("0.1.0", cpus=2), "2026-11-24T19:43:12Z", which))
        recorder.event(Event(0.5, "note", "\x1b[31mred\x1b[0m"))
        for second in range(5):
            times = Histogram()
            times.record(20_000_000, 100)
            counters = {Series.of("http_reqs", name="/", method="GET"): 100, Series.of("iterations_started"): 100}
            histograms = {Series.of("http_req_response_time", name="/", method="GET"): times}
            recorder.window((0, 1, second), Window(second, 1, counters, {}, histograms))
        if ended:
            ending = Ending("completed", 5.0, 5.0, vus=1)
            recorder.finish(ending, judge(plan, recorder.total(), ending, recorder.events))
    return Screen(tmp_path)


def run(screen, command, *arguments):
    return CliRunner().invoke(command, arguments, obj=screen)


def test_report_prints_the_summary(screen):
    result = run(screen, report_command, FIRST)
    assert result.exit_code == 0
    assert result.stdout.startswith("PASS  shop.py: the run is complete")
    assert result.stdout.endswith("exit 0\n")
    assert result.stderr == ""


def test_report_takes_the_beginning_of_an_id_and_the_last_run(screen):
    assert run(screen, report_command, "20261124").stdout == run(screen, report_command, FIRST).stdout
    assert run(screen, report_command).stdout == run(screen, report_command, SECOND).stdout
    assert run(screen, report_command).stdout.startswith("INVALID  shop.py: the run did not come to its end")


def test_report_prints_exactly_one_json_document(screen):
    document = json.loads(run(screen, report_command, FIRST, "--json").stdout)
    assert (document["run_id"], document["verdict"]) == (FIRST, "pass")


def test_a_report_is_the_same_each_time(screen):
    for arguments in ([FIRST], [FIRST, "--json"], [SECOND, "--json"]):
        assert run(screen, report_command, *arguments).stdout == run(screen, report_command, *arguments).stdout


@pytest.mark.parametrize("command", [report_command, runs_command])
def test_a_run_that_is_not_there_is_one_sentence_and_104(screen, command):
    arguments = ["2099"] if command is report_command else ["show", "2099"]
    result = run(screen, command, *arguments)
    assert result.exit_code == 104
    assert result.stdout == ""
    assert result.stderr.startswith("tonnage: there is no run '2099' in ")
    assert result.stderr.count("\n") == 1


def test_a_damaged_file_is_one_sentence_and_104(screen):
    (screen.store_path / "20261126.db").write_text("no database, but a text of some length\n" * 40)
    result = run(screen, report_command, "last")
    assert result.exit_code == 104
    assert "20261126.db cannot be read" in result.stderr
    assert result.stderr.count("\n") == 1


def test_another_store_can_be_named(screen, tmp_path):
    result = run(screen, report_command, "--store", str(tmp_path / "other"))
    assert (result.exit_code, result.stdout) == (104, "")
    assert "no run in" in result.stderr


def test_runs_lists_a_line_a_run(screen):
    lines = run(screen, runs_command).stdout.splitlines()
    assert lines[0].split() == ["script", "or", "URL", "run", "verdict", "duration", "requests", "p95"]
    assert lines[1].split() == ["load/shop.py", FIRST, "pass", "5s", "500", "20.0", "ms"]
    assert lines[2].split() == ["load/shop.py", SECOND, "unfinished", "5s", "500", "20.0", "ms"]
    assert max(map(len, lines)) <= 80


def test_runs_names_a_file_that_cannot_be_read(screen):
    (screen.store_path / "20261126.db").write_bytes(b"")
    assert "cannot be read" in run(screen, runs_command).stdout


def test_runs_as_json(screen):
    runs = json.loads(run(screen, runs_command, "--json").stdout)["runs"]
    assert [(record["id"], record["verdict"], record["requests"]) for record in runs] == [
        (FIRST, "pass", 500),
        (SECOND, "invalid", 500),
    ]


def test_runs_of_an_empty_store(tmp_path):
    result = run(Screen(tmp_path), runs_command)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no runs yet" in result.stderr
    assert json.loads(run(Screen(tmp_path), runs_command, "--json").stdout)["runs"] == []


def test_runs_show_says_what_is_needed_to_make_it_again(screen):
    text = run(screen, runs_command, "show", FIRST).stdout
    for part in (FIRST, "load/shop.py, sha256 abab", "constant-vus, 5s", "event       500ms  note: red"):
        assert part in text
    document = json.loads(run(screen, runs_command, "show", FIRST, "--json").stdout)
    assert Plan.from_dict(document["plan"]).scenarios[0].executor == ConstantVus(1, 5.0)
