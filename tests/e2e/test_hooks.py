"""Setup, start, stop and teardown: their order, their data, and what ends a run in them."""

import pytest

ONE = "@scenario(vus=1, iterations=1)"


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_hooks_run_in_order_and_each_vu_has_its_own_copy_of_the_data(make, demo, kind):
    wait = "await " if kind.startswith("async") else ""
    made = make(
        f"""
        order = []

        @setup
        {kind} prepare(vu):
            order.append(("setup", vu.id))
            answer = {wait}vu.http.get("/items")
            return {{"skus": [item["sku"] for item in answer.json()["items"]], "seen": []}}

        @start
        {kind} begin(vu):
            order.append(("start", vu.id))
            vu.token = f"token-{{vu.id}}"

        @scenario(per_vu_iterations(2, 2))
        {kind} work(vu):
            vu.data["seen"].append(vu.token)
            order.append(("iteration", vu.id, vu.iteration, tuple(vu.data["seen"])))
            {wait}vu.sleep(0.001)

        @stop
        {kind} end(vu):
            order.append(("stop", vu.id, len(vu.data["seen"])))

        @teardown
        {kind} clean(vu):
            order.append(("teardown", vu.id, vu.data["skus"], vu.data["seen"]))
        """,
        demo.url,
    )
    order = made["order"]
    assert order[0] == ("setup", 0)
    assert order[1:3] == [("start", 1), ("start", 2)]
    assert sorted(order[3:7]) == [
        ("iteration", 1, 0, ("token-1",)),
        ("iteration", 1, 1, ("token-1", "token-1")),
        ("iteration", 2, 0, ("token-2",)),
        ("iteration", 2, 1, ("token-2", "token-2")),
    ]
    assert sorted(order[7:9]) == [("stop", 1, 2), ("stop", 2, 2)]
    assert order[9:] == [("teardown", 0, ["a-1", "b-2", "c-3"], [])]
    assert made.verdict.value == "pass"


def test_hooks_may_be_of_another_kind_than_the_scenario(make):
    made = make(
        """
        seen = []

        @start
        async def begin(vu):
            vu.token = f"token-{vu.id}"

        @scenario(per_vu_iterations(2, 1))
        def work(vu):
            seen.append(vu.token)

        @stop
        async def end(vu):
            seen.append(vu.token)
        """
    )
    assert sorted(made["seen"]) == ["token-1", "token-1", "token-2", "token-2"]


def test_a_setup_without_an_argument_may_give_data(make):
    made = make(
        f"""
        @setup
        def prepare():
            return [1, 2]

        {ONE}
        async def work(vu):
            vu.check(vu.data, {{"data came": lambda data: data == [1, 2]}})
        """
    )
    assert (made.rate("checks").hits, made.rate("checks").total) == (1, 1)


@pytest.mark.parametrize(("kind", "wait"), [("async def", "await "), ("def", "")])
@pytest.mark.parametrize("hook", ["setup", "start", "stop", "teardown"])
def test_an_exception_in_a_hook_ends_the_run_with_107_and_names_the_hook(make, hook, kind, wait):
    made = make(
        f"""
        began = []

        @{hook}
        {kind} broken(vu):
            {wait}vu.sleep(0.001)
            raise LookupError("nothing here")

        @scenario(vus=1, iterations=2)
        {kind} work(vu):
            began.append(vu.iteration)
        """
    )
    (told,) = made.events("script_error")
    vu = 0 if hook in {"setup", "teardown"} else 1
    assert f"script.py:7: {hook} of VU {vu} raised LookupError: nothing here" in told
    assert made.verdict.exit_code == 107
    assert made["began"] == ([] if hook in {"setup", "start"} else [0, 1])


@pytest.mark.parametrize(("kind", "wait"), [("async def", "await "), ("def", "")])
@pytest.mark.parametrize(("hook", "code"), [("setup", 100), ("start", 100), ("stop", 101), ("teardown", 101)])
def test_a_hook_that_takes_too_long_ends_the_run(make, hook, code, kind, wait):
    made = make(
        f"""
        @{hook}
        {kind} slow(vu):
            {wait}vu.sleep(60)

        {ONE}
        async def work(vu):
            pass
        """,
        setup_timeout=0.1,
        teardown_timeout=0.1,
    )
    assert made.verdict.exit_code == code
    assert "timed out" in "".join(made.verdict.reasons)


def test_what_setup_returns_must_be_data(make):
    made = make(
        f"""
        @setup
        async def prepare(vu):
            return object()

        {ONE}
        async def work(vu):
            pass
        """
    )
    assert made.verdict.exit_code == 107
    assert "not JSON serializable" in made.events("script_error")[0]


def test_requests_and_checks_outside_scenarios_are_grouped_by_their_hook(make, demo):
    made = make(
        f"""
        @setup
        async def prepare(vu):
            vu.check(await vu.http.get("/items"), {{"there": lambda r: r.status == 200}})

        {ONE}
        async def work(vu):
            await vu.http.get("/items")

        @teardown
        def clean(vu):
            vu.check(vu.http.get("/items"), {{"there": lambda r: r.status == 200}})
        """,
        demo.url,
    )
    for metric in ("http_reqs", "checks/total"):
        assert (made.count(metric, group="::setup"), made.count(metric, group="::teardown")) == (1, 1)
    assert made.count("http_reqs") == 3
