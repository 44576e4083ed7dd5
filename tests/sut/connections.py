"""Servers that misbehave as connections: silent, absent, abrupt, late."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Self

from tests.sut.base import LIFETIME, Peer, Server, polite


def black_hole() -> Server:
    """Accepts, reads, and never answers."""

    def behave(peer: Peer) -> None:
        while peer.request():
            pass

    return Server(behave)


def resetter() -> Server:
    """Resets the connection once it has read a request."""

    def behave(peer: Peer) -> None:
        if peer.request():
            # Lingering for no time makes the close a reset.
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return Server(behave)


def half_close() -> Server:
    """Promises 100 bytes, sends 50, sends no more, and goes on listening."""

    def behave(peer: Peer) -> None:
        if peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50)
            peer.socket.shutdown(socket.SHUT_WR)
            while peer.socket.recv(65_536):
                pass

    return Server(behave)


def slow_accept(pause: float = 0.2, backlog: int = 0) -> Server:
    """Accepts a connection only every `pause` seconds; the kernel holds `backlog` + 1 of those that wait."""
    return Server(polite, accept_pause=pause, backlog=backlog)


def reserve(port: int = 0) -> socket.socket:
    """A socket that owns a port without listening: whoever connects is refused, and nobody else gets the port.

    A listener may still take it, since both allow the reuse of the address.
    """
    owner = socket.socket()
    owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    owner.bind(("127.0.0.1", port))
    return owner


class Refuser:
    """A port on which nobody listens."""

    def __enter__(self) -> Self:
        self._owner = reserve()
        self.port = self._owner.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._owner.close()

    @property
    def url(self) -> str:
        """Where nobody is."""
        return f"http://127.0.0.1:{self.port}"


class Returning:
    """A polite server that is there only during some windows, and refuses connections outside of them.

    Args:
        windows: [from, to) after the beginning [s], in order.
    """

    def __init__(self, windows: Sequence[tuple[float, float]]) -> None:
        self._windows = windows
        self._ending = threading.Event()
        self.server = Server(polite, lifetime=LIFETIME)

    def __enter__(self) -> Self:
        self._owner = reserve()
        self.server.port = self._owner.getsockname()[1]
        self.begin = time.monotonic()
        self._thread = threading.Thread(target=self._come_and_go, daemon=True)
        if self._windows and self._windows[0][0] <= 0:
            self.server.listen()  # there from the very beginning, not a moment after it
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(timeout=10)
        self._owner.close()

    @property
    def url(self) -> str:
        """Where it is, or will be."""
        return self.server.url

    def _come_and_go(self) -> None:
        for start, end in self._windows:
            if not self._pass_until(start):
                return
            if start > 0:
                self.server.listen()
            with contextlib.closing(_Ending(self.server)):
                if not self._pass_until(end):
                    return

    def _pass_until(self, instant: float) -> bool:
        return not self._ending.wait(max(0.0, self.begin + instant - time.monotonic()))


class _Ending:
    """Ends a server when closed."""

    def __init__(self, server: Server) -> None:
        self.close = server.end
