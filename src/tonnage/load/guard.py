"""What is refused before anything is sent: hosts that may not be loaded, and plans beyond their budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from unicodedata import normalize
from urllib.parse import urlsplit

from tonnage.load.plan import Plan
from tonnage.load.requirements import peak_rate
from tonnage.units import duration

_METADATA: Final = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, RFC 3927: where most clouds hand out credentials
        "100.100.100.200/32",  # Alibaba Cloud
        "192.0.0.192/32",  # Oracle Cloud, classic
        "168.63.129.16/32",  # Azure's WireServer
        "fe80::/10",  # link-local, RFC 4291
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google Cloud
    )
)
_NUMBER: Final = re.compile(r"0x[0-9a-f]{1,16}|[0-9]{1,16}", re.ASCII)
_METADATA_NAMES: Final = frozenset({"metadata.google.internal", "metadata.goog"})


def host_of(url: str) -> tuple[str, int]:
    """Host (lower case, IPv6 without brackets) and port of an absolute http or https URL."""
    parts = urlsplit(url)
    return (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme.lower() == "https" else 80)


def hosts_of(plan: Plan) -> tuple[str, ...]:
    """The hosts that the plan names, `name:port`; a script may name others, which the engine checks."""
    return tuple(dict.fromkeys(f"{host}:{port}" for host, port in map(host_of, _urls(plan))))


def refusals(plan: Plan, max_rate: float | None, max_duration: float | None) -> Iterator[str]:
    """Why the plan must not be run; the limits in 1/s and in seconds."""
    for host, port in dict.fromkeys(map(host_of, _urls(plan))):
        yield from _refused_host(host, port, plan.http.targets)
    rate = peak_rate(plan.scenarios)
    if max_rate is not None and rate > max_rate * (1 + 1e-9):
        yield f"the plan reaches {rate:g} arrivals/s, max_rate is {max_rate:g}/s: lower the rate or raise max_rate"
    if max_duration is not None and plan.duration > max_duration:
        yield (
            f"the plan may last {duration(plan.duration)}, max_duration is {duration(max_duration)}: "
            "give a shorter duration or raise max_duration"
        )


def is_metadata(host: str) -> bool:
    """Whether a host is a link-local address or one of the fixed addresses of cloud metadata services.

    Names are judged again after resolving, by the engine.
    """
    host = normalize("NFKC", host).lower().rstrip(".")
    if host in _METADATA_NAMES:
        return True
    try:
        address = _number(host) or ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return any(form in network for form in _forms(address) for network in _METADATA)


def _urls(plan: Plan) -> Iterator[str]:
    if plan.request is not None:
        yield plan.request.url
    if plan.http.base_url is not None:
        yield plan.http.base_url


def _refused_host(host: str, port: int, targets: Sequence[str]) -> Iterator[str]:
    if is_metadata(host):
        yield f"{host} is where clouds hand out credentials: link-local and metadata addresses are never loaded"
    elif targets and host not in targets and f"{host}:{port}" not in targets:
        yield f"{host}:{port} is not among the targets ({', '.join(targets[:10])}): add it to `targets` if it is yours"


def _number(host: str) -> IPv4Address | None:
    """The IPv4 address that resolvers read in one to four decimal, octal or hexadecimal numbers, the last one long.

    Raises:
        ValueError: the numbers are no address.
    """
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    *first, last = (int(part, 16 if part[:2] == "0x" else 8 if part[0] == "0" else 10) for part in parts)
    return IPv4Address(sum(number << 24 - 8 * i for i, number in enumerate(first)) + last)


def _forms(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, and the IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64, 6to4."""
    yield address
    if isinstance(address, IPv6Address):
        number = int(address)
        if number >> 32 in {0, 0xFFFF, 0x64FF9B << 64}:
            yield IPv4Address(number & 0xFFFFFFFF)
        if number >> 112 == 0x2002:
            yield IPv4Address(number >> 80 & 0xFFFFFFFF)
