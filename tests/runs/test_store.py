"""The store: what was committed is there, whatever happened to the process, the disk or the file."""

import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import sleep

import pytest

from tonnage.errors import StoreError
from tonnage.load.executor import ConstantVus
from tonnage.load.plan import Http, Plan, RequestSource, Scenario, ScriptSource, Threshold
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window, WindowSum
from tonnage.runs.environment import Environment
from tonnage.runs.recorder import Batch, Recorder
from tonnage.runs.run import Ending, Event
from tonnage.runs.store import Origins, Store, run_id
from tonnage.runs.verdict import judge

PLAN = Plan(
    scenarios=(Scenario("default", ConstantVus(2, 5.0)),),
    script=ScriptSource("shop.py", "00", "# a shop"),
    thresholds=(Threshold("http_req_duration", "p(95)<500", {"name": "GET /"}),),
)
ENVIRONMENT = Environment(tonnage="0.1.0", cpus=2, command=("tonnage", "run", "shop.py"), facts={"host": "here"})
STARTED = "2026-11-24T19:43:12Z"
ID = "20261124-194312-7f3a"


def window(start: int) -> Window:
    histogram = Histogram()
    histogram.record(1_000_000 * (start + 2), 40)
    return Window(
        start,
        1,
        {Series.of("http_reqs", name="GET /"): 40, Series.of("spent"): 2**70, Series.of("iterations_started"): 40},
        {Series.of("vus", generator="0"): Gauge(start + 0.5, 2.0, 1.0, 2.0)},
        {Series.of("http_req_duration", name="GET /"): histogram},
    )


def total(seconds: int) -> Window:
    found = WindowSum()
    for second in range(seconds):
        found.add(window(second))
    return found.take()


def record(store: Store, seconds: int, which: str = ID, plan: Plan = PLAN, ended: bool = True) -> Recorder:
    recorder = Recorder(store.create(plan, ENVIRONMENT, STARTED, which))
    for second in range(seconds):
        recorder.window((0, 1, second), window(second))
    if ended:
        ending = Ending("completed", float(seconds), float(seconds), vus=2)
        recorder.finish(ending, judge(plan, recorder.total(), ending, recorder.events))
    return recorder


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return Store(tmp_path / "store" if request.param == "folder" else ":memory:")


def test_an_id_sorts_by_time():
    assert run_id(datetime(2026, 11, 24, 19, 43, 12, tzinfo=UTC), b"\x7f\x3a\x99") == ID


def test_a_run_is_read_as_it_was_written(store):
    origins = Origins("rehearsed", {"seed": 7, "shape": [1, 2]})
    recorder = Recorder(store.create(PLAN, ENVIRONMENT, STARTED, ID, origins))
    recorder.event(Event(0.25, "started", "released"))
    for second in range(-1, 73):
        recorder.window((0, 1, second), window(second))
    ending = Ending("completed", 73.0, 73.5, hung=1, vus=2)
    verdict = judge(PLAN, recorder.total(), ending, recorder.events)
    recorder.finish(ending, verdict)
    run = store.load(ID)
    assert (run.id, run.origin, run.plan, run.environment, run.started_at) == (
        ID,
        "rehearsed",
        PLAN,
        ENVIRONMENT,
        STARTED,
    )
    assert (run.facts, run.ending, run.verdict, run.events) == (origins.facts, ending, verdict, recorder.events)
    assert run.windows == tuple(window(second) for second in range(-1, 73))
    assert run.total == recorder.total()


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("resolution", [1, 10, 60])
def test_windows_of_any_resolution_add_up_to_the_total(store, resolution, ended):
    record(store, 137, ended=ended)
    run = store.load(ID, resolution)
    found = WindowSum()
    for one in run.windows:
        found.add(one)
    assert found.take() == run.total == total(137)
    assert [w.start for w in run.windows] == list(range(0, 137, resolution))


def test_a_run_without_an_ending_is_interrupted(store):
    record(store, 3, ended=False)
    run = store.load()
    assert run.ending is None
    assert (run.verdict.value, run.verdict.outcome, run.verdict.exit_code) == ("invalid", "interrupted", 105)
    assert run.total == total(3)


def test_a_run_whose_engine_died_has_its_verdict_and_no_ending(store):
    recorder = record(store, 3, ended=False)
    recorder.event(Event(3.0, "engine_crashed", "panic"))
    verdict = judge(PLAN, recorder.total(), None, recorder.events)
    recorder.finish(None, verdict)
    run = store.load()
    assert (run.ending, run.verdict, run.total, run.verdict.exit_code) == (None, verdict, total(3), 109)
    assert store.list()[0].ended


def test_an_infinite_bound_survives(tmp_path):
    store = Store(tmp_path)
    hung = Series.of("http_req_duration", name="GET /", censored="true")
    histogram = Histogram()
    histogram.record(5_000_000_000, 100)
    recorder = Recorder(store.create(PLAN, ENVIRONMENT, STARTED, ID))
    recorder.window((0, 1, 0), Window(0, 1, {}, {}, {hung: histogram}))
    ending = Ending("completed", 1.0, 1.0)
    verdict = judge(PLAN, recorder.total(), ending, ())
    assert verdict.thresholds[0].upper == float("inf")
    recorder.finish(ending, verdict)
    assert store.load().verdict == verdict


def test_a_finished_run_is_one_file_that_plain_sql_can_read(tmp_path):
    store = Store(tmp_path)
    record(store, 12)
    assert [path.name for path in tmp_path.glob(f"{ID}*")] == [f"{ID}.db"]
    assert store.path(ID).stat().st_mode & 0o077 == 0
    query = """SELECT start, sum(value) FROM counters JOIN windows w ON w.id = window JOIN series s ON s.id = series
               WHERE resolution = 1 AND metric = 'http_reqs' GROUP BY start"""
    with closing(sqlite3.connect(store.path(ID))) as sql:
        assert sql.execute(query).fetchall() == [(second, 40) for second in range(12)]
        assert sql.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (1,)


# ------------------------------------------------------------------------------------- finding runs


def test_a_run_is_found_by_its_beginning_or_as_the_last(store):
    for which in ("20261124-194312-7f3a", "20261124-194312-8000", "20261125-080000-0001"):
        record(store, 1, which)
    assert store.resolve("20261124-194312-7") == ID
    assert store.resolve("last") == "20261125-080000-0001"
    with pytest.raises(StoreError, match="beginning of 2 runs"):
        store.resolve("20261124")
    with pytest.raises(StoreError, match=r"no run '20261125-080000-0002' in .*: did you mean 20261125-080000-0001"):
        store.resolve("20261125-080000-0002")


def test_an_empty_store_says_so(store):
    assert store.list() == ()
    with pytest.raises(StoreError, match=r"no run in .* yet"):
        store.load()


@pytest.mark.parametrize("which", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_an_id_that_would_leave_the_folder_is_refused(store, which):
    with pytest.raises(StoreError, match="no run id"):
        store.create(PLAN, ENVIRONMENT, STARTED, which)


def test_an_existing_run_is_never_overwritten(store):
    record(store, 2)
    with pytest.raises(StoreError, match="there is a"):
        store.create(PLAN, ENVIRONMENT, STARTED, ID)
    assert store.load(ID).total == total(2)


def test_the_list_has_a_line_for_each_run(store):
    record(store, 5)
    record(store, 3, "20261125-000000-0000", ended=False)
    ended, unfinished = store.list()
    assert (ended.id, ended.verdict, ended.source, ended.duration, ended.requests) == (ID, "pass", "shop.py", 5.0, 200)
    assert (unfinished.verdict, unfinished.outcome, unfinished.requests) == ("invalid", "interrupted", 120)


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "foreign"])
def test_the_index_is_made_anew_when_it_cannot_be_read(tmp_path, damage):
    store, index = Store(tmp_path), tmp_path / "index.sqlite"
    record(store, 5)
    listed = store.list()
    if damage == "missing":
        index.unlink()
    elif damage == "text":
        index.write_text("not a database, but long enough to be taken for one" * 100)
    elif damage == "truncated":
        index.write_bytes(index.read_bytes()[:5000])
    else:
        index.unlink()
        with closing(sqlite3.connect(index)) as sql:
            sql.execute("CREATE TABLE runs (name)")
    assert store.list() == listed
    store.rebuild_index()
    with closing(sqlite3.connect(index)) as sql:
        assert [run for (run,) in sql.execute("SELECT id FROM runs")] == [ID]


def test_a_run_that_was_deleted_leaves_the_list(tmp_path):
    store = Store(tmp_path)
    record(store, 1)
    assert len(store.list()) == 1
    store.path(ID).unlink()
    assert store.list() == ()


# ------------------------------------------------------------------------------------- reliability


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from random import Random
    sys.path.insert(0, sys.argv[2])
    from test_store import ENVIRONMENT, PLAN, STARTED, window
    from tonnage.runs.recorder import Recorder
    from tonnage.runs.store import Store
    recorder = Recorder(Store(Path(sys.argv[1])).create(PLAN, ENVIRONMENT, STARTED, sys.argv[3]))
    for second in range(int(sys.argv[4])):
        recorder.window((0, 1, second), window(second))
        print(second, flush=True)
""")


def start_writer(folder: Path, which: str, seconds: int) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", WRITER, str(folder), str(Path(__file__).parent), which, str(seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kill", range(10))
def test_case_21_a_kill_at_any_instant_loses_at_most_one_second(tmp_path, kill):
    with start_writer(tmp_path, ID, 100_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        sleep(Random(kill).uniform(0, 0.3))  # the instant of the kill is what is tested
        process.kill()
        printed = process.stdout.read().split("\n")
    acknowledged = int(printed[-2]) if len(printed) > 1 else 0
    run = Store(tmp_path).load("last")
    assert run.total.end - 1 in (acknowledged, acknowledged + 1)
    assert run.total == total(run.total.end)
    assert [w.start for w in run.windows] == list(range(run.total.end))
    assert run.verdict.outcome == "interrupted"
    with closing(sqlite3.connect(Store(tmp_path).path(ID))) as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_case_24_a_full_disk_keeps_what_was_written_and_leaves_the_run_whole_in_memory(tmp_path):
    store = Store(tmp_path)
    writer = store.create(PLAN, ENVIRONMENT, STARTED, ID)
    recorder = Recorder(writer)
    for second in range(20):
        recorder.window((0, 1, second), window(second))
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    second = 20
    while recorder.fault is None:
        recorder.window((0, 1, second), window(second))
        second += 1
    assert "full" in str(recorder.fault)
    assert recorder.total() == total(second)
    written = store.load(ID)
    assert written.total.end == second - 1
    assert written.total == total(written.total.end)
    with pytest.raises(StoreError, match=r"7f3a.db cannot be written: .*full; free some space"):
        recorder.finish(Ending("completed", 59.0, 59.0), judge(PLAN, recorder.total(), None, recorder.events))
    assert store.load(ID).total == written.total


def test_case_24_space_that_comes_back_makes_the_run_whole(tmp_path):
    store = Store(tmp_path)
    writer = store.create(PLAN, ENVIRONMENT, STARTED, ID)
    recorder = Recorder(writer)
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    second = 0
    while recorder.fault is None:
        recorder.window((0, 1, second), window(second))
        second += 1
    recorder.window((0, 1, second), window(second))
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    end = second + 1
    recorder.finish(Ending("completed", end, end), judge(PLAN, recorder.total(), None, recorder.events))
    assert store.load(ID).total == total(end)
    assert [w.start for w in store.load(ID).windows] == list(range(end))


def test_case_25_a_folder_that_cannot_be_made_is_named_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"store .*file/store cannot be written: .*--store"):
        Store(tmp_path / "file" / "store").create(PLAN, ENVIRONMENT, STARTED, ID)


def test_case_28_two_runs_at_once_do_not_touch_each_other(tmp_path):
    processes = [start_writer(tmp_path, f"20261124-194312-000{i}", 200) for i in range(2)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    store = Store(tmp_path)
    assert [store.load(record.id).total == total(200) for record in store.list()] == [True, True]


def test_case_40_a_secret_is_in_no_file_of_the_store(tmp_path):
    secret = "canary-5f0c1d"
    plan = Plan(
        scenarios=(Scenario("default", ConstantVus(1, 1.0), env={"API_KEY": secret}),),
        request=RequestSource("GET", f"http://u:{secret}@h/?token={secret}", (("Authorization", f"Bearer {secret}"),)),
        http=Http(headers=(("X-Api-Key", secret),)),
        env={"TOKEN": secret, "STAGE": "test"},
    )
    environment = Environment(command=("tonnage", "run", "-e", f"TOKEN={secret}"))
    store = Store(tmp_path)
    writer = store.create(plan, environment, STARTED, ID)
    named = [Series.of("http_reqs", name=f"/{page}?access_token={secret}{page}") for page in "ab"]
    writer.commit(Batch(((1, Window(0, 1, dict.fromkeys(named, 2))),), (Event(0.0, "note", f"sent {secret}"),)))
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary" not in everything
    run = store.load()
    assert run.plan.env == {"TOKEN": "(hidden)", "STAGE": "test"}
    assert sum(run.total.counters.values()) == 4  # series that differed in a secret only add


# ------------------------------------------------------------------------------------- damaged files


def test_case_46_a_file_that_is_no_run_is_named_and_left_alone(tmp_path):
    store = Store(tmp_path)
    record(store, 30)
    whole = store.path(ID).read_bytes()
    damaged = {
        "0-empty": b"",
        "1-text": b"this is no database " * 1000,
        "2-cut-short": whole[: len(whole) // 2],
        "3-cut-to-a-header": whole[:100],
        "4-zeroes": whole[:4096] + bytes(len(whole) - 4096),
    }
    for name, data in damaged.items():
        store.path(name).write_bytes(data)
        with pytest.raises(StoreError, match=rf"{name}\.db cannot be read: .+ \(the file was not changed\)"):
            store.load(name)
        assert store.path(name).read_bytes() == data
    faults = {record.id: record.fault for record in store.list()}
    assert faults.pop(ID) == ""
    assert all(faults.values())


def test_case_46_a_flipped_histogram_is_found(tmp_path):
    store = Store(tmp_path)
    record(store, 3)
    with closing(sqlite3.connect(store.path(ID))) as sql, sql:
        sql.execute("UPDATE histograms SET data = x'00ff00ff'")
    with pytest.raises(StoreError, match="cannot be read"):
        store.load(ID)


def test_case_46_another_programs_database_is_refused(tmp_path):
    store = Store(tmp_path)
    record(store, 1)
    with closing(sqlite3.connect(store.path("other"))) as sql, sql:
        sql.execute("CREATE TABLE meta (key, value)")
    with pytest.raises(StoreError, match="database of another program"):
        store.load("other")


def test_case_46_a_newer_schema_asks_for_a_newer_tonnage(tmp_path):
    store = Store(tmp_path)
    record(store, 1)
    with closing(sqlite3.connect(store.path(ID))) as sql, sql:
        sql.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    with pytest.raises(StoreError, match=r"schema 99 of a newer Tonnage.*upgrade"):
        store.load(ID)


def test_it_can_be_read_while_it_is_written(tmp_path):
    store = Store(tmp_path)
    recorder = Recorder(store.create(PLAN, ENVIRONMENT, STARTED, ID))
    for second in range(70):
        recorder.window((0, 1, second), window(second))
        assert Store(tmp_path).load(ID).total.end == second + 1
