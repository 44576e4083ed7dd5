"""Defects of the tool itself, by the numbers of the reliability bar (30): a crash report, and the data until then."""

import jsonschema
import pytest
from tests.e2e.command import PATIENT, SCHEMA

CRASHING = """\
import sys, threading
from tonnage import constant_vus, scenario

def crash():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame is not None:
        if hasattr(frame.f_locals.get("self"), "_messages"):
            return frame.f_locals["self"]._messages.crash()
        frame = frame.f_back

@scenario(constant_vus(2, 30))
{kind} work(vu):
    {wait}vu.http.get("/delay/20")
    if vu.iteration == 70:
        crash()
"""


@pytest.mark.parametrize(("kind", "wait"), [("async def", "await "), ("def", "")])
def test_case_30_a_native_panic_leaves_a_crash_report_and_the_data_until_the_last_second(tonnage, demo, kind, wait):
    script = tonnage.script(CRASHING.format(kind=kind, wait=wait))
    arguments = ("--base-url", demo.url, "-e", "TOKEN=s3cr3t-canary", "-H", "Authorization: Bearer t0ps3cr3t")
    done = tonnage("run", script, *PATIENT, *arguments, "--json", "--store", "runs")
    assert done.code == 109
    assert done.seconds < 15
    document = done.document
    assert (document["exit_code"], document["outcome"], document["verdict"]) == (109, "crashed", "invalid")
    jsonschema.validate(document, SCHEMA)
    line = next(line for line in done.err.splitlines() if line.startswith("crash report: "))
    (path,) = (tonnage.folder / "runs").glob("*.crash.txt")
    assert line == f"crash report: runs/{path.name}"
    report = path.read_text(encoding="utf-8")
    for expected in ("the engine was asked to crash", "lifecycle.rs", "Traceback", "tonnage   ", "system    "):
        assert expected in report
    for secret in ("s3cr3t-canary", "t0ps3cr3t"):
        assert secret not in report + done.err + done.out
    assert "Traceback" not in done.err
    # 70 iterations of some 20 ms: one second at least was whole when it happened.
    assert document["delivered"]["duration"] >= 1
    assert document["metrics"]["http_reqs"]["values"]["count"] >= 50
    assert tonnage("report", "last", "--store", "runs", "--json").document == document


def test_case_30_a_panic_during_a_run_of_a_url_ends_it_with_109(make, demo):
    made = make.url_crashing(demo.url + "/delay/20", after=1.3, vus=1, duration=30)
    assert (made.verdict.exit_code, made.verdict.outcome) == (109, "crashed")
    assert made.count("http_reqs") >= 20
    assert "the engine was asked to crash" in made.session.fault


def test_case_30_a_defect_beside_the_engine_leaves_a_crash_report_as_well(tonnage):
    script = tonnage.script(
        "from tonnage import constant_vus, scenario\n"
        "from tonnage.runs.recorder import Recorder\n"
        "def broken(self, seconds):\n"
        "    raise IndexError('a defect s3cr3t-canary')\n"
        "Recorder.last = broken\n"
        "@scenario(constant_vus(1, 30))\n"
        "async def work(vu):\n"
        "    await vu.sleep(0.01)\n"
    )
    done = tonnage("run", script, "-e", "TOKEN=s3cr3t-canary", "--store", "runs")
    assert done.code == 109
    assert done.seconds < 15
    (path,) = (tonnage.folder / "runs").glob("*.crash.txt")
    assert f"crash report: runs/{path.name}" in done.err
    assert "Traceback" not in done.err
    report = path.read_text(encoding="utf-8")
    assert "IndexError: a defect" in report
    assert "s3cr3t-canary" not in report + done.err
    assert tonnage("report", "last", "--store", "runs", "--json").document["delivered"]["duration"] >= 1
