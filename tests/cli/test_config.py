"""`tonnage config`: options with their values and places."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tonnage.cli.config import config_command
from tonnage.load.options import json_schema


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(environment={}, cwd=tmp_path, config_home=tmp_path / "none")


def config(world, *args):
    return CliRunner().invoke(config_command, args, obj=world)


def test_show_prints_each_option(world):
    (world.cwd / "tonnage.toml").write_text('duration = "90s"\n[tags]\na = "b"\n')
    lines = config(world, "show").stdout.splitlines()
    assert "duration = 1m30s" in lines
    assert "tags.a = b" in lines
    assert "late = queue" in lines


def test_origin_says_where_each_value_was_set(world):
    (world.cwd / "tonnage.toml").write_text('\nduration = "90s"\n')
    (world.cwd / "s.py").write_text('options = {\n "vus": 3}\ndef default(vu): ...')
    world.environment = {"TONNAGE_SEED": "7", "TONNAGE_ENV_TOKEN": "s3cret"}
    output = config(world, "show", "--origin", "s.py").stdout
    found = {line.partition("  #")[0].strip(): line.rpartition("# ")[2] for line in output.splitlines()}
    assert found["duration = 1m30s"] == "tonnage.toml:2"
    assert found["vus = 3"] == "s.py:2"
    assert found["seed = 7"] == "TONNAGE_SEED"
    assert found["timeout = 30s"] == "default"
    assert found["env.TOKEN = ***"] == "TONNAGE_ENV_TOKEN"
    assert "s3cret" not in output


def test_another_file_may_be_named(world):
    (world.cwd / "other.toml").write_text("vus = 9")
    assert "vus = 9" in config(world, "show", "-c", "other.toml").stdout


def test_mistakes_end_with_104(world):
    (world.cwd / "tonnage.toml").write_text("vsu = 1")
    result = config(world, "show")
    assert (result.exit_code, result.stdout) == (104, "")
    assert result.stderr == "error: tonnage.toml:1: vsu: unknown key `vsu`; did you mean `vus`?\n"


def test_schema_prints_the_schema(world):
    assert json.loads(config(world, "schema").stdout) == json_schema()
