"""The Recorder: each Window once, every second in a batch, nothing lost that a writer took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import StoreError
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Window, WindowSum
from tonnage.runs.recorder import Batch, Recorder, glance_at
from tonnage.runs.run import Ending, Event, Verdict

REQUESTS = Series.of("http_reqs", name="GET /")
DURATION = Series.of("http_req_duration", name="GET /")
ENDING = Ending("completed", 10.0, 10.0)
PASS = Verdict("pass", 0, "completed")


class Memory:
    """A Writer that keeps batches, and fails while `full`."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.full = False
        self.tries = 0

    def commit(self, batch: Batch) -> None:
        self.tries += 1
        if self.full:
            raise StoreError("no space left on device")
        # The total shares histograms with the recorder: a writer reads it before it returns.
        total = batch.total and batch.total + Window(0, 0, {}, {}, {s: Histogram() for s in batch.total.histograms})
        self.batches.append(Batch(batch.windows, batch.events, total))

    def finish(self, ending: Ending, verdict: Verdict) -> None:
        self.ended = (ending, verdict)

    def windows(self, resolution: int) -> list[Window]:
        return [window for batch in self.batches for size, window in batch.windows if size == resolution]


def window(start: int, n: int = 1) -> Window:
    histogram = Histogram()
    histogram.record(1000 * (start + 2), n)
    return Window(start, 1, {REQUESTS: n}, {}, {DURATION: histogram})


def feed(recorder: Recorder, seconds: range) -> None:
    for second in seconds:
        recorder.window((0, 1, second), window(second))


def summed(windows: list[Window]) -> Window:
    total = WindowSum()
    for one in windows:
        total.add(one)
    return total.take()


def test_each_second_is_one_batch():
    writer = Memory()
    feed(Recorder(writer), range(-1, 5))
    assert [batch.windows[0][1].start for batch in writer.batches] == [-1, 0, 1, 2, 3, 4]


def test_a_window_sent_twice_counts_once():
    recorder = Recorder(Memory())
    assert recorder.window((0, 1, 0), window(0))
    assert not recorder.window((0, 1, 0), window(0))
    assert recorder.window((0, 2, 0), window(0))
    assert recorder.total().counters == {REQUESTS: 2}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(-1, 30)), max_size=80))
def test_in_any_order_and_with_duplicates_the_total_is_the_sum_of_what_is_different(identities):
    writer = Memory()
    recorder = Recorder(writer, generators=3)
    for identity in identities:
        recorder.window(identity, window(identity[2]))
    recorder.finish(ENDING, PASS)
    expected = summed([window(start) for _, _, start in set(identities)])
    assert recorder.total() == expected
    for resolution in (1, 10, 60):
        assert summed(writer.windows(resolution)) == expected
    assert writer.batches[-1].total == expected


@given(st.integers(1, 200))
def test_a_stored_total_and_the_seconds_after_it_are_everything_so_far(seconds):
    writer = Memory()
    feed(Recorder(writer), range(seconds))
    last = max((i for i, batch in enumerate(writer.batches) if batch.total is not None), default=-1)
    stored = writer.batches[last].total if last >= 0 else Window()
    since = [w for batch in writer.batches[last + 1 :] for size, w in batch.windows if size == 1]
    assert len(since) < 60
    assert stored + summed(since) == summed([window(second) for second in range(seconds)])


def test_a_roll_up_is_written_in_the_second_that_completes_it():
    writer = Memory()
    feed(Recorder(writer), range(60))
    assert [size for size, _ in writer.batches[9].windows] == [1, 10]
    assert [size for size, _ in writer.batches[59].windows] == [1, 10, 60]
    assert [(w.start, w.length) for w in writer.windows(10)] == [(start, 10) for start in range(0, 60, 10)]


def test_a_second_waits_for_all_generators_but_not_longer_than_a_second():
    writer = Memory()
    recorder = Recorder(writer, generators=2)
    recorder.window((0, 1, 0), window(0))
    assert not writer.batches
    recorder.window((1, 1, 0), window(0))
    assert writer.windows(1) == [summed([window(0), window(0)])]
    recorder.window((0, 1, 1), window(1))
    recorder.window((0, 1, 2), window(2))
    assert len(writer.batches) == 2


def test_events_are_written_with_the_next_second_and_once():
    writer = Memory()
    recorder = Recorder(writer)
    recorder.event(Event(0.5, "signal", "SIGINT"))
    feed(recorder, range(2))
    assert [len(batch.events) for batch in writer.batches] == [1, 0]


def test_a_glance_sums_over_tags_and_keeps_what_is_censored_apart():
    whole, bound = Histogram(), Histogram()
    whole.record(5)
    bound.record(9)
    names = [Series.of("http_req_response_time", name=name) for name in ("a", "b")]
    censored = Series.of("http_req_response_time", name="a", censored="true")
    seen = glance_at(Window(0, 1, dict.fromkeys(names, 2), {}, {**dict.fromkeys(names, whole), censored: bound}))
    assert seen.counters == {Series("http_req_response_time"): 4}
    assert {series.is_censored: histogram.count for series, histogram in seen.histograms.items()} == {False: 2, True: 1}


def test_the_last_seconds_are_the_newest_ones():
    recorder = Recorder(Memory(), keep=10)
    feed(recorder, range(50))
    assert recorder.last(3) == glance_at(summed([window(second) for second in (47, 48, 49)]))
    with pytest.raises(ValueError, match="keeps 1 to 10 s"):
        recorder.last(11)


def test_a_writer_that_fails_is_an_event_and_all_is_written_once_there_is_space_again():
    writer = Memory()
    recorder = Recorder(writer)
    feed(recorder, range(5))
    writer.full = True
    feed(recorder, range(5, 30))
    assert writer.tries == 6  # it is not tried again every second
    assert [event.kind for event in recorder.events] == ["data_lost"]
    assert "no space left" in str(recorder.fault)
    writer.full = False
    feed(recorder, range(30, 61))
    recorder.finish(ENDING, PASS)
    expected = summed([window(second) for second in range(61)])
    assert summed(writer.windows(1)) == writer.batches[-1].total == expected
    assert [event.kind for batch in writer.batches for event in batch.events] == ["data_lost"]


def test_a_writer_that_never_works_again_is_said_at_the_end():
    writer = Memory()
    writer.full = True
    recorder = Recorder(writer)
    feed(recorder, range(700))
    with pytest.raises(StoreError, match="no space left"):
        recorder.finish(ENDING, PASS)
    assert recorder.total() == summed([window(second) for second in range(700)])
