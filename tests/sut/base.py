"""A server of threads whose behaviour is one function."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

LIFETIME = 60.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """One client, as a behaviour sees it: requests in, bytes out. Every wait ends with the server."""

    def __init__(self, connection: socket.socket, ending: threading.Event) -> None:
        self.socket = connection
        self._ending = ending
        self._input = b""

    def request(self) -> bytes:
        """The head of the next request; empty once the client sends no more. Bodies are not understood."""
        while b"\r\n\r\n" not in self._input:
            received = self.socket.recv(65_536)
            if not received:
                return b""
            self._input += received
        head, _, self._input = self._input.partition(b"\r\n\r\n")
        return head

    def send(self, data: bytes) -> None:
        """Send all of it, however slowly the client reads."""
        self.socket.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Let time pass; tells whether the server goes on."""
        return not self._ending.wait(seconds)


Behaviour = Callable[[Peer], None]


class Server:
    """A server on a loopback port that treats each connection by `behaviour`, on a thread of its own.

    Args:
        behaviour: talks to one client; the connection is closed when it returns. That the client leaves, or the
            server ends, is an OSError inside it and no mistake.
        lifetime: after which it ends by itself [s].
        accept_pause: time before each accept [s].
        backlog: connections that the kernel holds before they are accepted.
    """

    scheme = "http"

    def __init__(
        self, behaviour: Behaviour, *, lifetime: float = LIFETIME, accept_pause: float = 0.0, backlog: int = 128
    ) -> None:
        self._behaviour = behaviour
        self._lifetime = lifetime
        self._accept_pause = accept_pause
        self._backlog = backlog
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.accepted = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def listen(self) -> None:
        """Begin to accept; on the port that it had, if it had one."""
        self._ending = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=self._backlog)
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept, self._listener, self._ending, time.monotonic() + self._lifetime)

    def end(self) -> None:
        """Refuse further connections, end those there are, and wait for all threads."""
        self._ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(timeout=5)
            assert not thread.is_alive(), "a behaviour does not end with its server"

    def wrap(self, connection: socket.socket) -> socket.socket:
        """What a behaviour talks through: the connection itself, or a layer over it."""
        return connection

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, ending: threading.Event, deadline: float) -> None:
        with listener:
            listener.settimeout(0.05)
            while not ending.wait(self._accept_pause) and time.monotonic() < deadline:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                self.accepted += 1
                self._spawn(self._talk, connection, ending, deadline)

    def _talk(self, connection: socket.socket, ending: threading.Event, deadline: float) -> None:
        with contextlib.suppress(OSError):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._known(connection), self.wrap(connection) as wrapped, self._known(wrapped):
                self._behaviour(Peer(wrapped, ending))
        connection.close()

    @contextlib.contextmanager
    def _known(self, connection: socket.socket):
        """Let `end` find the connection; it is not missed if the end comes first."""
        with self._lock:
            self._connections.add(connection)
        try:
            if not self._ending.is_set():
                yield
            else:
                raise ConnectionAbortedError
        finally:
            with self._lock:
                self._connections.discard(connection)


def polite(peer: Peer) -> None:
    """Answer every request by 200 and two bytes."""
    while peer.request():
        peer.send(ANSWER)
