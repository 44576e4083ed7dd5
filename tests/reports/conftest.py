"""Six runs built by hand: what a report must tell apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from tonnage.load.executor import ConstantArrivalRate, ConstantVus, Executor
from tonnage.load.plan import CustomMetric, Plan, RequestSource, Scenario, ScriptSource, Threshold
from tonnage.metrics.histogram import Histogram
from tonnage.metrics.series import Series
from tonnage.metrics.window import Gauge, Window, WindowSum
from tonnage.runs.environment import Environment
from tonnage.runs.run import Ending, Event, Run
from tonnage.runs.verdict import judge

ID, STARTED = "20261124-194312-7f3a", "2026-11-24T19:43:12+00:00"
MS = 1_000_000
IMPLICIT = Threshold("http_req_failed", "rate<0.01", implicit=True)


@dataclass
class Second:
    """One second of a run, filled bit by bit."""

    start: int
    counters: dict[Series, int] = field(default_factory=dict)
    gauges: dict[Series, Gauge] = field(default_factory=dict)
    histograms: dict[Series, Histogram] = field(default_factory=dict)

    def count(self, metric: str, n: int, **tags: str) -> None:
        series = Series.of(metric, **tags)
        self.counters[series] = self.counters.get(series, 0) + n

    def gauge(self, metric: str, value: float, **tags: str) -> None:
        self.gauges[Series.of(metric, generator="0", **tags)] = Gauge(self.start + 0.5, value, value, value)

    def sample(self, metric: str, value: int, n: int = 1, **tags: str) -> None:
        self.histograms.setdefault(Series.of(metric, **tags), Histogram()).record(value, n)

    def requests(self, name: str, times: Mapping[int, int], status: str = "200", method: str = "GET") -> None:
        """Complete answers: milliseconds → how many."""
        failed = int(status) >= 400
        tags = {"name": name, "method": method, "status": status, "expected_response": str(not failed).lower()}
        if failed:
            tags["error_code"] = str(1000 + int(status))
        for ms, n in times.items():
            self._made(n, failed, tags)
            for metric in ("http_req_duration", "http_req_response_time"):
                self.sample(metric, ms * MS, n, **tags)

    def errors(self, name: str, n: int, code: str, method: str = "GET") -> None:
        """Requests without an answer; a time-out is a censored sample of 30 s."""
        tags = {"name": name, "method": method, "status": "0", "expected_response": "false", "error_code": code}
        if code == "1050":
            tags["censored"] = "true"
            for metric in ("http_req_duration", "http_req_response_time"):
                self.sample(metric, 30_000 * MS, n, **tags)
        else:
            self.sample("http_req_error_duration", 1 * MS, n, **tags)
        self._made(n, True, tags)
        self.count("http_req_errors", n, **tags)

    def iterations(self, n: int, due: int = 0, dropped: int = 0) -> None:
        self.count("iterations_started", n)
        self.count("iterations", n)
        self.sample("iteration_duration", 500 * MS, n)
        self.count("data_sent", 120 * n)
        self.count("data_received", 4096 * n)
        if due:
            self.count("arrivals_due", due)
            self.count("arrivals_started", n)
            self.sample("arrival_lag", 760_000, n)
        if dropped:
            self.count("dropped_iterations", dropped)

    def checks(self, name: str, passes: int, fails: int) -> None:
        self.count("checks/hits", passes, check=name)
        self.count("checks/total", passes + fails, check=name)

    def generator(self, cpu: float, saturated: bool = False) -> None:
        self.count("generator_seconds", 1)
        if saturated:
            self.count("generator_saturated_seconds", 1)
        self.gauge("generator_cpu", cpu, thread="engine")

    def window(self) -> Window:
        return Window(self.start, 1, self.counters, self.gauges, self.histograms)

    def _made(self, n: int, failed: bool, tags: Mapping[str, str]) -> None:
        self.count("http_reqs", n, **tags)
        self.count("http_req_failed/total", n, **tags)
        if failed:
            self.count("http_req_failed/hits", n, **tags)


def run_of(plan: Plan, seconds: list[Second], ending: Ending | None, events: tuple[Event, ...] = ()) -> Run:
    """The judged run of these seconds."""
    windows = tuple(second.window() for second in seconds)
    total = WindowSum()
    for window in windows:
        total.add(window)
    view = total.take()
    run = Run(ID, "measured", plan, Environment("0.1.0"), STARTED, view, windows, events, ending)
    return replace(run, verdict=judge(plan, view, ending, events))


def shop(executor: Executor, *thresholds: Threshold) -> Plan:
    return Plan(
        scenarios=(Scenario("default", executor),),
        script=ScriptSource("load/shop.py", "0" * 64, "# a shop"),
        thresholds=(*thresholds, IMPLICIT),
        metrics=(CustomMetric("items_seen", "trend"), CustomMetric("orders", "counter")),
    )


def passing() -> Run:
    """10 s at 100 arrivals/s, all well."""
    plan = shop(
        ConstantArrivalRate(100.0, 1.0, 10.0, 20, 20),
        Threshold("http_req_response_time", "p(95)<300ms", {"name": "GET /cart"}),
        Threshold("http_req_duration", "p(95)<500"),
    )
    seconds = []
    for start in range(10):
        second = Second(start)
        second.iterations(100, due=100)
        second.requests("GET /cart", {20: 60, 85: 15, 120: 5})
        second.requests("POST /order", {110: 18, 250: 2}, method="POST")
        second.checks("status is 200", 100, 0)
        second.sample("items_seen", 12_000, 50)
        second.count("orders", 20 * 10**9)
        second.gauge("vus", 14)
        second.gauge("vus_max", 20)
        second.generator(0.21)
        seconds.append(second)
    return run_of(plan, seconds, Ending("completed", 10.0, 10.2, vus=20))


def failing() -> Run:
    """From second 5 on POST /order is slow, and answers 503 now and then."""
    plan = shop(
        ConstantArrivalRate(100.0, 1.0, 10.0, 50, 50),
        Threshold("http_req_response_time", "p(95)<300ms", {"name": "POST /order"}),
        Threshold("http_req_response_time", "p(99)<300ms", {"name": "GET /cart"}),
        Threshold("http_req_duration", "p(95)<500"),
        Threshold("checks", "rate>0.99"),
    )
    seconds = []
    for start in range(10):
        second = Second(start)
        second.iterations(100, due=100)
        second.requests("GET /cart", {20: 60, 85: 15, 299: 5})
        slow = {346: 15} if start >= 5 else {110: 20}
        second.requests("POST /order", slow, method="POST")
        if start >= 5:
            second.requests("POST /order", {12: 5}, status="503", method="POST")
        second.checks("status is 200", 95, 5 if start >= 5 else 0)
        second.checks("has a body", 100, 0)
        second.gauge("vus", 31)
        second.generator(0.34)
        seconds.append(second)
    failed = tuple(
        Event(6.0, "threshold_failed", name)
        for name in ("http_req_response_time{name:POST /order} p(95)<300ms", "http_req_failed rate<0.01")
    )
    return run_of(plan, seconds, Ending("completed", 10.0, 10.4, vus=50), failed)


def invalid() -> Run:
    """Half of the arrivals were started, and a threshold is about a name that no request has."""
    plan = shop(
        ConstantArrivalRate(100.0, 1.0, 10.0, 10, 10),
        Threshold("http_req_duration", "p(95)<500"),
        Threshold("http_req_duration", "p(99)<1s", {"name": "DELETE /cart"}),
    )
    seconds = []
    for start in range(10):
        second = Second(start)
        second.iterations(50, due=100, dropped=50)
        second.requests("GET /cart", {20: 40, 85: 10})
        second.sample("http_req_response_time", 0, 50, name="(not started)", censored="true")
        second.gauge("vus", 10)
        second.generator(0.99, saturated=True)
        seconds.append(second)
    return run_of(plan, seconds, Ending("completed", 10.0, 10.0, vus=10))


def empty() -> Run:
    """Nothing happened at all."""
    return run_of(shop(ConstantVus(1, 10.0), Threshold("http_req_duration", "p(95)<500")), [], None)


def refused() -> Run:
    """Every connection was refused."""
    plan = Plan(
        scenarios=(Scenario("default", ConstantVus(10, 5.0)),),
        request=RequestSource("GET", "http://127.0.0.1:1/"),
        thresholds=(Threshold("http_req_duration", "p(95)<500"), IMPLICIT),
    )
    seconds = []
    for start in range(5):
        second = Second(start)
        second.iterations(1000)
        second.errors("GET /", 1000, "1212")
        second.gauge("vus", 10)
        seconds.append(second)
    return run_of(plan, seconds, Ending("completed", 5.0, 5.0, vus=10))


def censored() -> Run:
    """One request in ten never gets an answer."""
    plan = shop(
        ConstantVus(40, 60.0), Threshold("http_req_duration", "p(95)<500"), Threshold("http_req_duration", "med<500")
    )
    seconds = []
    for start in range(60):
        second = Second(start)
        second.iterations(20)
        second.requests("GET /feed", {40: 12, 2250: 6})
        second.errors("GET /feed", 2, "1050")
        second.gauge("vus", 40)
        seconds.append(second)
    return run_of(plan, seconds, Ending("completed", 60.0, 90.0, vus=40))


RUNS = {f.__name__: f for f in (passing, failing, invalid, empty, refused, censored)}


@pytest.fixture(params=list(RUNS))
def named_run(request) -> tuple[str, Run]:
    return request.param, RUNS[request.param]()


@pytest.fixture
def runs() -> dict[str, Run]:
    return {name: make() for name, make in RUNS.items()}


@pytest.fixture
def make_run():
    """`make_run(plan, seconds, ending)`, `make_run.second(start)`, `make_run.shop(executor, *thresholds)`."""
    run_of.second = Second
    run_of.shop = shop
    return run_of
