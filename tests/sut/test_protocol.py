"""The servers that misbehave as HTTP do so."""

import gzip
import socket

import pytest
from tests import sut
from tests.sut.base import ANSWER
from tests.sut.protocol import pack_zeros

MIB = 1 << 20


def ask(server, least=1):
    """The first bytes of an answer, at least so many; the client leaves in the middle of it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = b""
        while len(received) < least:
            more = client.recv(65_536)
            assert more, "the server left first"
            received += more
        return received


def test_a_dripper_sends_single_bytes():
    with sut.dripper(pause=0.002) as server:
        assert ask(server, len(ANSWER)) == ANSWER


def test_headers_may_never_end():
    with sut.endless_headers() as server:
        assert b"\r\n\r\n" not in ask(server, 2 * MIB)


def test_an_answer_may_never_be_final():
    with sut.informational_flood() as server:
        received = ask(server, MIB)
    assert received.count(b"HTTP/1.1 102 ") > 10_000
    assert b"200" not in received


def test_a_body_may_be_larger_than_any_memory():
    with sut.huge_body() as server:
        assert b"Content-Length: 10737418240\r\n" in ask(server, 4 * MIB)


@pytest.mark.parametrize("length", [b"zz", b"-1", b"f" * 20])
def test_a_chunk_may_have_no_length(length):
    with sut.bad_chunk_length(length) as server:
        assert b"\r\n" + length + b"\r\n" in ask(server, 57 + len(length))


@pytest.mark.parametrize("value", [b"a\x00b", b"\xff\xfe"])
def test_a_header_may_hold_what_none_may(value):
    with sut.odd_header(value) as server:
        assert value in ask(server, 50)


def test_a_bomb_unpacks_to_a_thousand_times_its_size():
    packed = pack_zeros(8 * MIB)
    assert gzip.decompress(packed) == bytes(8 * MIB)
    assert len(packed) * 900 < 8 * MIB
    with sut.gzip_bomb(8 * MIB) as server:
        assert packed in ask(server, len(packed) + 60)


@pytest.mark.parametrize(
    ("server", "location"),
    [
        (sut.redirect_loop(), b"/again"),
        (sut.redirect_to_metadata(), b"http://169.254.169.254/latest/meta-data/"),
        (sut.redirect("file:///etc/passwd"), b"file:///etc/passwd"),
    ],
    ids=["loop", "metadata", "file"],
)
def test_a_redirect_may_lead_nowhere_good(server, location):
    with server:
        assert b"\r\nLocation: " + location + b"\r\n" in ask(server, 40)
