"""Scripts that raise, block or never end, by the numbers of the reliability bar (29). Each is provoked really.

Tests that wait for a watchdog wait for real time: that is what is promised.
"""

import pytest


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
