"""`tonnage rehearse`, from its files to its exit code."""

import io
import json

import pytest
from click.testing import CliRunner
from tests.scaling.inputs import VOICE_SCALING, WEB_HPA

from tonnage.cli.main import tonnage
from tonnage.cli.world import World
from tonnage.runs.store import Store

SERVICE = "service:demand=20ms,servers=4"


@pytest.fixture
def rehearse(tmp_path):
    (tmp_path / "hpa.yaml").write_text(WEB_HPA)
    (tmp_path / "agent.yaml").write_text(VOICE_SCALING)

    def call(*arguments):
        world = World({"TONNAGE_STORE": str(tmp_path / "runs")}, tmp_path, io.StringIO(), io.StringIO())
        return CliRunner().invoke(tonnage, ["rehearse", *arguments], obj=world)

    return call


def test_a_curve_under_an_hpa(rehearse):
    result = rehearse("--policy", "hpa.yaml", "--demand", "10/s, 1h: 300/s", "--model", SERVICE)
    assert result.exit_code == 0, result.output
    assert "\nPASS " in result.output
    assert "replica-hours" in result.output


def test_a_file_of_arrivals_under_a_session_policy_that_drops_callers(rehearse, tmp_path):
    rows = "\n".join(f"{60 * i},{2 if i < 30 else 60}" for i in range(60))
    (tmp_path / "day.csv").write_text(f"time,arrivals\n{rows}\n")
    result = rehearse("--policy", "agent.yaml", "--demand", "day.csv", "--model", "sessions:mean=180s", "--json")
    assert result.exit_code == 99, result.output
    data = json.loads(result.output)
    assert data["scaling"]["callers"]["rejected"] > 0
    assert data["verdict"] == "fail"


def test_a_stored_run_is_demand_again_and_its_report_is_that_of_a_rehearsal(rehearse, tmp_path):
    given = ("--policy", "hpa.yaml", "--model", SERVICE)
    assert rehearse(*given, "--demand", "10/s, 1h: 300/s", "--keep").exit_code == 0
    store = Store(tmp_path / "runs")
    run = store.load("last", 60)
    assert (run.origin, len(run.windows)) == ("rehearsed", 60)
    assert run.plan.rehearsal.model == SERVICE
    again = rehearse(*given, "--demand", run.id, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.output)["metrics"]["arrivals_due"]["values"]["count"] == 155 * 3600
    world = World({"TONNAGE_STORE": str(tmp_path / "runs")}, tmp_path, io.StringIO(), io.StringIO())
    report = CliRunner().invoke(tonnage, ["report", "last"], obj=world)
    assert "never saturated" in report.output
    listed = CliRunner().invoke(tonnage, ["runs"], obj=world)
    assert "rehearsal of" in listed.output


def test_a_threshold_is_an_objective(rehearse):
    given = ("--policy", "hpa.yaml", "--demand", "10/s, 1h: 300/s", "--model", SERVICE)
    result = rehearse(*given, "--threshold", "http_req_response_time:p(95)<1")
    assert result.exit_code == 99
    assert "http_req_response_time p(95)<1" in result.output


def test_markdown_and_days(rehearse):
    result = rehearse(
        "--policy", "agent.yaml", "--demand", "spiky:2", "--model", "sessions:mean=60s", "--days", "0.5", "--markdown"
    )
    assert "| time | demand/s |" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--policy", "none.yaml", "--demand", "1/s, 1h: 1/s", "--model", SERVICE), "none.yaml"),
        (("--policy", "hpa.yaml", "--demand", "1/s", "--model", SERVICE), "for how long"),
        (("--policy", "hpa.yaml", "--demand", "20990101", "--model", SERVICE), "20990101"),
        (("--policy", "hpa.yaml", "--demand", "1/s, 1h: 1/s", "--model", "usl:a=1"), "is no model"),
        (("--policy", "hpa.yaml", "--demand", "1/s, 1h: 1/s", "--model", SERVICE, "--supply", "startup=x"), "startup"),
        (("--policy", "hpa.yaml", "--demand", "1/s, 1h: 1/s", "--model", SERVICE, "--threshold", "x"), "METRIC"),
    ],
)
def test_a_mistake_is_one_line_and_104(rehearse, arguments, words):
    result = rehearse(*arguments)
    assert result.exit_code == 104, result.output
    assert words.lower() in (result.output + str(result.exception)).lower() or words == "METRIC"


# ------------------------------------------------------------------------------------- the lint, and what is taken over

AT_THE_LIMIT = ("--policy", "agent.yaml", "--demand", "0.1/s, 1h: 0.1/s", "--model", "sessions:mean=60s")
DEPLOYMENT = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 9
  template:
    spec:
      terminationGracePeriodSeconds: 45
      containers: [{name: web, resources: {requests: {cpu: 500m}}}]
"""


def test_errors_and_warnings_of_the_lint_stand_before_the_result(rehearse):
    text = rehearse(*AT_THE_LIMIT).output
    assert (
        text.splitlines()[0] == "Lint          1 warning; `tonnage lint agent.yaml --sessions-per-worker 5` tells more"
    )
    assert text.splitlines()[1].startswith("  warning TN501  a plain HPA target of 4 sessions")
    assert text.index("TN501") < text.index("PASS")
    markdown = rehearse(*AT_THE_LIMIT, "--markdown", "--cluster", "1.35").output
    assert markdown.startswith(
        "**Lint**: 1 warning; `tonnage lint agent.yaml --cluster 1.35 --sessions-per-worker 5` tells more.\n\n* warning TN501: a"
    )
    assert "**PASS**" in markdown
    found = json.loads(rehearse(*AT_THE_LIMIT, "--json").output)["findings"]
    assert [each["code"] for each in found] == ["TN501"]
    assert len(found[0]["evidence"]) == 3


def test_a_finding_of_no_weight_is_for_machines_only(rehearse, tmp_path):
    (tmp_path / "hpa.yaml").write_text(WEB_HPA.replace("averageUtilization: 70", "averageUtilization: 50"))
    given = ("--policy", "hpa.yaml", "--demand", "10/s, 1h: 300/s", "--model", SERVICE)
    assert rehearse(*given).output.startswith("PASS")
    assert [each["code"] for each in json.loads(rehearse(*given, "--json").output)["findings"]] == ["TN512"]


def test_a_lint_that_fails_is_told_and_does_not_stop_the_rehearsal(rehearse, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of the lint")

    monkeypatch.setattr("tonnage.workflows.rehearse_scaling.lint", broken)
    result = rehearse(*AT_THE_LIMIT)
    assert result.exit_code == 0
    assert "the lint failed, which is a bug: ZeroDivisionError: of the lint" in result.stderr
    assert result.stdout.startswith("PASS")


def test_what_the_deployment_says_is_taken_over_told_and_stored(rehearse, tmp_path):
    (tmp_path / "hpa.yaml").write_text(WEB_HPA + DEPLOYMENT)
    given = ("--policy", "hpa.yaml", "--demand", "10/s, 1h: 300/s", "--model", SERVICE, "--supply", "grace=9s")
    result = rehearse(*given, "--keep")
    words = " ".join(result.output.split())
    assert "cpu_request=0.5 from Deployment web (hpa.yaml:21); surge=3 from Deployment web" in words
    assert "9 replicas at the start from Deployment web" in words
    assert "grace=" not in words
    run = Store(tmp_path / "runs").load("last", 60)
    assert run.plan.rehearsal.supply == "grace=9s,cpu_request=0.5,surge=3"
    assert len(run.facts["taken"]) == 3
    assert run.events[0].text.startswith("9 → ")
