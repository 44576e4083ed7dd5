"""The HTTPS servers have the certificates that they should have."""

import socket
import ssl

import pytest
from tests.sut import Certificate, SecureServer


def ask(server, host="127.0.0.1", authority=None):
    context = ssl.create_default_context(cadata=authority or server.authority)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return client.recv(1_000)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_good_certificate_is_trusted(host):
    with SecureServer() as server:
        assert ask(server, host).endswith(b"ok")
        assert server.url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (Certificate.EXPIRED, "certificate has expired"),
        (Certificate.WRONG_HOST, "mismatch"),
        (Certificate.SELF_SIGNED, "self-signed certificate"),
    ],
    ids=lambda value: value.value if isinstance(value, Certificate) else "",
)
def test_a_bad_certificate_is_refused_for_its_own_reason(certificate, reason):
    with SecureServer(certificate) as server, pytest.raises(ssl.SSLCertVerificationError, match=reason):
        ask(server)


def test_an_unknown_authority_is_refused():
    refused = pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer")
    with SecureServer() as server, SecureServer() as other, refused:
        ask(server, authority=other.authority)
