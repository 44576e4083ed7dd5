"""`tonnage inspect`: the plan on standard output, mistakes on standard error."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tonnage.cli.inspect import inspect_command
from tonnage.load.plan import Plan

GOLDEN = Path(__file__).parent.parent / "golden" / "inspect.json"

SHOP = """from tonnage import Trend, ramping_arrival_rate, scenario

items = Trend("items_seen")
thresholds = {"http_req_response_time": ["p(95)<300ms"], "items_seen": ["avg>1"]}


@scenario(ramping_arrival_rate([("1m", 50), ("5m", 50), ("1m", 0)], pre_allocated_vus=20, max_vus=500))
async def browse(vu): ...


@scenario(vus=10, duration="1m", env={"TOKEN": "s3cret"})
def checkout(vu): ...
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(environment={}, cwd=tmp_path, config_home=tmp_path / "none")


def inspect(world, *args):
    return CliRunner().invoke(inspect_command, args, obj=world)


def test_the_plan_of_a_script_is_the_golden_one(world):
    result = inspect(world, "shop.py", "--base-url", "http://127.0.0.1:8080", "--tag", "team=x")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == json.loads(GOLDEN.read_text()), "see tests/golden/README.md"
    data = json.loads(result.stdout)
    del data["requirements"]
    assert Plan.from_dict(data).planned_arrivals == 18_000


def test_the_requirements_are_those_of_the_plan(world):
    result = inspect(world, "shop.py")
    assert json.loads(result.stdout)["requirements"] == {
        "regular_duration": 420.0,
        "total_duration": 450.0,
        "max_vus": 510,
        "planned_arrivals": 18000,
        "highest_arrival_rate": 50.0,
    }


def test_a_url_needs_no_script(world):
    result = inspect(world, "http://127.0.0.1:8080/", "--rate", "50/s", "-d", "10s")
    data = json.loads(result.stdout)
    assert data["request"] == {"method": "GET", "url": "http://127.0.0.1:8080/", "headers": [], "body": None}
    assert data["requirements"]["planned_arrivals"] == 500


def test_explain_shows_the_load_over_time(world):
    result = inspect(world, "shop.py", "--explain", "-d", "5s", "-u", "2")
    assert result.exit_code == 0
    assert "browse    browse    2 VUs for 5s  --duration, --vus" in result.stdout
    assert "each of the 2 scenarios takes the load" in result.stdout
    assert "s3cret" not in result.stdout


def test_case_33_mistakes_are_lines_on_standard_error_and_nothing_is_printed(world):
    (world.cwd / "tonnage.toml").write_text('timeuot = 1\nduration = "5"\n')
    world.environment = {"TONNAGE_VSU": "1"}
    result = inspect(world, "shop.py", "-u", "x", "--limit", "started=2")
    assert (result.exit_code, result.stdout) == (104, "")
    assert result.stderr.splitlines() == [
        "error: tonnage.toml:2: duration: duration '5' has no unit: write 5s or 5ms",
        "error: tonnage.toml:1: timeuot: unknown key `timeuot`; did you mean `timeout`?",
        "error: TONNAGE_VSU: no option has the variable TONNAGE_VSU; did you mean `TONNAGE_VUS`?",
        "error: --vus: vus: a whole number is needed, not 'x'",
        "error: --limit started: limits.started: 2.0 lies outside 0 to 1",
    ]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--vsu", "1", "shop.py"], 2, "No such option"),
        ([], 2, "Missing argument"),
        (["missing.py"], 104, "missing.py: there is no such script"),
        (["nothing.py"], 104, "nothing.py:1: nothing to run"),
        (["broken.py"], 107, "broken.py:1: syntax error"),
        (["raises.py"], 107, "raises.py:2: the script raised"),
        (["http://169.254.169.254/"], 113, "never loaded"),
        (["http://a.example/", "--target", "b.example"], 113, "not among the targets"),
        (["shop.py", "--max-duration", "1m"], 113, "the plan may last 7m"),
        (["http:///"], 104, "url: an absolute URL"),
    ],
)
def test_endings(world, args, code, message):
    (world.cwd / "nothing.py").write_text("x = 1")
    (world.cwd / "broken.py").write_text("def")
    (world.cwd / "raises.py").write_text("a = 1\n1 / 0")
    result = inspect(world, *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


def test_case_40_secrets_are_hidden(world):
    result = inspect(
        world, "http://u:s3cret@a.example/?token=s3cret", "-H", "Authorization: s3cret", "-e", "TOKEN=s3cret"
    )
    assert result.exit_code == 0
    assert "s3cret" not in result.stdout
