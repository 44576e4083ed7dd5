"""Thresholds while a run is made. These tests wait for real time: thresholds are looked at once a second."""

import pytest


def test_a_threshold_that_fails_may_stop_the_run_after_its_delay(make, demo):
    made = make(
        """
        thresholds = {
            "http_req_failed": [
                {"threshold": "rate<0.5", "abort_on_fail": True, "delay_abort_eval": "2s"},
            ],
            "http_req_duration": ["p(95)<60s"],
        }

        @scenario(constant_vus(1, "30s"))
        async def work(vu):
            await vu.http.get("/status/500")
            await vu.sleep(0.05)
        """,
        demo.url,
    )
    assert 2 <= made.run.ending.duration < 6
    assert (made.verdict.exit_code, made.verdict.outcome) == (99, "aborted")
    failed, held = made.verdict.thresholds
    assert (failed.ok, failed.first_failed) == (False, 1)
    assert held.ok is True
    assert made.run.ending.reason == "stopped"
    assert any("because http_req_failed rate<0.5 failed" in reason for reason in made.verdict.reasons)


def test_a_threshold_that_fails_without_asking_for_it_does_not_stop_the_run(make, demo):
    made = make(
        """
        thresholds = {"http_req_failed": ["rate<0.5"], "checks{check:fine}": ["rate>0.9"]}

        @scenario(constant_vus(1, "2s"))
        async def work(vu):
            r = await vu.http.get("/status/500" if vu.iteration < 10 else "/")
            vu.check(r, {"fine": lambda r: r.status == 200})
            await vu.sleep(0.02)
        """,
        demo.url,
    )
    assert made.run.ending.duration == pytest.approx(2, rel=0.01)
    results = {result.name: result for result in made.verdict.thresholds}
    assert results["http_req_failed"].ok is True, "what failed at first may hold in the end"
    assert made.verdict.exit_code == 99
    assert results["checks{check:fine}"].first_failed == 1


def test_a_threshold_without_samples_makes_the_run_invalid(make, demo):
    made = make(
        """
        thresholds = {"http_req_duration{name:nobody}": ["p(95)<1s"]}

        @scenario(vus=1, iterations=1)
        async def work(vu):
            await vu.http.get("/")
        """,
        demo.url,
    )
    assert made.verdict.exit_code == 111
    assert "no samples" in "".join(made.verdict.reasons)


def test_a_threshold_of_a_custom_metric_is_judged_in_the_scripts_own_scale(make):
    made = make(
        """
        margin, orders = Trend("margin"), Counter("orders")
        thresholds = {"margin": ["min>=-5", "max<0"], "orders{kind:big}": ["count==3"]}

        @scenario(vus=1, iterations=3)
        async def work(vu):
            margin.add(-5 + vu.iteration)
            orders.add(1, {"kind": "big"})
            orders.add(1, {"kind": "small"})
        """
    )
    assert [result.ok for result in made.verdict.thresholds if not result.implicit] == [True, True, True]


def test_the_implicit_threshold_judges_failures_and_may_be_replaced(make, demo):
    text = """
        @scenario(vus=1, iterations=4)
        async def work(vu):
            await vu.http.get("/status/500" if vu.iteration == 0 else "/")
        """
    own = {"http_req_failed": ["rate<0.5"]}
    assert [make(text, demo.url, **options).verdict.exit_code for options in ({}, {"thresholds": own})] == [99, 0]
    assert make(text, demo.url, no_thresholds=True).verdict.exit_code == 0


def test_half_of_the_requests_that_never_end_leave_a_quantile_undecided(make, demo):
    made = make(
        """
        thresholds = {"http_req_response_time": ["p(95)<10s", "p(40)<10s"], "http_req_failed": ["rate<=1"]}

        @scenario(vus=4, iterations=4)
        async def work(vu):
            await vu.http.get("/" if vu.id % 2 else "/hang", timeout=0.2)
        """,
        demo.url,
    )
    high, low, _ = made.verdict.thresholds
    assert (high.ok, high.state) == (None, "undecided")
    assert low.ok is True
    assert made.verdict.exit_code == 111


def test_a_threshold_is_judged_by_all_of_its_samples_beyond_the_cap_of_series(make):
    made = make(
        """
        options = {"series_limit": 2}
        took, orders = Trend("took"), Counter("orders")
        thresholds = {
            "took{kind:slow}": ["max==39"], "orders{kind:slow}": ["count==40"], "checks{check:named}": ["rate==0.5"],
        }

        @scenario(vus=1, iterations=40)
        async def work(vu):
            took.add(vu.iteration, {"kind": "slow", "id": str(vu.iteration)})
            orders.add(1, {"kind": "slow", "id": str(vu.iteration)})
            vu.check(None, {f"check {vu.iteration}": lambda r: True, "named": lambda r: vu.iteration % 2 == 0})
        """
    )
    assert [result.ok for result in made.verdict.thresholds if not result.implicit] == [True, True, True]
    assert made.count("series_overflow") == 38 + 38 + 39
