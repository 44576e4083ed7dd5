"""The VUs that scripts are given: plain records whose calls lead to the core."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from greenlet import getcurrent

from tonnage._engine import Sleep


class _Vu:
    """What both kinds have; slots keep a VU small, since there may be ten thousand."""

    __slots__ = ("_rng", "check", "data", "env", "http", "id", "iteration", "seed", "sleep")

    def __init__(self, vu: int) -> None:
        self.id = vu
        self.iteration = 0
        self.env: Mapping[str, str] = {}
        self.data: Any = None
        self.seed = ""
        self._rng: random.Random | None = None

    @property
    def rng(self) -> random.Random:
        """Random numbers of this VU alone, the same in every run with this seed. Made when first asked for."""
        if self._rng is None:
            self._rng = random.Random(self.seed)
        return self._rng


class CoroutineVu(_Vu):
    """The VU of an `async def` function: its calls are the core's own objects."""

    __slots__ = ()

    def __init__(self, vu: int, http: Any, checks: Any) -> None:
        super().__init__(vu)
        self.http = http
        self.check = checks
        self.sleep = Sleep


def _ask(asked: Any) -> Any:
    """Give the engine's loop what is asked for, and get what came of it."""
    parent = getcurrent().parent
    if parent is None:
        raise RuntimeError("a VU's calls work inside its own function only, not in a thread that the script started")
    return parent.switch(asked)


class PlainHttp:
    """`vu.http` of a plain function: the same calls as of a coroutine, each returning its response."""

    __slots__ = ("_http",)

    def __init__(self, http: Any) -> None:
        self._http = http

    def get(self, url: str, **options: Any) -> Any:
        return _ask(self._http.get(url, **options))

    def post(self, url: str, **options: Any) -> Any:
        return _ask(self._http.post(url, **options))

    def put(self, url: str, **options: Any) -> Any:
        return _ask(self._http.put(url, **options))

    def patch(self, url: str, **options: Any) -> Any:
        return _ask(self._http.patch(url, **options))

    def delete(self, url: str, **options: Any) -> Any:
        return _ask(self._http.delete(url, **options))

    def head(self, url: str, **options: Any) -> Any:
        return _ask(self._http.head(url, **options))

    def options(self, url: str, **options: Any) -> Any:
        return _ask(self._http.options(url, **options))

    def request(self, method: str, url: str, **options: Any) -> Any:
        return _ask(self._http.request(method, url, **options))


class PlainVu(_Vu):
    """The VU of a plain function, which runs in a greenlet."""

    __slots__ = ("_checks",)

    def __init__(self, vu: int, http: Any, checks: Any) -> None:
        super().__init__(vu)
        self.http = PlainHttp(http)
        self._checks = checks
        self.check = self._check
        self.sleep = self._sleep

    def _check(self, value: Any, conditions: Mapping[str, Callable[[Any], Any]]) -> bool:
        # Conditions run here, not inside the core: one of them might make a request, and a greenlet must not switch
        # with a native frame on its stack.
        results = {name: bool(test(value) if callable(test) else test) for name, test in conditions.items()}
        return bool(self._checks(None, results))

    def _sleep(self, seconds: float) -> None:
        _ask(Sleep(seconds))
