"""Before anything is sent: can the target be reached at all? Resolve, connect, TLS; no HTTP.

A run against a host that is down would measure refusals; it is refused instead, unless that is what is wanted.
"""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from tonnage.errors import Refused
from tonnage.load.plan import Http

PATIENCE = 5.0
"""Seconds for the look at one host."""


def preflight(url: str, http: Http) -> None:
    """Look whether the host of a URL answers.

    Raises:
        Refused: it does not; the message says at which step, and how to run all the same.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as connection:
            if parts.scheme == "https":
                _handshake(connection, host, http)
    except socket.gaierror as error:
        raise _refused(host, port, f"the name cannot be resolved ({error.strerror})") from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        raise _refused(host, port, f"TLS failed ({reason}); --insecure turns the check of certificates off") from error
    except TimeoutError as error:
        raise _refused(host, port, f"no answer to the connection within {PATIENCE:g} s") from error
    except OSError as error:
        raise _refused(host, port, (error.strerror or str(error)).lower()) from error


def _handshake(connection: socket.socket, host: str, http: Http) -> None:
    context = ssl.create_default_context()
    if http.ca_file:
        context.load_verify_locations(cafile=http.ca_file)
    if http.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=host):
        pass


def _refused(host: str, port: int, why: str) -> Refused:
    text = f"preflight: {host}:{port} cannot be reached: {why}; nothing was sent. Start the service or correct the URL"
    return Refused(f"{text}; --no-preflight runs all the same")
