"""The six executors against the demo service: how many iterations, which VUs when, and what becomes of the rest.

These tests wait for real time: an executor is a promise about time. All of them are as short as an executor may be.
"""

import pytest

from tonnage.metrics import reading
from tonnage.reports.json_document import json_document


def active(made):
    """VUs active at the end of each whole second."""
    return made.per_second(lambda window: reading.gauge(window, "vus").last)


def started(made, scenario):
    return made.per_second(lambda window: reading.count(window, "iterations_started", {"scenario": scenario}))


def test_constant_vus_keep_their_number_for_the_duration(make, demo):
    made = make(
        """
        @scenario(constant_vus(4, "2s"))
        async def work(vu):
            await vu.http.get("/delay/50")
        """,
        demo.url,
    )
    assert active(made)[:2] == [4, 4]
    assert 4 * 25 <= made.count("iterations") <= 4 * 41
    assert made.run.ending.duration == pytest.approx(2, rel=0.01)
    assert made.count("iterations") == made.count("iterations_started")
    assert made.verdict.value == "pass"


def test_ramping_vus_follow_their_stages_up_and_down(make, demo):
    made = make(
        """
        @scenario(ramping_vus([("2s", 8), ("0s", 4), ("1s", 4), ("1s", 0)], start_vus=0))
        async def work(vu):
            await vu.http.get("/delay/20")
        """,
        demo.url,
    )
    seen = active(made)
    # floor while rising: 4 after one second; at the step to 4 the others end their iteration.
    assert seen[0] == pytest.approx(4, abs=1)
    assert seen[1] == pytest.approx(6, abs=2)
    assert seen[2] == 4
    assert seen[3] <= 1
    assert made.count("iterations_interrupted") == 0
    assert made.gauge("vus").maximum == 7, "it falls to 4 at the instant at which it would be 8"


def test_a_ramp_down_gives_running_iterations_their_grace_and_no_more(make):
    made = make(
        """
        ended = []

        @scenario(ramping_vus([("0s", 4), ("1s", 4), ("0s", 0), ("2s", 0)], start_vus=4, graceful_ramp_down="1500ms"))
        async def work(vu):
            await vu.sleep(1.2 if vu.id <= 2 else 60)
            ended.append(vu.id)
        """
    )
    assert sorted(made["ended"]) == [1, 2]
    assert made.count("iterations") == 2
    assert made.count("iterations_interrupted") == 2
    assert active(made)[:3] == [4, 2, 0]


def test_shared_iterations_are_done_exactly_by_whoever_is_free(make):
    made = make(
        """
        done = []

        @scenario(shared_iterations(3, 50))
        async def work(vu):
            await vu.sleep(0.001 if vu.id < 3 else 0.05)
            done.append(vu.id)
        """
    )
    assert made.count("iterations") == len(made["done"]) == 50
    assert made["done"].count(3) < made["done"].count(1)


def test_iterations_per_vu_are_done_exactly_by_each(make):
    made = make(
        """
        done = []

        @scenario(per_vu_iterations(3, 5))
        def work(vu):
            done.append((vu.id, vu.iteration))
        """
    )
    assert sorted(made["done"]) == [(vu, iteration) for vu in (1, 2, 3) for iteration in range(5)]


@pytest.mark.parametrize(
    ("executor", "left"),
    [("shared_iterations(2, 50, max_duration=1)", 50), ("per_vu_iterations(2, 25, max_duration=1)", 50)],
)
def test_iterations_left_at_the_longest_duration_are_counted_as_dropped(make, executor, left):
    made = make(
        f"""
        @scenario({executor})
        async def work(vu):
            await vu.sleep(0.3)
        """
    )
    assert made.count("iterations_started") + made.count("dropped_iterations") == left
    assert made.count("iterations_started") == pytest.approx(8, abs=1)
    assert made.count("iterations") == made.count("iterations_started"), "what ran was allowed to end"


def test_a_constant_rate_starts_its_arrivals_whether_or_not_others_have_ended(make):
    made = make(
        """
        @scenario(constant_arrival_rate(40, "2s", pre_allocated_vus=5, max_vus=60))
        async def work(vu):
            await vu.sleep(1)
        """
    )
    assert made.count("arrivals_due") == made.count("arrivals_started") == made.count("iterations") == 80
    assert [pytest.approx(40, abs=1)] * 2 == started(made, "work")[:2]
    assert made.count("dropped_iterations") == 0
    assert 35 <= made.gauge("vus_max").last <= 60
    assert made.run.ending.duration == pytest.approx(2, rel=0.01)


def test_a_ramping_rate_starts_what_the_area_under_its_stages_says(make):
    made = make(
        """
        @scenario(ramping_arrival_rate([("1s", 60), ("1s", 60), ("1s", 0)], pre_allocated_vus=5, max_vus=60))
        async def work(vu):
            await vu.sleep(0.01)
        """
    )
    assert made.count("arrivals_due") == pytest.approx(120, abs=1)
    assert made.count("arrivals_started") == made.count("arrivals_due")
    first, second, third = started(made, "work")[:3]
    assert (first, second, third) == (pytest.approx(30, abs=2), pytest.approx(60, abs=2), pytest.approx(30, abs=2))


def test_late_arrivals_are_dropped_where_the_script_says_so_and_the_run_is_invalid(make):
    made = make(
        """
        @scenario(constant_arrival_rate(50, "1s", pre_allocated_vus=2, max_vus=2), late="drop", graceful_stop=1)
        async def work(vu):
            await vu.sleep(0.5)
        """
    )
    dropped = made.count("dropped_iterations")
    assert dropped == 50 - made.count("arrivals_started")
    assert dropped >= 40
    censored = made.trend("http_req_response_time", name="(not started)").censored
    assert (censored.count, censored.maximum) == (dropped, 0)
    assert len(made.events("vus_exhausted")) == 1
    assert made.verdict.exit_code == 111


def test_late_arrivals_wait_where_the_script_says_so_and_those_that_never_start_are_censored(make):
    made = make(
        """
        @scenario(constant_arrival_rate(50, "1s", pre_allocated_vus=2, max_vus=2), late="queue", graceful_stop=1)
        async def work(vu):
            await vu.sleep(0.25)
        """
    )
    begun = made.count("arrivals_started")
    assert begun == pytest.approx(8, abs=1)
    assert made.count("dropped_iterations") == 0
    assert made.count("iterations_started") == begun, "nothing that waited starts after the regular duration"
    censored = made.trend("http_req_response_time", name="(not started)").censored
    assert censored.count == 50 - begun
    assert 0.5 < censored.maximum / 1e9 < 1
    assert made.verdict.exit_code == 111
    assert "arrivals started" in "".join(made.verdict.reasons)


def test_the_graceful_stop_interrupts_what_runs_too_long_and_censors_its_request(make, demo):
    made = make(
        """
        @scenario(constant_vus(2, 1), graceful_stop=0.5)
        async def work(vu):
            await vu.http.get("/delay/300" if vu.id == 1 else "/hang", name=f"vu {vu.id}")
        """,
        demo.url,
    )
    assert made.count("iterations_interrupted") == 1
    assert made.run.ending.ended == pytest.approx(1.5, abs=0.25)
    assert made.trend("http_req_duration", name="vu 1").censored.count == 0
    for metric in ("http_req_duration", "http_req_response_time"):
        hung = made.trend(metric, name="vu 2")
        assert (hung.complete.count, hung.censored.count) == (0, 1)
        assert hung.quantile(0.5).lower == pytest.approx(1.5, abs=0.25)
    assert made.count("http_reqs", name="vu 2") == 0, "it has not completed, so it is neither counted nor failed"


def test_scenarios_start_at_their_time_and_overlap(make):
    made = make(
        """
        @scenario(constant_vus(1, 2), graceful_stop=0)
        async def early(vu):
            await vu.sleep(0.05)

        @scenario(constant_arrival_rate(20, 1, pre_allocated_vus=5), start_time=1)
        def late(vu):
            vu.sleep(0.05)
        """
    )
    early, late = started(made, "early"), started(made, "late")
    assert late[0] == 0
    assert late[1] == pytest.approx(20, abs=1)
    assert early[0] > 10
    assert early[1] > 10
    assert made.run.ending.duration == pytest.approx(2, rel=0.01)
    assert made.count("iterations", scenario="late") == 20
    document = json_document(made.run)
    assert document["planned"]["arrivals"] == document["delivered"]["arrivals"] == 20
    assert document["planned"]["rate"] == document["delivered"]["rate"] == 10
    assert document["delivered"]["started"] > 40, "the iterations of the closed scenario are among them"
