"""What a status or an error_code is called. The codes are k6's."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

_CODES: Final[Mapping[int, str]] = {
    1000: "error",
    1010: "network error",
    1020: "invalid URL",
    1050: "time-out",
    1100: "DNS error",
    1101: "no such host",
    1110: "blocked address",
    1111: "blocked host",
    1200: "TCP error",
    1201: "broken pipe",
    1202: "TCP error",
    1210: "cannot connect",
    1211: "time-out while connecting",
    1212: "connection refused",
    1213: "cannot connect",
    1220: "connection reset",
    1300: "TLS error",
    1301: "no TLS spoken",
    1310: "unknown authority",
    1311: "wrong host name in the certificate",
    1600: "HTTP/2 error",
    1701: "body cannot be decompressed",
}
_FAMILIES: Final = (
    (1610, 1630, "HTTP/2 GOAWAY"),
    (1630, 1650, "HTTP/2 stream error"),
    (1650, 1700, "HTTP/2 connection"),
)


def failure_name(error_code: str, status: str) -> str:
    """Words for a failed request: "503 Service Unavailable", "connection refused", "error 1999".

    A status that is no failure by itself was not the expected one: "200 (unexpected)".
    """
    if error_code.isascii() and error_code.isdigit():
        code = int(error_code[:9])
        if 1400 <= code < 1600:
            return _status_name(code - 1000)
        for begin, end, name in _FAMILIES:
            if begin <= code < end:
                return f"{name} ({code})"
        return _CODES.get(code, f"error {code}")
    if status.isascii() and status.isdigit() and status != "0":
        return _status_name(int(status[:9]))
    return "no answer"


def _status_name(status: int) -> str:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    suffix = " (unexpected)" if status < 400 else ""
    return f"{status} {phrase}".rstrip() + suffix
