"""The rows of a report, as data."""

import pytest

from tonnage.load.executor import ConstantVus
from tonnage.reports import figures
from tonnage.reports.failure import failure_name
from tonnage.runs.run import Ending

ENDING = Ending("completed", 2.0, 2.0)


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("1503", "503", "503 Service Unavailable"),
        ("1212", "0", "connection refused"),
        ("1050", "0", "time-out"),
        ("1999", "0", "error 1999"),
        ("1645", "0", "HTTP/2 stream error (1645)"),
        ("", "200", "200 OK (unexpected)"),
        ("", "799", "799"),
        ("", "0", "no answer"),
        ("", "", "no answer"),
        ("²", "x", "no answer"),
    ],
)
def test_a_failure_has_words(code, status, name):
    assert failure_name(code, status) == name


def test_endpoints_are_told_apart_by_name_and_method(make_run):
    second = make_run.second(0)
    second.iterations(1)
    second.requests("/order", {10: 4})
    second.requests("/order", {10: 6}, method="POST", status="503")
    second.sample("http_req_response_time", 0, 9, name="(not started)", censored="true")
    rows = figures.endpoints(make_run(make_run.shop(ConstantVus(1, 2.0)), [second], ENDING))
    assert [(row.name, row.method, row.requests, row.failed, row.success) for row in rows] == [
        ("/order", "POST", 6, 6, 0.0),
        ("/order", "GET", 4, 0, 1.0),
    ]
    assert rows[0].rate == 3.0


def test_the_table_adds_up_to_the_counters(named_run):
    _, run = named_run
    rows = figures.endpoints(run)
    values = {series.metric: 0 for series in run.total.counters}
    for series, n in run.total.counters.items():
        values[series.metric] += n
    assert sum(row.requests for row in rows) == values.get("http_reqs", 0)
    failed = values.get("http_req_failed/hits", 0)
    assert sum(row.failed for row in rows) == sum(row.count for row in figures.failures(run)) == failed


def test_a_time_out_is_a_sample_of_the_response_time(runs):
    (row,) = figures.endpoints(runs["censored"])
    assert row.p95.samples == row.requests == 1200
    assert not row.p95.value.is_exact
    assert figures.unended(runs["censored"]) == 120


def test_errors_know_their_first_and_last_second(runs):
    (row,) = figures.failures(runs["failing"])
    assert (row.name, row.count, row.first, row.last) == ("503 Service Unavailable", 25, 5, 9)


def test_iterations_that_raised_are_told_apart_by_exception(make_run):
    second = make_run.second(3)
    second.iterations(10)
    second.count("iteration_errors", 2, kind="ValueError")
    second.count("iteration_errors", 5, kind="KeyError")
    run = make_run(make_run.shop(ConstantVus(1, 2.0)), [second], ENDING)
    assert [(row.name, row.count, row.first) for row in figures.iteration_failures(run)] == [
        ("KeyError", 5, 3),
        ("ValueError", 2, 3),
    ]


def test_the_generator_is_described_by_what_limits_validity(runs):
    found = figures.generator(runs["invalid"])
    assert (found.cpu, found.seconds, found.saturated) == (0.99, 10, 10)
    assert figures.generator(runs["empty"]) == figures.Generator()


def test_checks_that_failed_come_first(runs):
    rows = figures.checks(runs["failing"])
    assert [(row.name, row.passes, row.fails) for row in rows] == [("status is 200", 950, 25), ("has a body", 1000, 0)]
