"""The shared flags, and where options are looked for."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tonnage.cli.options import (
    FLAGS,
    LoadCommand,
    is_url,
    layer_of_flags,
    load_layers,
    load_options,
    open_script,
    plan_of,
    telling_mistakes,
)
from tonnage.errors import PlanError, Refused, ScriptError
from tonnage.load.options import KNOWN, NOT_OPTIONS, combine, from_environment, merge


@dataclass
class FakeWorld:
    cwd: Path
    config_home: Path
    environment: dict = field(default_factory=dict)


@pytest.fixture
def world(tmp_path):
    (tmp_path / "work").mkdir()
    return FakeWorld(tmp_path / "work", tmp_path / "config")


def layer(*args, cwd=Path()):
    """The layer of a command line."""
    found = []

    @click.command(cls=LoadCommand)
    @click.argument("target", required=False)
    @load_options
    def command(target, config_path, **flags):
        found.append((target, layer_of_flags(flags, cwd)))

    result = CliRunner().invoke(command, args)
    assert result.exit_code == 0, result.output
    return found[0]


def values(*args, **more):
    return merge([layer(*args, **more)[1]]).values


def told(*args, **more):
    return [str(mistake) for mistake in combine([layer(*args, **more)[1]]).mistakes]


def test_nothing_given_is_an_empty_layer():
    assert layer()[1].values == {}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("-u 5", {"vus": 5}),
        ("--vus=5 -d 1m30s -i 7", {"vus": 5, "duration": 90, "iterations": 7}),
        ("--rate 3000/m --duration 5s --max-vus 9", {"rate": 50, "duration": 5, "max_vus": 9}),
        ("-e A=b=c -e B=", {"env": {"A": "b=c", "B": ""}}),
        ("--tag a=b --tag c=d", {"tags": {"a": "b", "c": "d"}}),
        ("-H Host:a -H X:b -H X:c", {"headers": {"Host": ("a",), "X": ("b", "c")}}),
        ("-X PUT --data x", {"method": "PUT", "data": "x"}),
        ("--insecure", {"insecure": True}),
        ("--insecure-skip-tls-verify", {"insecure": True}),
        ("--discard-response-bodies --no-connection-reuse", {"discard_bodies": True, "no_connection_reuse": True}),
        ("--no-setup --no-teardown --no-thresholds", {"no_setup": True, "no_teardown": True, "no_thresholds": True}),
        ("--no-preflight", {"preflight": False}),
        ("--http-debug", {"http_debug": "headers"}),
        ("--http-debug=full", {"http_debug": "full"}),
        ("--limit started=0.5 --limit loop_lag=1s", {"limits": {"started": 0.5, "loop_lag": 1.0}}),
        ("--target a --target b:81,c", {"targets": ("a", "b:81", "c")}),
        ("--summary-trend-stats avg,p(99)", {"summary_trend_stats": ("avg", "p(99)")}),
        ("--max-rate 5/s --max-duration 1h --seed 3", {"max_rate": 5, "max_duration": 3600, "seed": 3}),
        ("--setup-timeout 1s --teardown-timeout 2s", {"setup_timeout": 1, "teardown_timeout": 2}),
        ("--store :memory: --series-limit 5 --late drop", {"store": ":memory:", "series_limit": 5, "late": "drop"}),
        ("--graceful-stop 0s --timeout 1s --max-redirects 0", {"graceful_stop": 0, "timeout": 1, "max_redirects": 0}),
        ("--user-agent me --ca-file a.pem", {"user_agent": "me", "ca_file": "a.pem"}),
        ("--base-url http://a.example", {"base_url": "http://a.example"}),
    ],
)
def test_flags_are_those_of_k6(args, expected):
    assert values(*args.split()) == expected


def test_stages_may_be_repeated_or_joined():
    assert values("-s", "1s:1", "--stage", "2s:2,3s:3") == values("--stage", "1s:1,2s:2,3s:3")


def test_the_expression_of_a_threshold_begins_after_its_selector():
    found = values(
        "--threshold", "http_reqs{name:a=b}=count>1", "--threshold", "checks=rate==1", "--threshold", "checks=rate>0.5"
    )
    assert {name: [one.expression for one in options] for name, options in found["thresholds"].items()} == {
        "http_reqs{name:a=b}": ["count>1"],
        "checks": ["rate==1", "rate>0.5"],
    }


def test_http_debug_takes_no_value_from_the_next_argument():
    target, found = layer("--http-debug", "script.py")
    assert (target, found.values) == ("script.py", {"http_debug": "headers"})
    assert layer("--", "--http-debug")[0] == "--http-debug"


def test_data_may_come_from_a_file(tmp_path):
    (tmp_path / "body.json").write_text('{"a": 1}\n')
    assert values("--data", "@body.json", cwd=tmp_path) == {"data": '{"a": 1}\n'}
    assert told("--data", "@missing", cwd=tmp_path) == [
        "--data: data: the file cannot be read: No such file or directory"
    ]
    (tmp_path / "raw").write_bytes(b"\xff")
    assert "not UTF-8" in told("--data", "@raw", cwd=tmp_path)[0]


def test_case_33_mistakes_of_flags_come_together_and_name_the_flag():
    found = told("-u", "x", "-d", "5", "-e", "A", "--limit", "strated=1", "-H", "s3cret", "--threshold", "checks=p95<1")
    assert found == [
        "--env: env: NAME=VALUE is needed, and there is no name or no value",
        "--header: headers: NAME: VALUE is needed, and there is no name or no value",
        "--vus: vus: a whole number is needed, not 'x'",
        "--duration: duration: duration '5' has no unit: write 5s or 5ms",
        "--threshold checks: thresholds.checks[0]: 'p95<1': unknown method 'p95': write p(95)",
        "--limit strated: limits.strated: unknown key `strated`; did you mean `started`?",
    ]
    assert not any("s3cret" in mistake for mistake in found)


def test_each_flag_names_its_variable_and_each_variable_is_read():
    for flag in FLAGS:
        assert flag.option in KNOWN
        if flag.option not in {"env", "tags", "headers", "limits"}:
            assert f"TONNAGE_{flag.option.upper()}" not in NOT_OPTIONS
            assert from_environment({f"TONNAGE_{flag.option.upper()}": "x"}).values == {flag.option: "x"}
    assert {flag.option for flag in FLAGS} == set(KNOWN) - {"scenarios"}


# ---- layers ----


def sources(world, config=None):
    return merge(load_layers(world, config, None, None)).sources


def test_files_are_found_where_they_belong(world):
    user = world.config_home / "tonnage" / "tonnage.toml"
    user.parent.mkdir(parents=True)
    user.write_text("vus = 1\nseed = 1\n")
    (world.cwd / "pyproject.toml").write_text("[tool.tonnage]\nvus = 2\n")
    assert sources(world)["vus"] == "pyproject.toml:2"
    assert sources(world)["seed"] == f"{user}:2"
    (world.cwd / "tonnage.toml").write_text("\nvus = 3\n")
    assert sources(world)["vus"] == "tonnage.toml:2"
    (world.cwd / "other.toml").write_text("\n\nvus = 4\n")
    assert sources(world, "other.toml")["vus"] == "other.toml:3"
    world.environment = {"TONNAGE_CONFIG": "other.toml"}
    assert sources(world)["vus"] == "other.toml:3"
    world.environment["TONNAGE_VUS"] = "5"
    assert sources(world)["vus"] == "TONNAGE_VUS"


def mistakes(world, config=None):
    return [str(mistake) for mistake in combine(load_layers(world, config, None, None)).mistakes]


def test_case_25_a_file_that_cannot_be_read_is_a_mistake(world):
    assert mistakes(world) == []
    assert mistakes(world, "missing.toml") == ["missing.toml: the file cannot be read: No such file or directory"]
    (world.cwd / "tonnage.toml").mkdir()
    assert mistakes(world) == ["tonnage.toml: the file cannot be read: Is a directory"]


def test_case_25_a_home_that_is_none_holds_no_options(world):
    world.config_home = Path("/dev/null")
    assert mistakes(world) == []


def test_case_37_a_loop_of_links_and_an_endless_file_are_mistakes(world):
    link = world.cwd / "tonnage.toml"
    link.symlink_to(link)
    assert "Too many levels of symbolic links" in mistakes(world)[0]
    assert "larger than 1 MB" in mistakes(world, "/dev/zero")[0]
    (world.cwd / "raw.toml").write_bytes(b"a = '\xff'")
    assert mistakes(world, "raw.toml") == ["raw.toml:1: the file is not UTF-8 text: save it as UTF-8"]


# ---- plans and endings ----


def test_a_url_is_no_script():
    assert is_url("http://a.example")
    assert not is_url("a.py")


def test_a_script_that_is_not_there_is_a_mistake(world):
    with pytest.raises(PlanError, match=r"shop\.py: there is no such script"):
        open_script(world, "shop.py")
    (world.cwd / "k6.js").write_text("")
    with pytest.raises(PlanError, match="k6 scripts"):
        open_script(world, "k6.js")


def test_a_plan_of_a_script_and_of_a_url(world):
    (world.cwd / "s.py").write_text("def default(vu): ...")
    plan, merged, script = plan_of(world, "s.py", None, layer("-u", "3")[1])
    assert plan.scenarios[0].executor.vus == 3
    assert script.functions
    assert merged.sources["vus"] == "--vus"
    plan, _, script = plan_of(world, "http://a.example/x", None, layer("-X", "PUT")[1])
    assert (plan.request.method, plan.request.url, script) == ("PUT", "http://a.example/x", None)
    with pytest.raises(PlanError, match="absolute URL"):
        plan_of(world, "ftp://a.example", None, layer()[1])


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (Refused("a\nb"), 113, ["error: a", "error: b"]),
        (PlanError(), 104, []),
        (ScriptError("x\n  y", "s.py", 3), 104, ["error: s.py:3: x y"]),
    ],
)
def test_what_the_user_got_wrong_has_a_code_and_lines(error, code, lines):
    @click.command()
    def command():
        with telling_mistakes():
            raise error

    result = CliRunner().invoke(command)
    assert (result.exit_code, result.stderr.splitlines(), result.stdout) == (code, lines, "")


def test_neither_tonnage_nor_help_imports_pydantic():
    code = (
        "import sys, tonnage\n"
        "from click.testing import CliRunner\n"
        "from tonnage.cli.inspect import inspect_command\n"
        "from tonnage.cli.config import config_command\n"
        "from tonnage.cli.new import new_command\n"
        "import tonnage.cli.options\n"
        "for command in (inspect_command, config_command, new_command):\n"
        "    assert CliRunner().invoke(command, ['--help']).exit_code == 0\n"
        "assert 'pydantic' not in sys.modules\n"
        "assert 'tonnage._engine' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
