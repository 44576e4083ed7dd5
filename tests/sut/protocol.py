"""Servers that misbehave as HTTP: endless, broken, bloated, misleading."""

from __future__ import annotations

import zlib

from tests.sut.base import ANSWER, Peer, Server

METADATA = "http://169.254.169.254/latest/meta-data/"
_MIB = 1 << 20


def dripper(pause: float = 0.01, answer: bytes = ANSWER) -> Server:
    """Answers byte by byte, one every `pause` seconds."""

    def behave(peer: Peer) -> None:
        while peer.request():
            for byte in answer:
                peer.send(bytes([byte]))
                if not peer.wait(pause):
                    return

    return Server(behave)


def _endless(begin: bytes, more: bytes) -> Server:
    """Answers by `begin`, then by `more` for ever."""

    def behave(peer: Peer) -> None:
        if peer.request():
            peer.send(begin)
            while peer.wait(0):
                peer.send(more)

    return Server(behave)


def endless_headers() -> Server:
    """Its headers never end."""
    return _endless(b"HTTP/1.1 200 OK\r\n", b"X-Endless: " + b"x" * 1_000 + b"\r\n")


def informational_flood(status: int = 102) -> Server:
    """Says for ever that it is still at work."""
    return _endless(b"", f"HTTP/1.1 {status} Processing\r\n\r\n".encode() * 50)


def huge_body(size: int = 10 << 30) -> Server:
    """Promises and sends `size` bytes, for as long as the client takes them."""

    def behave(peer: Peer) -> None:
        if peer.request():
            peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(size // _MIB):
                peer.send(bytes(_MIB))
            peer.send(bytes(size % _MIB))

    return Server(behave)


def _always(answer: bytes) -> Server:
    """Gives the same answer to every request."""

    def behave(peer: Peer) -> None:
        while peer.request():
            peer.send(answer)

    return Server(behave)


def bad_chunk_length(length: bytes = b"zz") -> Server:
    """Its second chunk has a length that is none, such as `zz`, `-1` or more than any machine has."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return _always(head + b"3\r\nabc\r\n" + length + b"\r\nabc\r\n0\r\n\r\n")


def odd_header(value: bytes = b"a\x00b") -> Server:
    """One header holds bytes that none may hold (a NUL), or that are no UTF-8."""
    return _always(b"HTTP/1.1 200 OK\r\nX-Odd: " + value + b"\r\nContent-Length: 2\r\n\r\nok")


def gzip_bomb(size: int = 256 * _MIB) -> Server:
    """Some 1,000 times smaller than what it unpacks to: `size` zeros, in whole MiB."""
    packed = pack_zeros(size)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    return _always(head.encode() + packed)


def pack_zeros(size: int) -> bytes:
    """One gzip member of `size` zeros, in whole MiB: one packed MiB again and again, since packing all is slow."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(size // _MIB):
        checksum = zlib.crc32(bytes(_MIB), checksum)
    trailer = checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + block * (size // _MIB) + packer.flush() + trailer


def redirect(location: str, status: int = 302) -> Server:
    """Sends every request to `location`."""
    head = f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return _always(head.encode())


def redirect_loop() -> Server:
    """Sends every request to the path it came for, or another: it never arrives."""
    return redirect("/again")


def redirect_to_metadata() -> Server:
    """Sends every request to the metadata address of a cloud, where credentials are."""
    return redirect(METADATA)
