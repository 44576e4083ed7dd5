"""Faults and bad input, by the numbers of the reliability bar. Each is provoked really.

Tests that send signals or wait for a watchdog wait for real time: that is what is promised.
"""

import json
import random
import signal
import sqlite3
import time

import jsonschema
import pytest
from tests import sut
from tests.e2e.command import PATIENT
from tests.e2e.test_command import SCHEMA

from tonnage.demo import DemoConfig, DemoServer
from tonnage.metrics import reading
from tonnage.runs.store import Store


@pytest.fixture(scope="module")
def paced():
    """A demo service that takes 5 ms."""
    with DemoServer(DemoConfig(service_time=0.005)) as server:
        yield server


def wait_for(condition, what, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.02)


def stored_seconds(folder):
    """Seconds of windows in the newest run of a store, read beside its writer."""
    try:
        return max((window.end for window in Store(folder).load().windows), default=0)
    except Exception:  # it is just being made
        return 0


# ---- A. target and network ----


def test_case_01_a_target_that_is_down_from_the_start_is_refused_before_anything_is_sent(tonnage):
    with sut.Refuser() as nobody:
        done = tonnage("run", nobody.url, "-d", "1s", "--store", "runs")
    assert done.code == 113
    assert "connection refused" in done.err
    assert "--no-preflight" in done.err
    assert not list(tonnage.folder.rglob("*.db"))


@pytest.mark.parametrize("more", [(), ("--threshold", "http_req_duration=p(95)<500ms"), ("--no-thresholds",)])
def test_case_01_a_run_against_a_refused_server_never_passes_and_has_no_latency(tonnage, more):
    with sut.Refuser() as nobody:
        done = tonnage.run(nobody.url, "--rate", "20", "-d", "1s", "--no-preflight", *more)
    assert done.code != 0
    assert done.document["verdict"] in {"fail", "invalid"}
    (error,) = done.document["errors"]
    assert error["code"] == "1212"
    assert error["count"] == 20
    assert "http_req_duration" not in done.document["metrics"]
    assert done.value("http_req_error_duration", "count") == 20
    jsonschema.validate(done.document, SCHEMA)


def test_case_02_a_target_that_dies_and_returns_leaves_a_gap_and_the_schedule_goes_on(make):
    with sut.Returning([(0.0, 1.0), (2.0, 60.0)]) as server:
        made = make.url(server.url, rate=40, duration=3)
    assert made.count("arrivals_started") == 120
    good = made.per_second(lambda window: reading.count(window, "http_reqs", {"status": "200"}))
    bad = made.per_second(lambda window: reading.count(window, "http_req_errors"))
    assert bad[1] >= 30
    assert good[0] >= 30
    assert good[2] >= 30
    assert made.verdict.exit_code == 99


def test_case_03_a_target_that_always_fails_fails_the_run_by_default(tonnage, demo):
    url = demo.url + "/status/500"
    done = tonnage.run(url, "-i", "20")
    assert (done.code, done.document["verdict"]) == (99, "fail")
    assert done.document["thresholds"]["http_req_failed"]["rate<0.01"]["ok"] is False
    text = tonnage("run", url, *PATIENT, "-i", "20", "--store", ":memory:")
    assert "implicit" in text.out
    assert tonnage.run(url, "-i", "20", "--no-thresholds").code == 0, "who opts out has said so"


def test_case_04_a_target_that_never_answers_is_given_up_and_its_requests_are_samples(tonnage):
    with sut.black_hole() as silent:
        done = tonnage.run(silent.url, "--rate", "20", "-d", "1s", "--timeout", "300ms", "--max-vus", "50")
    assert done.code == 99
    (error,) = done.document["errors"]
    assert (error["code"], error["count"]) == ("1050", 20)
    assert done.value("http_req_response_time", "count") == 20
    assert done.value("http_req_response_time", "med") >= 300
    assert "med" in done.document["censored"]["http_req_response_time"]
    assert done.value("vus_max", "max") <= 50


def test_case_04_the_time_out_is_finite_by_default(tonnage):
    explained = tonnage("inspect", "http://127.0.0.1:1/", "-i", "1")
    assert explained.document["http"]["timeout"] == 30


@pytest.mark.parametrize("more", [("--threshold", "http_req_duration=p(95)<500ms"), ("--no-thresholds",)])
def test_hung_users_never_pass(tonnage, more):
    script = tonnage.script(
        "from tonnage import constant_vus, scenario\n"
        "@scenario(constant_vus(10, 1), graceful_stop=0)\n"
        "async def work(vu):\n"
        "    await vu.http.get('/hang' if vu.id % 2 else '/delay/50')\n"
    )
    with DemoServer(DemoConfig()) as server:
        done = tonnage.run(script, "--base-url", server.url, *more)
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert "5 of 10 VUs ended inside a request older than the slowest answer" in done.reasons


@pytest.mark.parametrize(("late", "more"), [("queue", ()), ("drop", ("--no-thresholds",))])
def test_arrivals_that_were_not_sent_never_pass(tonnage, late, more):
    with DemoServer(DemoConfig(service_time=0.5)) as slow:
        done = tonnage.run(slow.url, "--rate", "50", "-d", "1s", "--max-vus", "2", "--late", late, *more)
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert "arrivals started" in done.reasons


def test_a_threshold_without_samples_never_passes(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--threshold", "http_req_duration{name:nobody}=p(95)<1s")
    assert (done.code, done.document["verdict"]) == (111, "invalid")


def test_case_05_a_stall_for_everybody_is_in_the_response_time_and_its_queue_is_apart(make):
    with DemoServer(DemoConfig(stalls=((1.0, 3.0),))) as server:
        made = make.url(server.url, rate=50, duration=4, max_vus=5, vus=5)
    assert made.trend("http_req_response_time").quantile(0.99).lower >= 1.9
    assert made.trend("arrival_vu_wait").maximum().lower >= 1.8
    # Five requests saw the stall themselves; the others only waited for a VU.
    assert made.trend("http_req_duration").quantile(0.95).lower < 0.5


# ---- B. generator machine ----


def test_case_16_an_impossible_rate_runs_on_is_counted_and_is_invalid(tonnage):
    with DemoServer(DemoConfig(service_time=0.2)) as slow:
        done = tonnage.run(slow.url, "--rate", "400", "-d", "2s", "--max-vus", "10", "--late", "drop")
        lenient = tonnage.run(
            slow.url, "--rate", "40", "-d", "1s", "--max-vus", "6", "--late", "drop", "--limit", "started=0.5",
            "--no-thresholds",
        )  # fmt: skip
    assert done.code == 111
    delivered = done.document["delivered"]
    assert delivered["duration"] == 2
    assert delivered["dropped"] + delivered["started"] == 800
    assert delivered["dropped"] > 600
    assert lenient.code == 0, "the limit is a field of the plan"


def test_case_17_slow_imports_and_starts_do_not_shorten_the_run(tonnage, paced):
    script = tonnage.script(
        "import time\n"
        "from tonnage import constant_vus, scenario, setup, start\n"
        "time.sleep(1)\n"
        "@setup\n"
        "def prepare(vu):\n"
        "    vu.sleep(0.5)\n"
        "@start\n"
        "async def begin(vu):\n"
        "    await vu.sleep(0.5)\n"
        "@scenario(constant_vus(2, 2))\n"
        "async def work(vu):\n"
        "    await vu.http.get('/')\n"
        "    await vu.sleep(0.01)\n"
    )
    done = tonnage.run(script, "--base-url", paced.url)
    assert done.document["delivered"]["duration"] == pytest.approx(2, rel=0.01)
    assert done.seconds > 4
    assert done.code == 0


SLOW_SCRIPT = """\
from tonnage import constant_vus, scenario, teardown

@scenario(constant_vus(4, 60), graceful_stop=10)
async def work(vu):
    await vu.http.get("/delay/300")

@teardown
def clean(vu):
    vu.http.get("/items", name="teardown")
"""


def test_case_20_the_first_signal_of_each_kind_drains_and_reports(tonnage, demo):
    script = tonnage.script(SLOW_SCRIPT)
    arguments = ("run", script, *PATIENT, "--base-url", demo.url, "--json", "--store")
    runs = {number: tonnage.start(*arguments, number.name) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, run in runs.items():
        wait_for(lambda store=number.name: stored_seconds(tonnage.folder / store) >= 1, "the first second")
        run.signal(number)
    asked = time.monotonic()
    for number, run in runs.items():
        done = run.finish(within=15)
        document = done.document
        assert done.code == 105
        assert (document["outcome"], document["verdict"], document["exit_code"]) == ("interrupted", "invalid", 105)
        assert document["delivered"]["completed"] == document["delivered"]["started"], "nothing was cut off"
        assert document["delivered"]["duration"] < 15
        assert document["metrics"]["http_reqs"]["values"]["count"] == document["delivered"]["completed"] + 1
        assert "stopped by a signal" in done.reasons
        jsonschema.validate(document, SCHEMA)
        assert tonnage("report", "last", "--store", number.name, "--json").document == document
    assert time.monotonic() - asked < 8, "a request of 300 ms is what there is to drain"


def test_case_20_the_drain_is_bounded_by_the_graceful_stop(tonnage, demo):
    text = SLOW_SCRIPT.replace("/delay/300", "/hang").replace("graceful_stop=10", "graceful_stop=1")
    with tonnage.started("run", tonnage.script(text), "--base-url", demo.url, "--json", "--store", "runs") as run:
        wait_for(lambda: stored_seconds(tonnage.folder / "runs") >= 1, "the first second")
        run.signal(signal.SIGINT)
        asked = time.monotonic()
        done = run.finish(within=15)
        assert 0.9 <= time.monotonic() - asked < 4
    assert done.code == 105
    assert done.value("iterations_interrupted", "count") == 4
    assert done.document["delivered"]["completed"] == 0


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
def test_case_20_the_second_signal_ends_the_run_within_two_seconds_with_what_there_is(tonnage, demo, second):
    text = SLOW_SCRIPT.replace("/delay/300", "/delay/20000").replace("graceful_stop=10", "graceful_stop=50")
    with tonnage.started("run", tonnage.script(text), "--base-url", demo.url, "--json", "--store", "runs") as run:
        wait_for(lambda: stored_seconds(tonnage.folder / "runs") >= 2, "the second second")
        run.signal(signal.SIGINT)
        time.sleep(0.5)
        assert run.process.poll() is None, "it drains"
        run.signal(getattr(signal, second))
        asked = time.monotonic()
        done = run.finish(within=15)
        assert time.monotonic() - asked < 2
    assert done.code == 105
    assert done.value("iterations_interrupted", "count") == 4
    assert done.document["delivered"]["duration"] >= 2
    jsonschema.validate(done.document, SCHEMA)


def test_case_20_two_signals_end_a_script_that_holds_the_thread_within_two_seconds(tonnage):
    script = tonnage.script(
        "from tonnage import constant_vus, scenario\n"
        "@scenario(constant_vus(1, 60))\n"
        "async def work(vu):\n"
        "    await vu.sleep(1.1)\n"
        "    while True:\n"
        "        try:\n"
        "            while True:\n"
        "                pass\n"
        "        except BaseException:\n"
        "            pass\n"
    )
    with tonnage.started("run", script, "--json", "--store", "runs") as run:
        wait_for(lambda: stored_seconds(tonnage.folder / "runs") >= 1, "the first second")
        time.sleep(1)
        run.signal(signal.SIGINT)
        time.sleep(0.4)  # two signals of one kind at the same instant are one
        run.signal(signal.SIGINT)
        asked = time.monotonic()
        done = run.finish(within=15)
        assert time.monotonic() - asked < 2
    assert done.code == 105
    assert "script.py:" in done.err


def test_case_20_a_signal_during_setup_ends_the_run(tonnage):
    script = tonnage.script(
        "from tonnage import scenario, setup\n"
        "@setup\n"
        "async def prepare(vu):\n"
        "    print('in setup', flush=True)\n"
        "    await vu.sleep(60)\n"
        "@scenario(vus=1, iterations=1)\n"
        "async def work(vu):\n"
        "    pass\n"
    )
    with tonnage.started("run", script, "--store", "runs") as run:
        assert run.process.stdout.readline() == "in setup\n"
        run.signal(signal.SIGINT)
        done = run.finish(within=10)
    assert done.code == 105
    assert done.seconds < 10


def test_case_21_a_run_that_is_killed_at_any_instant_loses_at_most_one_second(tonnage, paced):
    """Killed in parallel at random instants; each database is whole and the report works."""
    instants = random.Random(21)
    runs = []
    for number in range(4):
        store = f"runs{number}"
        started = tonnage.start("run", paced.url, "--rate", "50", "-d", "60s", "-q", "--store", store)
        runs.append((store, started, instants.uniform(0.3, 3.3)))
    released = {}
    for store, _, _ in runs:
        wait_for(lambda store=store: stored_seconds(tonnage.folder / store) >= 1, "the first second")
        released[store] = time.monotonic() - 1  # at most: the first second may have been stored a while ago
    began = time.monotonic()
    for store, started, instant in sorted(runs, key=lambda run: run[2]):
        time.sleep(max(0.0, began + instant - time.monotonic()))
        before = stored_seconds(tonnage.folder / store)
        lived = time.monotonic() - released[store]
        started.signal(signal.SIGKILL)
        started.finish()
        assert before >= lived - 2.5  # what was stored when it died: the last whole second, and some noise
    for store, _, _ in runs:
        (path,) = (tonnage.folder / store).glob("*.db")
        report = tonnage("report", "last", "--store", store, "--json")
        assert report.code == 0
        document = report.document
        assert (document["outcome"], document["exit_code"]) == ("interrupted", 105)
        assert "its process was killed" in "\n".join(document["reasons"])
        seconds = document["delivered"]["duration"]
        assert document["delivered"]["arrivals"] == pytest.approx(50 * seconds, abs=10)
        jsonschema.validate(document, SCHEMA)
        with sqlite3.connect(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        assert "unfinished" in tonnage("runs", "--store", store).out


# ---- 29: scripts ----


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_case_29_an_exception_is_counted_and_the_scenario_beside_it_goes_on(tonnage, paced, kind):
    script = tonnage.script(
        "from tonnage import scenario\n"
        "@scenario(vus=1, iterations=50)\n"
        f"{kind} broken(vu):\n"
        "    raise ValueError('no\\x1b[31m way')\n"
        "@scenario(vus=1, iterations=20)\n"
        "async def sound(vu):\n"
        "    await vu.http.get('/')\n"
    )
    done = tonnage.run(script, "--base-url", paced.url)
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert done.err.count("Traceback") == 1
    assert "script.py:4: iteration of VU 1 raised ValueError" in done.err
    assert {(e["of"], e["kind"], e["count"]) for e in done.document["errors"]} == {("iteration", "ValueError", 50)}
    assert done.value("http_reqs", "count") == 20
    assert "50 of 70 iterations raised" in done.reasons


def test_case_29_an_exception_whose_text_cannot_be_had_is_counted_all_the_same(make):
    made = make(
        """
        class Broken(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        @scenario(vus=1, iterations=2)
        async def work(vu):
            raise Broken

        @scenario(vus=1, iterations=2)
        def plain(vu):
            raise Broken
        """
    )
    assert made.count("iteration_errors", kind="Broken") == 4
    assert made.verdict.outcome == "completed"


@pytest.mark.parametrize("text", ["return nested(vu)", "return [nested(vu)][0]"])
def test_case_29_a_plain_function_that_gives_a_coroutine_is_an_error_and_not_a_fast_iteration(make, text):
    made = make(
        f"""
        async def nested(vu):
            await vu.sleep(1)

        @scenario(vus=1, iterations=2)
        def work(vu):
            {text}
        """
    )
    assert made.count("iteration_errors", kind="TypeError") == 2
    assert "nobody awaits it" in made.events("script_error")[0]


@pytest.mark.parametrize(("kind", "wait"), [("async def", "await "), ("def", "")])
def test_case_29_a_blocking_call_is_named_with_file_and_line(tonnage, kind, wait):
    script = tonnage.script(
        "import time\n"
        "from tonnage import scenario\n"
        "@scenario(vus=2, iterations=4)\n"
        f"{kind} work(vu):\n"
        f"    {wait}vu.sleep(0.01)\n"
        "    time.sleep(0.4)\n"
    )
    done = tonnage("run", script, "--json", "--store", ":memory:")
    assert "script.py:6 kept the engine for more than 100 ms" in done.err
    assert done.code == 111
    assert "script lag p99" in done.reasons


KINDS = ("async def", "def")


def test_case_29_an_endless_loop_is_ended_after_the_run_and_named(tonnage):
    scripts = [
        tonnage.script(
            "from tonnage import constant_vus, scenario\n"
            "@scenario(constant_vus(2, 1), graceful_stop=1)\n"
            f"{kind} work(vu):\n"
            "    while True:\n"
            "        vu.id\n",
            f"{number}.py",
        )
        for number, kind in enumerate(KINDS)
    ]
    for done in tonnage.together(*(("run", script, "--json", "--store", ":memory:") for script in scripts)):
        assert done.seconds < 10
        assert done.code == 111
        assert ".py:4" in done.err or ".py:5" in done.err
        assert {error["kind"] for error in done.document["errors"]} <= {"ScriptInterrupted"}


STUBBORN = """\
while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""


def test_case_29_a_script_that_never_gives_the_thread_back_still_ends_and_never_passes(tonnage):
    scripts = [
        tonnage.script(
            "import time\n"
            "from tonnage import constant_vus, scenario\n"
            "@scenario(constant_vus(1, 1), graceful_stop=0)\n"
            f"{kind} work(vu):\n"
            f"    {hold}\n",
            f"{number}.py",
        )
        for number, (kind, hold) in enumerate((kind, hold) for kind in KINDS for hold in (STUBBORN, "time.sleep(30)"))
    ]
    calls = [("run", script, "--no-thresholds", "--json", "--store", ":memory:") for script in scripts]
    for done in tonnage.together(*calls):
        assert done.seconds < 15
        assert done.code == 111
        assert "never gave the engine's thread back" in done.reasons


# ---- 30: a defect of the tool itself ----

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


# ---- C. configuration ----


def test_case_33_all_mistakes_are_told_at_once_with_place_and_suggestion(tonnage):
    (tonnage.folder / "tonnage.toml").write_text(
        'vuss = 3\nduration = "5 minuets"\nrate = -1\n\n[limits]\nstarted = nan\nhung_vus = 1e308\n', encoding="utf-8"
    )
    with sut.Server(sut.base.polite) as server:
        done = tonnage("run", server.url, "--timeout", "5", "--seed", "x")
        assert server.accepted == 0
    assert (done.code, done.out) == (104, "")
    lines = done.err.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    for place in ("tonnage.toml:1", "tonnage.toml:2", "tonnage.toml:3", "tonnage.toml:6", "tonnage.toml:7"):
        assert any(place in line for line in lines), (place, lines)
    assert any("--timeout" in line for line in lines)
    assert any("--seed" in line for line in lines)
    assert any("did you mean" in line.lower() and "vus" in line for line in lines)


def test_case_33_a_value_of_wrong_type_unit_or_size_is_refused(tonnage):
    wrong = ["vus = 0", "vus = 1.5", 'vus = "many"', 'duration = "0s"', 'duration = "1e308s"', "rate = inf"]
    files = [tonnage.script(text + "\n", f"{number}.toml") for number, text in enumerate(wrong)]
    for name, done in zip(
        files, tonnage.together(*(("run", "http://127.0.0.1:9/", "-c", name) for name in files)), strict=True
    ):
        assert done.code == 104
        assert f"{name}:1" in done.err


def test_case_34_an_objective_without_samples_is_no_data_and_the_run_is_invalid(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--threshold", "http_req_duration{status:418}=p(95)<1s")
    assert done.code == 111
    assert done.document["thresholds"]["http_req_duration{status:418}"]["p(95)<1s"] == {
        "ok": None, "value": None, "margin": None,
    }  # fmt: skip
    assert "no samples" in done.reasons


def test_case_35_a_broken_objective_is_told_at_once(tonnage):
    broken = ["p(95)<", "p(101)<1s", "p(95)=~.*", "avg<1 lightyear", "((((((", "p(95)<" + "9" * 5000, "x" * 100_000]
    calls = [("run", "http://127.0.0.1:9/", "-i", "1", "--threshold", f"http_req_duration={text}") for text in broken]
    for done in tonnage.together(*calls):
        assert done.code == 104
        assert done.err.startswith("error: --threshold")
        assert len(done.err) < 2000


def test_case_35_an_unknown_metric_is_told_with_the_nearest(tonnage):
    done = tonnage("run", "http://127.0.0.1:9/", "-i", "1", "--threshold", "http_req_durations=p(95)<1s")
    assert done.code == 104
    assert "http_req_duration" in done.err


# ---- D. results ----


def no_strange_numbers(done):
    for text in (done.out, done.err):
        for word in ("NaN", "nan", "Infinity", " inf", "ZeroDivision", "Traceback"):
            assert word not in text


def test_case_45_a_run_without_requests_has_sensible_text(tonnage):
    script = tonnage.script("from tonnage import scenario\n@scenario(vus=1, iterations=1)\ndef work(vu):\n    pass\n")
    for more in ((), ("--no-thresholds",), ("--json",)):
        done = tonnage("run", script, *PATIENT, "--store", ":memory:", *more)
        no_strange_numbers(done)
        assert done.code == (0 if "--no-thresholds" in more else 111)
        if "--json" in more:
            jsonschema.validate(done.document, SCHEMA)


def test_case_45_a_run_that_ended_before_its_start_has_sensible_text(tonnage):
    script = tonnage.script(
        "from tonnage import scenario, setup\n"
        "@setup\n"
        "def prepare():\n"
        "    raise ValueError\n"
        "@scenario(vus=1, iterations=1)\n"
        "def work(vu):\n"
        "    pass\n"
    )
    for more in ((), ("--json",)):
        done = tonnage("run", script, "--store", ":memory:", *more)
        assert done.code == 107
        for word in ("NaN", "nan", "Infinity", " inf", "ZeroDivision"):
            assert word not in done.out + done.err
        if more:
            jsonschema.validate(done.document, SCHEMA)
            assert done.document["delivered"]["duration"] == 0


@pytest.mark.parametrize("path", ["/", "/status/500", "/drop"])
def test_case_45_one_request_all_failed_or_all_alike_have_sensible_text(tonnage, demo, path):
    ways = (("-i", "1"), ("-i", "1", "--json"), ("-u", "2", "-i", "6"))
    calls = [("run", demo.url + path, *PATIENT, *way, "--store", ":memory:") for way in ways]
    for arguments, done in zip(ways, tonnage.together(*calls), strict=True):
        no_strange_numbers(done)
        assert done.code == (0 if path == "/" else 99)
        if "--json" in arguments:
            jsonschema.validate(json.loads(done.out), SCHEMA)
