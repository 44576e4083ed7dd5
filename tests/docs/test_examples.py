"""Every example runs against the demo service, shortened, and says how to run it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.docs.blocks import ROOT
from tests.docs.page import environment

from tonnage.demo import DemoConfig, DemoServer

EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "demo.py")
SHORT = {
    "ci_thresholds.py": ("-u", "5", "-i", "150"),
}
"""Fewer iterations than the script's own; two VUs and six iterations where nothing is said."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[subprocess.CompletedProcess[str]]]:
    folder = tmp_path_factory.mktemp("examples")
    tonnage = str(Path(sys.executable).with_name("tonnage"))

    def run(path: Path, url: str) -> subprocess.CompletedProcess[str]:
        flags = SHORT.get(path.name, ("-u", "2", "-i", "6"))
        command = [tonnage, "run", str(path), "--base-url", url, "--json", "-q", *flags]
        return subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=40, check=False)

    with DemoServer(DemoConfig()) as server, ThreadPoolExecutor(max_workers=8) as pool:
        yield {path.name: pool.submit(run, path, server.url) for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_passes_on_the_demo_service(path, results):
    done = results[path.name].result()
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "pass"
    assert document["delivered"]["completed"] >= 6
    assert document["errors"] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_how_to_run_it(path):
    text = path.read_text(encoding="utf-8")
    assert f"tonnage run examples/{path.name}" in (ast.get_docstring(ast.parse(text)) or "")
    assert len(text.splitlines()) <= 40
