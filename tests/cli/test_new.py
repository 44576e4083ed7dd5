"""`tonnage new`: the first script is one that works."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tonnage.cli.inspect import inspect_command
from tonnage.cli.new import new_command
from tonnage.script.loader import load_script


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(environment={}, cwd=tmp_path, config_home=tmp_path / "none")


def new(world, *args):
    return CliRunner().invoke(new_command, args, obj=world)


def test_it_writes_a_script_that_loads_and_plans(world):
    result = new(world)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("load.py written.")
    script = load_script(world.cwd / "load.py")
    assert list(script.functions) == ["browse"]
    assert set(script.declaration.thresholds) == {"http_req_response_time", "http_req_failed", "checks"}
    inspected = CliRunner().invoke(inspect_command, ["load.py", "--explain"], obj=world)
    assert inspected.exit_code == 0, inspected.stderr


def test_it_is_named_in_its_own_text(world):
    new(world, "shop.py")
    assert "tonnage run shop.py" in (world.cwd / "shop.py").read_text()


def test_it_replaces_nothing_unless_forced(world):
    (world.cwd / "load.py").write_text("mine")
    result = new(world)
    assert (result.exit_code, result.stdout) == (104, "")
    assert "load.py: the file exists" in result.stderr
    assert (world.cwd / "load.py").read_text() == "mine"
    assert new(world, "--force").exit_code == 0
    assert (world.cwd / "load.py").read_text() != "mine"


@pytest.mark.parametrize(("name", "message"), [("load.js", "ends in .py"), ("no/load.py", "No such file or directory")])
def test_case_25_what_cannot_be_written_is_told(world, name, message):
    result = new(world, name)
    assert result.exit_code == 104
    assert message in result.stderr
