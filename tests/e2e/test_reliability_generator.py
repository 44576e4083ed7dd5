"""Loads beyond the generator, signals and kills, by the numbers of the reliability bar (B: 16 to 21).

They wait for real time: that is what is promised.
"""

import random
import signal
import sqlite3
import time

import jsonschema
import pytest
from tests.e2e.command import PATIENT, SCHEMA
from tests.e2e.waiting import stored_seconds, wait_for

from tonnage.demo import DemoConfig, DemoServer


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
