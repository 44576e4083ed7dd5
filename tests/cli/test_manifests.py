"""`tonnage manifests`: a policy as files, on standard output or in a folder."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from tests.scaling.inputs import VOICE_SCALING

from tonnage.cli.manifests import manifests_command

FILES = {
    "capacity-buffer.yaml", "deployment-patch.yaml", "hpa.yaml", "kustomization.yaml", "pdb.yaml",
    "prometheus-adapter-rule.yaml", "prometheus-rule.yaml", "worker_metrics.py",
}  # fmt: skip


@pytest.fixture
def world(tmp_path):
    (tmp_path / "agent.yaml").write_text(VOICE_SCALING)
    return SimpleNamespace(environment={}, cwd=tmp_path, config_home=tmp_path)


def run(world, *args):
    return CliRunner().invoke(manifests_command, args, obj=world)


def test_files_are_printed_one_after_the_other(world, golden):
    result = run(world, "agent.yaml", "--cluster", "1.33", "--name", "voice-agent")
    assert (result.exit_code, result.stderr) == (0, "")
    golden("manifests.txt", result.stdout)


def test_files_are_written_and_not_replaced(world):
    args = ("agent.yaml", "--cluster", "1.35", "--out", "deploy/scaling", "--longest-session", "30m")
    result = run(world, *args)
    assert (result.exit_code, result.stdout) == (0, "")
    folder = world.cwd / "deploy" / "scaling"
    assert {each.name for each in folder.iterdir()} == FILES
    assert "terminationGracePeriodSeconds: 1800" in (folder / "deployment-patch.yaml").read_text()
    again = run(world, *args)
    assert again.exit_code == 104
    assert "error: deploy/scaling/hpa.yaml: the file exists" in again.stderr
    (folder / "hpa.yaml").write_text("mine")
    assert run(world, *args, "--force").exit_code == 0
    assert (folder / "hpa.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("agent.yaml",), 2, "Missing option '--cluster'"),
        (("agent.yaml", "--cluster", "1.10"), 104, "cluster: version '1.10' has no manifests"),
        (("nothing.yaml", "--cluster", "1.35"), 104, "nothing.yaml: the file cannot be read"),
        (("agent.yaml", "--cluster", "1.35", "--out", "agent.yaml"), 104, "agent.yaml/capacity-buffer.yaml: cannot be written"),
        (("agent.yaml", "--cluster", "1.35", "--longest-session", "5"), 104, "--longest-session: duration '5' has no unit"),
        (("agent.yaml", "--cluster", "1.35", "--cpu", "x", "--name", "A"), 104, "name: is 'A'"),
    ],
)  # fmt: skip
def test_case_33_what_cannot_be_is_told_and_nothing_is_written(world, args, code, message):
    result = run(world, *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert [each.name for each in world.cwd.iterdir()] == ["agent.yaml"]
