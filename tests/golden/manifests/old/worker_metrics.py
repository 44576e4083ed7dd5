"""Metrics, probes and drain of a session worker. Needs prometheus_client.

    with worker.session():          # around each session; raises Full when it may not begin
        ...

Call `serve(worker)` once, `worker.started = True` after the warm-up, and `worker.drain_and_wait()` on SIGTERM.
"""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import Counter, Gauge, generate_latest

SLOTS = 5

ACTIVE = Gauge("agent_active_sessions", "Number of active sessions on this worker")
REJECTED = Counter("agent_rejected_sessions_total", "Sessions that found no free slot on this worker")


class Full(Exception):
    """No slot is free, or the worker drains."""


class Worker:
    """Counts sessions; what it counts is what the HPA sees."""

    def __init__(self):
        self.started = False
        self.draining = False
        self._active = 0
        self._changed = threading.Condition()

    @property
    def ready(self):
        """Whether a new session may begin."""
        return self.started and not self.draining

    @contextmanager
    def session(self):
        """One session, counted from here to its end, however it ends."""
        with self._changed:
            if self.draining or self._active >= SLOTS:
                REJECTED.inc()
                raise Full
            self._active += 1
            ACTIVE.set(self._active)
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                ACTIVE.set(self._active)
                self._changed.notify_all()

    def drain(self):
        """Take no new sessions from here on."""
        self.draining = True

    def drain_and_wait(self, timeout=1800):
        """Wait for the last session, at most the grace period [s]; whether all have ended."""
        self.drain()
        with self._changed:
            return self._changed.wait_for(lambda: self._active == 0, timeout)


def serve(worker, port=9090):
    """Answer /metrics, /started, /ready and /drain from a thread of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = 200, b""
            if self.path == "/metrics":
                body = generate_latest()
            elif self.path == "/started":
                status = 200 if worker.started else 503
            elif self.path == "/ready":
                status = 200 if worker.ready else 503
            elif self.path == "/drain":
                worker.drain()
            else:
                status = 404
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
