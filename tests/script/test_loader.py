"""Scripts: what is found in them, and what is said when nothing can be."""

import sys

import pytest

from tonnage.errors import ScriptError
from tonnage.load.executor import ConstantVus
from tonnage.load.plan import CustomMetric
from tonnage.script.loader import load_script


def write(tmp_path, text, name="s.py"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(path):
    with pytest.raises(ScriptError) as error:
        load_script(path)
    return error.value


SHOP = """from tonnage import Trend, scenario, setup, teardown, start, stop

items = Trend("items_seen", is_time=True)
thresholds = {"items_seen": ["p(95)<5"]}
options = {"tags": {"a": "b"}}

@setup
def before(): return {}

@teardown
def after(data): ...

@start
async def on_start(vu): ...

@scenario(
    vus=10, duration="1m", name="shop-1", start_time="5s", graceful_stop="1s", late="drop", env={"N": 1}, tags={"t": 2}
)
async def browse(vu): ...

@scenario
def checkout(vu): ...
"""


def test_a_script_declares_scenarios_metrics_options_and_hooks(tmp_path):
    path = write(tmp_path, SHOP)
    script = load_script(path)
    declared = script.declaration
    browse, checkout = declared.scenarios
    assert (browse.name, browse.exec, browse.executor) == ("shop-1", "browse", ConstantVus(10, 60))
    assert (browse.start_time, browse.graceful_stop, browse.late) == (5, 1, "drop")
    assert (browse.env, browse.tags, browse.line) == ({"N": "1"}, {"t": "2"}, 16)
    assert (checkout.name, checkout.executor) == ("checkout", None)
    assert declared.metrics == (CustomMetric("items_seen", "trend", "time"),)
    assert declared.thresholds == {"items_seen": ["p(95)<5"]}
    assert declared.options == {"tags": {"a": "b"}}
    assert (declared.has_setup, declared.has_teardown) == (True, True)
    assert set(script.hooks) == {"setup", "teardown", "start"}
    assert set(script.functions) == {"browse", "checkout"}
    assert (declared.source.path, declared.source.source) == (str(path), SHOP)
    assert len(declared.source.sha256) == 64


def test_a_function_called_default_needs_no_mark(tmp_path):
    (scenario,) = load_script(write(tmp_path, "def default(vu): ...")).declaration.scenarios
    assert (scenario.name, scenario.exec, scenario.executor) == ("default", "default", None)


def test_the_folder_of_the_script_is_importable_only_while_it_is_loaded(tmp_path):
    write(tmp_path, "VALUE = 1", "neighbour_of_a_script.py")
    before = list(sys.path)
    load_script(write(tmp_path, "from neighbour_of_a_script import VALUE\ndef default(vu): ..."))
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1", "nothing to run", 1),
        ("def default(vu: ...", "syntax error", 1),
        ("a = 1\n1 / 0", "ZeroDivisionError", 2),
        ("import sys\nsys.exit(3)", "SystemExit: 3", 2),
        ("from tonnage import Trend\n\nTrend('x')", "no metric name", 3),
        ("from tonnage import scenario\n@scenario(vsu=1)\ndef f(vu): ...", "no option vsu", 2),
        ("from tonnage import scenario\n@scenario(vus=1, stages=['x'])\ndef f(vu): ...", "no stage", 2),
        ("from tonnage import scenario\n@scenario\ndef f(): ...", "f must take one argument", 2),
        ("from tonnage import setup\n@setup\ndef a(): ...\n@setup\ndef b(): ...", "two functions for setup", 4),
        ("options = 3\ndef default(vu): ...", "`options` must be a dict", 0),
        ("thresholds = []\ndef default(vu): ...", "`thresholds` must be a dict", 0),
        ("from tonnage import scenario\n@scenario(start_time='5')\ndef f(vu): ...", "no unit", 2),
        ("from tonnage import scenario\n@scenario(env=3)\ndef f(vu): ...", "env of f: a table of names", 2),
        ("from tonnage import scenario\n@scenario(graceful_stop=float('nan'))\ndef f(vu): ...", "not finite", 2),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path, text, message, line):
    path = write(tmp_path, text)
    error = refused(path)
    assert message in str(error)
    assert str(error).startswith(str(path))
    assert error.line == line


def test_case_37_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "s.py"
    path.write_bytes(b"x = '\xff'")
    assert "not UTF-8" in str(refused(path))
    path.write_bytes(b"#" * (10 * 1024 * 1024 + 1))
    assert "larger than 10 MB" in str(refused(path))


def test_case_37_a_script_that_cannot_be_read_is_refused(tmp_path):
    assert "cannot be read" in str(refused(tmp_path / "missing.py"))
    assert "cannot be read" in str(refused(tmp_path))
    loop = tmp_path / "loop.py"
    loop.symlink_to(loop)
    assert "cannot be read" in str(refused(loop))
    assert "NUL" in str(refused(write(tmp_path, "a\0b"))) or "null" in str(refused(write(tmp_path, "a\0b")))
