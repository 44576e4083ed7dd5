"""What must not be stored: secrets that came with the environment, the headers or the URLs of a plan.

A value is a secret when its name says so (`TOKEN`, `Authorization`, `?api_key=`). It is taken out by value, wherever
it stands: in the plan, the command line, an event or the name of a series.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from tonnage.load.plan import Plan

HIDDEN: Final = "(hidden)"
SHORTEST: Final = 6  # a shorter value would be found in ordinary words and numbers; it is hidden where its name stands

_NAME: Final = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw(?:or)?d|passphrase|credential|signature"
    r"|(?:api|access|auth|private|session).?(?:key|id)|^(?:key|pwd|auth)$",
    re.IGNORECASE,
)
_QUERY: Final = re.compile(r"""[?&;]([^=&;#\s?"'`]{1,128})=([^&;#\s"'`]{1,4096})""")
_USER: Final = re.compile(r"://([^/@\s:]{0,256}):([^/@\s]{1,1024})@")
_SCHEME: Final = re.compile(r"^(?:Basic|Bearer|Digest|Token)\s+", re.IGNORECASE)


class Redaction:
    """A function from text to text without the secrets of a plan. Invariant: applying it twice changes nothing more."""

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        known = sorted((secret for secret in secrets if len(secret) >= SHORTEST), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    @classmethod
    def of(cls, plan: Plan) -> Redaction:
        """The redaction of every secret that the plan names."""
        return cls(frozenset(_secrets(plan)))

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        text = _QUERY.sub(_without_value, text) if "=" in text else text
        return _USER.sub(rf"://\1:{HIDDEN}@", text) if "@" in text else text

    def tree(self, data: Any) -> Any:
        """JSON data without the secrets; keys stay."""
        if isinstance(data, str):
            return self(data)
        if isinstance(data, list | tuple):
            match data:
                case [str() as name, str()] if _NAME.search(name):  # a header
                    return [name, HIDDEN]
            return [self.tree(item) for item in data]
        if isinstance(data, Mapping):
            return {name: self._value(name, value) for name, value in data.items()}
        return data

    def _value(self, name: str, value: Any) -> Any:
        return HIDDEN if isinstance(value, str) and _NAME.search(name) else self.tree(value)


def _without_value(found: re.Match[str]) -> str:
    name = unquote(found[1])
    return f"{found[0][0]}{found[1]}={HIDDEN}" if _NAME.search(name) else found[0]


def _secrets(plan: Plan) -> Iterator[str]:
    headers = [*plan.http.headers, *(plan.request.headers if plan.request else ())]
    tables = [plan.env, *(scenario.env for scenario in plan.scenarios)]
    for name, value in [*headers, *(pair for table in tables for pair in table.items())]:
        if _NAME.search(name):
            yield value
            yield _SCHEME.sub("", value)
    for url in (plan.http.base_url, plan.request.url if plan.request else None):
        for name, value in _QUERY.findall(url or ""):
            if _NAME.search(unquote(name)):
                yield value
                yield unquote(value)
        for _, value in _USER.findall(url or ""):
            yield value
            yield unquote(value)
