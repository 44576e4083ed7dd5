"""Systems under test that misbehave on purpose: what a load generator must survive and tell apart.

Each is a context manager with a `url`, on loopback only, and ends by itself after its lifetime. They know HTTP by the
byte and nothing of the client that is tested on them. Well-behaved truth is `tonnage.demo`.

    with sut.resetter() as server:
        ...  # load server.url
"""

from tests.sut.base import Peer, Server
from tests.sut.connections import Refuser, Returning, black_hole, half_close, resetter, slow_accept
from tests.sut.protocol import (
    bad_chunk_length,
    dripper,
    endless_headers,
    gzip_bomb,
    huge_body,
    informational_flood,
    odd_header,
    redirect,
    redirect_loop,
    redirect_to_metadata,
)
from tests.sut.tls import Certificate, SecureServer

__all__ = [
    "Certificate",
    "Peer",
    "Refuser",
    "Returning",
    "SecureServer",
    "Server",
    "bad_chunk_length",
    "black_hole",
    "dripper",
    "endless_headers",
    "gzip_bomb",
    "half_close",
    "huge_body",
    "informational_flood",
    "odd_header",
    "redirect",
    "redirect_loop",
    "redirect_to_metadata",
    "resetter",
    "slow_accept",
]
