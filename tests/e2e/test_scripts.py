"""What a script may do, and what it sees."""

import pytest

from tonnage.errors import ScriptError

ONE = "@scenario(vus=1, iterations=1)"


def test_async_and_plain_scenarios_run_side_by_side(make, demo):
    made = make(
        """
        seen = set()

        @scenario(vus=2, iterations=6)
        async def coroutine(vu):
            await vu.sleep(0.01)
            seen.add(("coroutine", (await vu.http.get("/items")).status))

        @scenario(vus=2, iterations=6)
        def plain(vu):
            vu.sleep(0.01)
            seen.add(("plain", vu.http.get("/items").status))
        """,
        demo.url,
    )
    assert made["seen"] == {("coroutine", 200), ("plain", 200)}
    assert made.count("iterations", scenario="coroutine") == made.count("iterations", scenario="plain") == 6
    assert made.verdict.value == "pass"


def test_equal_seeds_give_equal_random_numbers_to_equal_vus(make):
    text = """
        drawn = []

        @scenario(per_vu_iterations(3, 2))
        async def draw(vu):
            drawn.append((vu.id, vu.iteration, vu.rng.random()))
        """
    first, second, other = (sorted(make(text, seed=seed)["drawn"]) for seed in (7, 7, 8))
    assert first == second
    assert not {number for *_, number in first} & {number for *_, number in other}
    assert len({number for *_, number in first}) == 6


def test_metrics_of_all_four_kinds_are_added_up_with_their_tags(make):
    made = make(
        """
        orders, level, hits, margin = Counter("orders"), Gauge("level"), Rate("hits"), Trend("margin")
        waiting = Trend("waiting", is_time=True)

        @scenario(per_vu_iterations(2, 2))
        async def shop(vu):
            orders.add(1.5)
            orders.add(2, {"kind": "big"})
            level.add(vu.iteration)
            hits.add(vu.iteration == 0)
            margin.add(-10.25 if vu.iteration else 4)
            waiting.add(250, {"vu": vu.id})
        """
    )
    assert made.count("orders") == (4 * 1.5 + 4 * 2) * 10**9
    assert made.count("orders", kind="big") == 8 * 10**9
    assert made.gauge("level").maximum == 1
    assert made.gauge("level").minimum == 0
    assert (made.rate("hits").hits, made.rate("hits").total) == (2, 4)
    margin = made.trend("margin")
    assert (margin.minimum().lower, margin.maximum().lower, margin.mean().lower) == (-10.25, 4, -3.125)
    assert made.trend("waiting", vu="1").count == 2
    assert made.trend("waiting").quantile(0.5).lower == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')"])
def test_a_metric_refuses_what_is_no_number(make, value):
    made = make(
        f"""
        margin = Trend("margin")

        {ONE}
        async def work(vu):
            margin.add({value})
        """
    )
    assert made.count("iteration_errors", kind="ValueError") == 1
    assert made.trend("margin").count == 0


def test_a_metric_cannot_be_added_to_outside_a_vu(make):
    with pytest.raises(ScriptError, match=r"script\.py:\d+: .*RuntimeError: orders\.add was called outside a run"):
        make('orders = Counter("orders")\norders.add(1)\n')


def test_a_metric_cannot_be_added_to_from_a_thread_while_no_vu_runs(make):
    made = make(
        """
        import threading, time
        orders = Counter("orders")
        found = []

        def beside():
            time.sleep(0.05)  # until the only VU sleeps
            try:
                orders.add(1)
            except RuntimeError as error:
                found.append(str(error))

        @scenario(vus=1, iterations=1)
        async def work(vu):
            thread = threading.Thread(target=beside)
            thread.start()
            await vu.sleep(0.2)
            thread.join()
        """
    )
    assert "outside a VU" in made["found"][0]


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_checks_are_counted_by_name_and_tell_whether_all_held(make, demo, kind):
    wait = "await " if kind.startswith("async") else ""
    made = make(
        f"""
        told = []

        @scenario(vus=1, iterations=3)
        {kind} work(vu):
            answer = {wait}vu.http.get("/status/503", expect=503)
            told.append(vu.check(answer, {{"is 503": lambda r: r.status == 503, "is 200": lambda r: r.status == 200}}))
            told.append(vu.check(answer, {{"is plain truth": True}}))
        """,
        demo.url,
    )
    assert made["told"] == [False, True] * 3
    assert (made.rate("checks", check="is 503").hits, made.rate("checks", check="is 200").hits) == (3, 0)
    assert made.rate("checks").total == 9


def test_a_check_of_a_plain_vu_may_make_a_request(make, demo):
    made = make(
        f"""
        {ONE}
        def work(vu):
            vu.check(None, {{"items are there": lambda _: vu.http.get("/items").status == 200}})
        """,
        demo.url,
    )
    assert made.rate("checks").hits == 1
    assert made.count("http_reqs") == 1


def test_exceptions_are_counted_by_kind_with_one_traceback_each_and_the_vu_goes_on(make):
    made = make(
        """
        @scenario(vus=1, iterations=40)
        async def work(vu):
            if vu.iteration % 2:
                raise ValueError("odd")
            {}["missing"]

        @scenario(vus=1, iterations=10)
        def plain(vu):
            1 / 0
        """
    )
    assert made.count("iteration_errors", kind="ValueError") == 20
    assert made.count("iteration_errors", kind="KeyError") == 20
    assert made.count("iteration_errors", kind="ZeroDivisionError") == 10
    assert made.count("iterations") == 50
    told = made.events("script_error")
    assert len(told) == 3
    assert any("script.py:5: iteration of VU 1 raised ValueError: odd" in text for text in told)
    assert any("script.py:10" in text and "Traceback" in text and "1 / 0" in text for text in told)
    assert (made.verdict.value, made.verdict.exit_code) == ("invalid", 111)


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_an_exit_in_an_iteration_ends_that_iteration_only(make, kind):
    made = make(
        f"""
        import sys

        @scenario(vus=1, iterations=3)
        {kind} work(vu):
            sys.exit("enough")
        """
    )
    assert made.count("iteration_errors", kind="SystemExit") == 3
    assert made.verdict.outcome == "completed"


@pytest.mark.parametrize(
    ("awaited", "name", "line"),
    [("Foreign()", "str", 8), ("asyncio.Future(loop=LOOP)", "Future", 13)],
)
def test_awaiting_what_is_not_of_the_vu_raises_where_it_was_awaited(make, awaited, name, line):
    made = make(
        f"""
        import asyncio
        LOOP = asyncio.new_event_loop()
        went_on = []

        class Foreign:
            def __await__(self):
                yield "something"

        @scenario(vus=1, iterations=2)
        async def work(vu):
            try:
                await {awaited}
            except TypeError as error:
                if vu.iteration == 0:
                    await vu.sleep(0.001)
                    went_on.append(str(error))
                    return
                raise

        @teardown
        def close():
            LOOP.close()
        """
    )
    assert f"awaited {name}, which is not of this VU" in made["went_on"][0]
    (told,) = made.events("script_error")
    assert f"script.py:{line}: iteration of VU 1 raised TypeError" in told
    assert made.count("iteration_errors", kind="TypeError") == 1


def test_an_asyncio_call_says_that_there_is_no_loop(make):
    made = make(
        f"""
        import asyncio

        {ONE}
        async def work(vu):
            await asyncio.sleep(1)
        """
    )
    (told,) = made.events("script_error")
    assert "script.py:6: iteration of VU 1 raised RuntimeError: no running event loop" in told


def test_an_interrupted_script_runs_its_finally_blocks_and_nothing_of_them_counts(make, demo):
    made = make(
        """
        closed = []
        late = Counter("late")

        @scenario(constant_vus(1, 1), graceful_stop=0)
        async def coroutine(vu):
            try:
                await vu.sleep(60)
            finally:
                closed.append("coroutine")
                late.add(1)

        @scenario(constant_vus(1, 1), graceful_stop=0)
        def plain(vu):
            try:
                vu.sleep(60)
            finally:
                closed.append("plain")
                vu.http.get("/items")
        """,
        demo.url,
    )
    assert sorted(made["closed"]) == ["coroutine", "plain"]
    assert made.count("late") == 0
    assert made.count("iterations_interrupted") == 2
    assert made.count("http_reqs") == 0


def test_environment_variables_of_run_and_scenario_reach_the_vu(make):
    made = make(
        """
        seen = []

        @scenario(vus=1, iterations=1, env={"B": "own"})
        async def work(vu):
            seen.append((vu.env["A"], vu.env["B"]))
        """,
        env={"A": "run", "B": "run"},
    )
    assert made["seen"] == [("run", "own")]
