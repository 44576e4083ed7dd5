"""`tonnage lint`: findings on standard output, and an exit code for CI."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.cli.lint import lint_command

GOOD = """kind: hpa
minReplicas: 3
maxReplicas: 20
behavior: {scaleUp: {policies: [{type: Percent, value: 100, periodSeconds: 15}]}}
metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}
"""


@pytest.fixture
def world(tmp_path):
    (tmp_path / "hpa.yaml").write_text(VOICE_HPA)
    (tmp_path / "agent.yaml").write_text(VOICE_SCALING)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "metrics.txt").write_text("agent_sessions 3\n")
    return SimpleNamespace(environment={}, cwd=tmp_path, config_home=tmp_path)


def lint(world, *args, **more):
    return CliRunner().invoke(lint_command, args, obj=world, **more)


def test_findings_are_paragraphs(world, golden):
    result = lint(world, "agent.yaml", "hpa.yaml", "--exposition", "metrics.txt")
    assert (result.exit_code, result.stderr) == (99, "")
    golden("lint.txt", result.stdout)


def test_json_is_one_document(world, golden):
    result = lint(world, "hpa.yaml", "--json", "--longest-session", "30m", "--node-delay", "2m", "--warmup", "10s")
    assert result.exit_code == 0
    assert [each["code"] for each in json.loads(result.stdout)["findings"]] == ["TN501", "TN509", "TN514", "TN515"]
    golden("lint.json", result.stdout)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("good.yaml",), 0),
        (("hpa.yaml",), 0),
        (("hpa.yaml", "--fail-on", "warning"), 99),
        (("hpa.yaml", "--load-threshold", "0.7", "--sessions-per-worker", "5"), 99),
        (("hpa.yaml", "--cluster", "1.33", "--fail-on", "info"), 99),
        ((), 2),
        (("hpa.yaml", "--fail-on", "never"), 2),
    ],
)
def test_the_exit_code_says_how_grave_it_is(world, args, code):
    assert lint(world, *args).exit_code == code


def test_nothing_found_is_said(world):
    assert lint(world, "good.yaml").stdout == "nothing found in good.yaml\n"


def test_the_standard_input_is_a_file_too(world):
    result = lint(world, "-", input=GOOD)
    assert (result.stdout, result.stderr) == ("nothing found in -\n", "")


def test_case_33_mistakes_of_all_files_are_told_and_nothing_is_printed(world):
    (world.cwd / "bad.yaml").write_text("kind: sessions\nmin_worker: 1\n")
    result = lint(world, "bad.yaml", "missing.yaml", "hpa.yaml", ".")
    assert (result.exit_code, result.stdout) == (104, "")
    assert result.stderr.splitlines() == [
        "error: bad.yaml:2: min_worker: is no key of a session policy: did you mean min_workers?",
        "error: bad.yaml:1: min_workers: is missing",
        "error: bad.yaml:1: max_workers: is missing",
        "error: bad.yaml:1: sessions_per_worker: is missing",
        "error: missing.yaml: the file cannot be read: No such file or directory",
        "error: .: is a folder: name a file",
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--cluster", "1.99"), "--cluster: version '1.99' is not modelled: it is one of 1.20, 1.23 to 1.37"),
        (("--node-delay", "5"), "--node-delay: duration '5' has no unit"),
        (("--exposition", "hpa.yaml"), "hpa.yaml:1: is no sample"),
    ],
)
def test_case_33_a_bad_flag_is_told(world, args, message):
    result = lint(world, "hpa.yaml", *args)
    assert result.exit_code == 104
    assert message in result.stderr
