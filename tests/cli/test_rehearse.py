"""`tonnage rehearse`, from its files to its exit code."""

import io
import json

import pytest
from click.testing import CliRunner

from tonnage.cli.main import tonnage
from tonnage.cli.world import World
from tonnage.runs.store import Store

HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
"""
AGENT = """
agent:
  name: dental-receptionist
  scaling: {min_workers: 2, max_workers: 50, sessions_per_worker: 5, scale_up_threshold: 0.8,
            scale_down_threshold: 0.3, scale_down_delay: 300s, warmup_time: 30s}
"""
SERVICE = "service:demand=20ms,servers=4"


@pytest.fixture
def rehearse(tmp_path):
    (tmp_path / "hpa.yaml").write_text(HPA)
    (tmp_path / "agent.yaml").write_text(AGENT)

    def call(*arguments):
        world = World({"TONNAGE_STORE": str(tmp_path / "runs")}, tmp_path, io.StringIO(), io.StringIO())
        return CliRunner().invoke(tonnage, ["rehearse", *arguments], obj=world)

    return call


def test_a_curve_under_an_hpa(rehearse):
    result = rehearse("--policy", "hpa.yaml", "--demand", "10/s, 1h: 300/s", "--model", SERVICE)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("PASS")
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
