"""The small parts of a rehearsal: history, nodes, signals, responses, ledger."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.scaling.simulation.history import KEPT, History
from tonnage.scaling.simulation.ledger import MOST_EVENTS, Ledger
from tonnage.scaling.simulation.nodes import Nodes
from tonnage.scaling.simulation.responses import Responses, level_of, quantiles
from tonnage.scaling.simulation.signals import quantity
from tonnage.scaling.supply import Supply


def test_a_mean_is_that_of_what_was_added():
    history = History()
    history.add(10.0, 2.0)
    history.add(20.0, 6.0)
    assert [history.mean(*span) for span in ((0, 10), (10, 20), (5, 15), (12, 18), (20, 20))] == [2, 6, 4, 6, 0]


def test_a_history_forgets_what_is_long_past_and_keeps_the_rest():
    history = History()
    for i in range(1, 3 * KEPT):
        history.add(float(i), float(i % 7))
    assert history.mean(3 * KEPT - 8, 3 * KEPT - 1) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("agent_active_sessions", "sessions"),
        ("clay_queue_depth", "queue"),
        ("http_requests_per_second", "rate"),
        ("inflight", "concurrency"),
        ("worker_load", "utilization"),
        ("temperature", None),
    ],
)
def test_a_metric_is_known_by_its_words_and_never_guessed(metric, expected):
    assert quantity(metric) == expected


def test_nodes_are_given_back_on_the_tens_however_seldom_they_are_looked_at():
    def made():
        nodes = Nodes(Supply.parse("per_node=1,node=100s,node_idle=60s"), Random(1), 3)
        places = [nodes.place(0.0) for _ in range(3)]
        nodes.release(places[0][0], 12.0)
        return nodes

    often, seldom = made(), made()
    for now in range(5, 205, 5):
        often.advance(float(now))
    seldom.advance(200.0)
    assert (len(often), often.seconds) == (len(seldom), seldom.seconds) == (2, 80 + 2 * 200)
    assert seldom.is_settled


def test_nodes_fill_before_others_are_ordered_and_empty_ones_go():
    nodes = Nodes(Supply.parse("per_node=2,node=100s,node_idle=60s,pull=7s"), Random(1), 2)
    first = [nodes.place(0.0) for _ in range(3)]
    assert [at for _, at, _ in first] == [0, 0, 100]
    assert [pull for _, _, pull in first] == [0, 0, 7]
    assert len(nodes) == 2
    nodes.release(first[2][0], 150.0)
    nodes.advance(180.0)
    assert len(nodes) == 2
    nodes.advance(220.0)
    assert len(nodes) == 1
    assert nodes.seconds == pytest.approx(2 * 210 + 10), "the second went at 210 s"


def test_an_idle_node_is_kept_and_ordered_anew():
    nodes = Nodes(Supply.parse("per_node=1,idle_nodes=1,node=100s"), Random(1), 1)
    assert len(nodes) == 2
    nodes.place(0.0)
    assert [nodes.place(0.0)[1], len(nodes)] == [0.0, 3]


def test_without_places_there_is_always_room():
    assert Nodes(Supply(), Random(1), 5).place(3.0) == (None, 3.0, 0.0)


@given(st.floats(0, 0.9999))
def test_the_shares_of_a_level_are_all_of_it_and_its_times_rise(utilization):
    parts = quantiles(0.02, 4, level_of(utilization))
    assert sum(share for share, _ in parts) == pytest.approx(1)
    assert [time for _, time in parts] == sorted(time for _, time in parts)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 0.99)), max_size=30))
def test_no_request_is_lost_in_rounding(added):
    responses, counted = Responses(0.02, 2), 0
    for requests, utilization in added:
        responses.add(requests, utilization)
        found, late = responses.take()
        counted += found.count if found else 0
        assert late is None
    assert abs(counted - sum(requests for requests, _ in added)) <= 1 + 1e-6
    total, _ = responses.total()
    assert (total.count if total else 0) == counted


def test_windows_of_a_ledger_add_up_to_its_total():
    ledger = Ledger(("replicas_ready",), 60)
    for end, ready, total in ((60, 2, 10.4), (120, 5, 20.9), (180, 1, 20.9)):
        ledger.see((ready,))
        ledger.started(float(end))
        histogram = Histogram()
        histogram.record(end)
        ledger.close(end, {"decisions": total}, total, (histogram, None))
    assert [window.counters.get(Series("decisions"), 0) for window in ledger.windows] == [10, 10, 0]
    total = Histogram()
    for value in (60, 120, 180):
        total.record(value)
    assert sum(ledger.windows[1:], ledger.windows[0]) == ledger.total((total, None))


def test_events_without_end_are_counted_and_not_kept():
    ledger = Ledger((), 60)
    for i in range(MOST_EVENTS + 5):
        ledger.event(float(i), "scaled", "x")
    ledger.close(60, {}, 0.0)
    ledger.total((None, None))
    assert len(ledger.events) == MOST_EVENTS + 1
    assert "5 more" in ledger.events[-1].text
