"""The servers that misbehave as connections do so."""

import socket
import time

import pytest
from tests import sut

GET = b"GET / HTTP/1.1\r\n\r\n"


def connect(server, timeout=2.0):
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def read_all(client):
    return b"".join(iter(lambda: client.recv(65_536), b""))


def test_a_black_hole_never_answers():
    with sut.black_hole() as server, connect(server, 0.1) as client:
        client.sendall(GET)
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert server.accepted == 1


def test_a_refuser_refuses():
    with sut.Refuser() as server, pytest.raises(ConnectionRefusedError):
        connect(server)


def test_a_resetter_resets_after_the_request():
    with sut.resetter() as server, connect(server) as client:
        client.sendall(GET)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_half_closed_answer_is_short_and_the_server_still_reads():
    with sut.half_close() as server, connect(server) as client:
        client.sendall(GET)
        assert read_all(client).endswith(b"\r\n\r\n" + b"x" * 50)
        client.sendall(b"more")


def test_a_slow_accepter_answers_late():
    with sut.slow_accept(0.1) as server, connect(server) as client:
        begin = time.monotonic()
        client.sendall(GET)
        assert client.recv(100).endswith(b"ok")
        assert time.monotonic() - begin >= 0.05


def test_a_returning_server_is_there_only_in_its_windows():
    with sut.Returning([(0, 0.2), (0.5, 60)]) as server:
        with socket.create_connection(("127.0.0.1", server.server.port), timeout=2) as client:
            client.sendall(GET)
            assert client.recv(100).endswith(b"ok")
            assert client.recv(100) == b""  # it died
        seen = []
        while time.monotonic() < server.begin + 2 and True not in seen[-1:]:
            try:
                connect(server.server).close()
                seen.append(True)
            except ConnectionRefusedError:
                seen.append(False)
                time.sleep(0.02)
    assert False in seen
    assert seen[-1]


def test_an_end_ends_everybody():
    with sut.black_hole() as server:
        clients = [connect(server) for _ in range(3)]
        while server.accepted < 3:
            time.sleep(0.001)
    for client in clients:
        with client:
            assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(server)
