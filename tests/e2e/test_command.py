"""`tonnage run`, `report` and `runs` as a person or a pipeline calls them: options, streams, exit codes."""

import subprocess

import jsonschema
import pytest
from tests import sut
from tests.e2e.command import PATIENT, PROGRAM, SCHEMA

from tonnage.demo import DemoConfig, DemoServer

# ---- what comes out where ----


def test_a_run_of_a_url_prints_one_valid_document_and_nothing_else(tonnage, paced):
    done = tonnage.run(paced.url, "-u", "2", "-d", "1s")
    jsonschema.validate(done.document, SCHEMA)
    assert (done.code, done.document["exit_code"], done.document["verdict"]) == (0, 0, "pass")
    assert done.document["planned"]["duration"] == done.document["delivered"]["duration"] == 1
    assert done.value("http_reqs", "count") == done.document["delivered"]["completed"] > 100
    assert done.value("http_req_duration", "min") >= 5 * (1 - 1e-3)
    assert done.err.splitlines() == [f"loading 127.0.0.1:{paced.port}: GET {paced.url}"]


def test_a_run_prints_a_summary_and_its_progress_goes_to_the_error_stream(tonnage, paced):
    done = tonnage("run", paced.url, *PATIENT, "-u", "1", "-d", "1s", "--store", ":memory:")
    assert done.code == 0
    assert done.out.startswith("PASS")
    assert "http_req_failed" in done.out
    assert "\x1b" not in done.out + done.err
    assert done.err.startswith(f"loading 127.0.0.1:{paced.port}")


def test_quiet_leaves_the_summary_alone(tonnage, paced):
    done = tonnage("run", paced.url, *PATIENT, "-i", "3", "--quiet", "--store", ":memory:")
    assert done.out.startswith("PASS")
    assert done.err == ""


def test_explain_shows_the_plan_and_sends_nothing(tonnage):
    with sut.Server(sut.base.polite) as server:
        done = tonnage("run", server.url, "--rate", "20", "-d", "5s", "--explain")
        assert server.accepted == 0
    assert done.code == 0
    assert "20/s for 5s, at most 100 VUs" in done.out
    assert "--duration, --rate" in done.out
    assert not list(tonnage.folder.rglob("*.db"))


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_case_26_a_reader_that_leaves_costs_neither_a_traceback_nor_the_exit_code(tonnage, paced, arguments, reader):
    line = f"set -o pipefail; {PROGRAM} run {paced.url}/status/500 -i 300 --store runs {' '.join(arguments)} | {reader}"
    done = subprocess.run(["bash", "-c", line], cwd=tonnage.folder, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert len(done.stdout.splitlines()) == (reader == "head -1")
    assert done.returncode == 99
    assert tonnage("report", "last", "--store", "runs").out.startswith("FAIL")


def test_case_26_progress_is_a_plain_line_every_ten_seconds_and_needs_no_reader(tonnage, paced):
    # Ten seconds of real time, for both at once: only then is there a line of progress, or one that cannot be written.
    unread = f"{PROGRAM} run {paced.url} -u 1 -d 11s --store unread 2>&1 >/dev/null | head -1"
    with (
        tonnage.started("run", paced.url, *PATIENT, "-u", "1", "-d", "11s", "--store", ":memory:") as read,
        subprocess.Popen(["bash", "-c", unread], cwd=tonnage.folder, stdout=subprocess.PIPE, text=True) as shell,
    ):
        assert len(shell.communicate(timeout=60)[0].splitlines()) == 1
        lines = [line for line in read.finish().err.splitlines() if line.startswith("0:10")]
    assert len(lines) == 1
    assert "started" in lines[0]
    assert "p99" in lines[0]
    report = tonnage("report", "last", "--store", "unread", "--json")
    assert (report.document["outcome"], report.document["delivered"]["duration"]) == ("completed", 11)


def test_case_26_output_is_ascii_where_the_locale_has_no_more(tonnage, paced):
    done = tonnage(
        "run",
        paced.url,
        *PATIENT,
        "-i",
        "3",
        "--store",
        ":memory:",
        PYTHONIOENCODING="ascii",
        TERM="dumb",
        COLUMNS="20",
    )
    assert done.code == 0
    assert (done.out + done.err).isascii()


# ---- the load that is asked for ----


def test_iterations_are_shared_by_the_vus(tonnage, paced):
    done = tonnage.run(paced.url, "-u", "3", "-i", "10")
    assert done.document["delivered"]["completed"] == 10


def test_a_rate_is_delivered_and_planned_side_by_side(tonnage, paced):
    done = tonnage.run(paced.url, "--rate", "50/s", "-d", "2s", "--max-vus", "20")
    assert done.document["planned"] == {"arrivals": 100, "duration": 2, "rate": 50}
    assert done.document["delivered"]["started"] == 100
    assert done.document["delivered"]["rate"] == 50
    assert done.value("vus_max", "max") <= 20
    assert done.code == 0


def test_stages_ramp_vus_and_with_a_rate_arrivals(tonnage, paced):
    both = (("-s", "1s:4", "-s", "1s:0"), ("--rate", "0", "-s", "1s:40", "-s", "1s:0"))
    calls = [("run", paced.url, *PATIENT, *stages, "--json", "--store", ":memory:") for stages in both]
    closed, opened = tonnage.together(*calls)
    assert closed.document["planned"]["arrivals"] is None
    assert closed.value("vus", "max") == 4
    assert opened.document["planned"]["arrivals"] == pytest.approx(40, abs=1)
    assert opened.document["delivered"]["started"] == opened.document["planned"]["arrivals"]


def test_method_headers_and_body_are_sent_as_given(tonnage):
    seen = []

    def keep(peer):
        while head := peer.request():
            seen.append(head.decode())
            peer.send(sut.base.ANSWER)

    (tonnage.folder / "body.json").write_text('{"a": 1}', encoding="utf-8")
    with sut.Server(keep) as server:
        done = tonnage.run(
            server.url + "/x?y=1", "-i", "1", "-X", "PUT", "-H", "X-One: 1", "-H", "Content-Type: application/json",
            "--data", "@body.json", "--user-agent", "me/1",
        )  # fmt: skip
        posted = tonnage.run(server.url, "-i", "1", "--data", "a=b")
    assert (done.code, posted.code) == (0, 0)
    head = next(head for head in seen if head.startswith("PUT /x?y=1 HTTP/1.1"))
    lines = [line.lower() for line in head.split("\r\n")]
    assert {"x-one: 1", "content-type: application/json", "content-length: 8", "user-agent: me/1"} <= set(lines)
    assert any(head.startswith("POST / ") and "ontent-length: 3" in head.lower() for head in seen)


def test_a_run_is_stored_where_it_is_said_and_can_be_reported_and_listed(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--store", "runs")
    report = tonnage("report", "last", "--store", "runs", "--json")
    assert report.code == 0
    assert report.document == done.document
    assert tonnage("report", "last", TONNAGE_STORE="runs").out.startswith("PASS")
    listed = tonnage("runs", "--store", "runs", "--json")
    (entry,) = listed.document["runs"]
    assert (entry["id"], entry["verdict"], entry["requests"]) == (done.document["run_id"], "pass", 5)
    assert done.document["run_id"] in tonnage("runs", "--store", "runs").out
    shown = tonnage("runs", "show", "last", "--store", "runs")
    assert paced.url in shown.out


def test_runs_are_stored_in_the_data_folder_by_default(tonnage, paced):
    assert tonnage("run", paced.url, *PATIENT, "-i", "1").code == 0
    assert len(list((tonnage.folder / ".local" / "share" / "tonnage" / "runs").glob("*.db"))) == 1
    assert tonnage("report").out.startswith("PASS")


# ---- exit codes, each provoked ----


def test_exit_99_when_a_threshold_fails(tonnage, paced):
    done = tonnage.run(paced.url, "-i", "5", "--threshold", "http_req_duration=p(95)<1ms")
    assert (done.code, done.document["verdict"], done.document["exit_code"]) == (99, "fail", 99)
    (judged,) = done.document["thresholds"]["http_req_duration"].values()
    assert judged["ok"] is False
    assert judged["value"] >= 5
    assert judged["margin"] < 0
    jsonschema.validate(done.document, SCHEMA)


def test_exit_111_when_the_load_was_not_delivered(tonnage):
    with DemoServer(DemoConfig(service_time=0.2)) as slow:
        done = tonnage.run(slow.url, "--rate", "100", "-d", "1s", "--max-vus", "2")
    assert (done.code, done.document["verdict"]) == (111, "invalid")
    assert done.document["delivered"]["started"] < 20
    jsonschema.validate(done.document, SCHEMA)


def test_exit_104_when_a_value_is_wrong(tonnage):
    wrong = [("-d", "5 minuets"), ("-u", "-1"), ("--threshold", "http_req_duration=p(95)<"), ("-i", "5", "-s", "1s:5")]
    with sut.Server(sut.base.polite) as server:
        for done in tonnage.together(*(("run", server.url, *arguments) for arguments in wrong)):
            assert (done.code, done.out) == (104, "")
            assert done.err.startswith("error: ")
        assert server.accepted == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [("1 / 0\n", "script.py:1"), ("def default(vu:\n", "script.py:1"), ("import nowhere_to_be_found\n", "script.py:1")],
)
def test_exit_107_when_the_script_cannot_be_loaded(tonnage, text, place):
    done = tonnage("run", tonnage.script(text))
    assert done.code == 107
    assert place in done.err
    assert "Traceback" not in done.err


def test_exit_107_when_setup_raises(tonnage):
    script = tonnage.script(
        "from tonnage import scenario, setup\n"
        "@setup\n"
        "async def prepare(vu):\n"
        "    raise LookupError('no such shop')\n"
        "@scenario(vus=1, iterations=1)\n"
        "async def work(vu):\n"
        "    pass\n"
    )
    done = tonnage.run(script)
    assert (done.code, done.document["exit_code"], done.document["outcome"]) == (107, 107, "aborted")
    assert "script.py:4: setup of VU 0 raised LookupError: no such shop" in done.err
    jsonschema.validate(done.document, SCHEMA)


def test_exit_113_when_a_guard_refuses(tonnage, paced):
    (tonnage.folder / "tonnage.toml").write_text('targets = ["example.com"]\n', encoding="utf-8")
    done = tonnage("run", paced.url, *PATIENT, "-i", "1")
    assert done.code == 113
    assert "targets" in done.err
    assert tonnage("run", "http://169.254.169.254/", "-i", "1").code == 113


def test_exit_2_when_a_flag_or_a_verb_does_not_exist(tonnage):
    flag, verb = tonnage("run", "http://127.0.0.1:1/", "--duratoin", "1s"), tonnage("rum")
    assert (flag.code, verb.code) == (2, 2)
    assert "--duration" in flag.err
    assert "run" in verb.err


def test_fail_on_and_exit_code_change_what_a_pipeline_sees(tonnage, paced):
    failing = (
        "run",
        paced.url,
        *PATIENT,
        "-i",
        "3",
        "--store",
        ":memory:",
        "--threshold",
        "http_req_duration=p(95)<1ms",
    )
    more = (("--fail-on", "never"), ("--fail-on", "invalid"), ("--fail-on", "thresholds"), ("--exit-code", "7"))
    codes = [done.code for done in tonnage.together(*((*failing, *some) for some in more))]
    assert codes == [0, 0, 99, 7]


def test_a_script_takes_its_load_from_the_command_line_and_its_variables_from_the_environment(tonnage, paced):
    script = tonnage.script(
        "from tonnage import scenario\n"
        "@scenario\n"
        "async def work(vu):\n"
        "    vu.check(vu.env, {'name came': lambda env: env['NAME'] == 'x=y'})\n"
        "    await vu.http.get('/items')\n"
    )
    done = tonnage.run(script, "--base-url", paced.url, "-u", "2", "-i", "6", "-e", "NAME=x=y")
    assert (done.code, done.document["delivered"]["completed"]) == (0, 6)
    assert done.value("checks", "passes") == 6
    with_variable = tonnage.run(script, "-e", "NAME=x=y", TONNAGE_ITERATIONS="3", TONNAGE_BASE_URL=paced.url)
    assert with_variable.document["delivered"]["completed"] == 3
