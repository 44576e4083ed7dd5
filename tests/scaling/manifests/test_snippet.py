"""The application's module counts, answers and drains as the manifests expect."""

import sys
import threading
import types
import urllib.error
import urllib.request

import pytest
from tests.scaling.inputs import VOICE_SCALING

from tonnage.scaling.files import read_policy
from tonnage.scaling.lint.circumstances import Circumstances
from tonnage.scaling.lint.exposition import metric_names
from tonnage.scaling.lint.rules import lint
from tonnage.scaling.manifests.bundle import manifests
from tonnage.scaling.manifests.settings import Settings


class Metric:
    """As much of prometheus_client as the module uses."""

    all = {}  # noqa: RUF012

    def __init__(self, name, text):
        self.name, self.value = name, 0
        Metric.all[name] = self

    def inc(self):
        self.value += 1

    def set(self, value):
        self.value = value


@pytest.fixture
def module(monkeypatch):
    client = types.ModuleType("prometheus_client")
    client.Counter = client.Gauge = Metric
    client.generate_latest = lambda: "".join(f"{each.name} {each.value}\n" for each in Metric.all.values()).encode()
    monkeypatch.setitem(sys.modules, "prometheus_client", client)
    files = manifests(read_policy(VOICE_SCALING), Settings("1.35"))
    made = types.ModuleType("worker_metrics")
    exec(compile(files["worker_metrics.py"], "worker_metrics.py", "exec"), made.__dict__)
    made.files = files
    return made


def test_sessions_are_counted_to_their_end_however_they_end(module):
    worker = module.Worker()
    seen = []

    def fail():
        with worker.session():
            seen.append(module.ACTIVE.value)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (seen, module.ACTIVE.value) == ([1], 0)


def test_a_full_worker_rejects_and_counts_it(module):
    worker = module.Worker()
    sessions = [worker.session() for _ in range(5)]
    for session in sessions:
        session.__enter__()
    with pytest.raises(module.Full), worker.session():
        pass
    assert (module.ACTIVE.value, module.REJECTED.value) == (5, 1)


def test_draining_ends_with_the_last_session(module):
    worker = module.Worker()
    session = worker.session()
    session.__enter__()
    assert worker.drain_and_wait(timeout=0) is False
    with pytest.raises(module.Full), worker.session():
        pass
    ended = []
    waiting = threading.Thread(target=lambda: ended.append(worker.drain_and_wait(timeout=10)))
    waiting.start()
    session.__exit__(None, None, None)
    waiting.join()
    assert ended == [True]


def test_probes_hook_and_metrics_are_answered(module):
    worker = module.Worker()
    server = module.serve(worker, 0)

    def ask(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, ""

    try:
        assert [ask(path)[0] for path in ("/started", "/ready", "/nothing")] == [503, 503, 404]
        worker.started = True
        assert [ask(path)[0] for path in ("/started", "/ready", "/drain", "/ready")] == [200, 200, 200, 503]
        hpa = read_policy(module.files["hpa.yaml"], "hpa.yaml")
        exposed = metric_names(ask("/metrics")[1])
        assert "TN510" not in {each.code for each in lint(hpa, Circumstances(exposed=exposed))}
    finally:
        server.shutdown()
        server.server_close()
