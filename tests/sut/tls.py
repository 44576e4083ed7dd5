"""HTTPS servers whose certificates are good, or not."""

from __future__ import annotations

import datetime
import socket
import ssl
import tempfile
from enum import Enum
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.sut.base import LIFETIME, Behaviour, Server, polite

_DAY = datetime.timedelta(days=1)


class Certificate(Enum):
    """What is wrong with a server's certificate."""

    GOOD = "good"
    EXPIRED = "expired"
    WRONG_HOST = "wrong host"
    SELF_SIGNED = "self-signed"


class SecureServer(Server):
    """A polite HTTPS server for 127.0.0.1 and localhost; its clients should trust `authority`, a PEM text."""

    scheme = "https"

    def __init__(
        self,
        certificate: Certificate = Certificate.GOOD,
        behaviour: Behaviour = polite,
        *,
        lifetime: float = LIFETIME,
        protocols: tuple[str, ...] = ("http/1.1",),
    ) -> None:
        super().__init__(behaviour, lifetime=lifetime)
        authority = trustme.CA()
        self.authority = authority.cert_pem.bytes().decode()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.set_alpn_protocols(list(protocols))
        _equip(self._context, certificate, authority)

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Shake hands; a client that refuses the certificate is an OSError."""
        return self._context.wrap_socket(connection, server_side=True)


def _equip(context: ssl.SSLContext, certificate: Certificate, authority: trustme.CA) -> None:
    if certificate is Certificate.SELF_SIGNED:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            Path(file.name).write_bytes(_self_signed())
            context.load_cert_chain(file.name)
        return
    names = ["elsewhere.example"] if certificate is Certificate.WRONG_HOST else ["127.0.0.1", "localhost"]
    end = datetime.datetime.now(datetime.UTC) - _DAY if certificate is Certificate.EXPIRED else None
    authority.issue_cert(*names, not_after=end).configure_cert(context)


def _self_signed() -> bytes:
    """Key and certificate, PEM, for localhost, signed by that key itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - _DAY, now + _DAY)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(encoding)
