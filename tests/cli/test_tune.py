"""`tonnage tune`, from its files to its exit code and to the file that it writes."""

import io
import json

import pytest
from click.testing import CliRunner
from tests.scaling.inputs import VOICE_SCALING, WEB_HPA

from tonnage.cli.main import tonnage
from tonnage.cli.world import World
from tonnage.errors import TooFewPoints
from tonnage.scaling.files import read_policy

CALLS = ("--model", "sessions:mean=60s,per_worker=5", "--supply", "startup=20s,grace=600s")
EASY = ("--days", "2", "--budget", "8", "--stress", "burst=1,growth=1.1,outage=0s")


@pytest.fixture
def tune(tmp_path):
    (tmp_path / "hpa.yaml").write_text(WEB_HPA)
    (tmp_path / "agent.yaml").write_text(VOICE_SCALING)

    def call(*arguments, catch=True):
        world = World({"TONNAGE_STORE": str(tmp_path / "runs")}, tmp_path, io.StringIO(), io.StringIO())
        return CliRunner().invoke(tonnage, ["tune", *arguments], obj=world, catch_exceptions=catch)

    return call


def test_the_chosen_policy_is_written_as_it_was_judged(tune, tmp_path):
    result = tune("--policy", "agent.yaml", *CALLS, *EASY, "--json", "--write", "out/tuned.yaml")
    assert result.exit_code == 0, result.output
    data = json.loads(result.output)
    chosen = data["chosen"]["candidate"]
    written = read_policy((tmp_path / "out" / "tuned.yaml").read_bytes(), "tuned.yaml")
    assert written.name == "dental-receptionist"
    assert written.spec.min_workers == chosen["min_workers"]
    assert written.spec.reserve == chosen["buffer"]
    assert written.spec.warmup_time == 30
    assert data["objectives"] == ["session_blocked rate<=0.001", "sessions_cut count<=0"]
    assert set(data["tested"]) == set(data["stressed"]) == {"tuned", "agent.yaml"}
    assert set(data["stressed"]["tuned"]) == {"growth"}
    assert all(day["margin"] >= 0 for day in data["tested"]["tuned"])


def test_policies_in_use_stand_beside_the_tuned_one(tune):
    result = tune("--policy", "agent.yaml", "--policy", "hpa.yaml", *CALLS, *EASY)
    text = " ".join(result.output.split())
    assert text.startswith("CHOSEN of 8 candidates: min workers")
    assert "Days that it was not tuned on (1)" in text
    assert "Beside it hpa.yaml:" in text


def test_markdown_has_the_same_tables(tune):
    result = tune("--policy", "agent.yaml", *CALLS, *EASY, "--markdown")
    assert result.output.startswith("**CHOSEN")
    assert "| policy | cost | held | session_blocked | sessions_cut |" in result.output


def test_an_hpa_is_tuned_for_a_service_by_an_objective_of_its_own(tune, tmp_path):
    result = tune(
        "--policy", "hpa.yaml", "--model", "service:demand=100ms,servers=2", "--supply", "startup=45s",
        "--demand", "spiky:1*40", "--slo", "http_req_response_time:p(95)<1000", *EASY, "--json", "--write", "hpa2.yaml",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    written = read_policy((tmp_path / "hpa2.yaml").read_bytes(), "hpa2.yaml")
    assert written.spec.min_replicas == json.loads(result.output)["chosen"]["candidate"]["min_replicas"]
    assert [rules.policies[0].type for rules in (written.spec.behavior.up, written.spec.behavior.down)] == ["Pods"] * 2


def test_a_schedule_of_floors_is_written_as_one(tune, tmp_path):
    args = ("--policy", "agent.yaml", *CALLS, "--days", "2", "--budget", "40", "--schedule", "--seed", "3")
    result = tune(*args, "--stress", "burst=1,outage=0s", "--json", "--write", "tuned.yaml")
    assert result.exit_code == 0, result.output
    share = json.loads(result.output)["chosen"]["candidate"]["floor_share"]
    written = read_policy((tmp_path / "tuned.yaml").read_bytes(), "tuned.yaml")
    assert written.kind == ("schedule" if share else "sessions")


def test_a_file_that_cannot_be_written_does_not_cost_the_search(tune, tmp_path):
    (tmp_path / "out").write_text("")
    result = tune("--policy", "agent.yaml", *CALLS, *EASY, "--write", "out/tuned.yaml")
    assert result.exit_code == 104
    assert result.output.startswith("CHOSEN of 8 candidates")
    assert "out/tuned.yaml" in result.output


def test_where_nothing_holds_it_says_so(tune):
    result = tune("--policy", "agent.yaml", *CALLS, "--days", "2", "--budget", "2", "--slo", "cost:value<1")
    assert result.exit_code == 114
    assert result.output.startswith("INFEASIBLE none of 2 candidates")


def test_a_single_day_is_too_few_to_keep_one_for_the_test(tune):
    with pytest.raises(TooFewPoints, match=r"days of demand, .* 1 available, 2 needed"):
        tune("--policy", "agent.yaml", *CALLS, "--demand", "1/s, 24h: 1/s", catch=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "hpa.yaml", "--model", "service:demand=20ms"), "a service has no objective of its own"),
        (("--policy", "agent.yaml", *CALLS, "--stress", "burst=0.5"), "--stress.burst: is 0.5"),
        (("--policy", "agent.yaml", *CALLS, "--stress", "bust=2"), "did you mean burst?"),
        (("--policy", "agent.yaml", *CALLS, "--sessions-per-worker", "8..3"), "write the fewest and the most"),
        (("--policy", "agent.yaml", *CALLS, "--idle-nodes", "3"), "needs per_node and price_node"),
        (("--policy", "agent.yaml", *CALLS, "--demand", "spiky:x"), "is no seed"),
    ],
)
def test_mistakes_are_told_before_anything_is_searched(tune, arguments, message):
    result = tune(*arguments, "--budget", "1")
    assert result.exit_code == 104, result.output
    assert message in result.output
