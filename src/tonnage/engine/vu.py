"""The VUs that scripts are given: plain records whose calls lead to the core."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from greenlet import getcurrent

from tonnage._engine import Sleep


class _Vu:
    """What both kinds have; slots keep a VU small, since there may be ten thousand."""

    # A script may keep what it likes on its VU (`vu.token = …`): the dict is made when it first does.
    __slots__ = ("__dict__", "_rng", "check", "data", "env", "http", "id", "iteration", "seed", "sleep")

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

    def __init__(self, vu: int, calls: Calls) -> None:
        super().__init__(vu)
        self.http = calls.http
        self.check = calls.checks
        self.sleep = Sleep


class PlainVu(_Vu):
    """The VU of a plain function, which runs in a greenlet."""

    __slots__ = ()

    def __init__(self, vu: int, calls: Calls) -> None:
        super().__init__(vu)
        self.http = calls.plain_http
        self.check = calls.plain_check
        self.sleep = calls.plain_sleep


class PlainHttp:
    """`vu.http` of plain functions: the same calls as of a coroutine, each returning its response.

    One object for all VUs: a call gives the engine's loop what is asked for, and the loop knows who asked.
    """

    def __init__(self, http: Any, switch: Callable[[Any], Any]) -> None:
        def call(native: Callable[..., Any]) -> Callable[..., Any]:
            def ask(url: str, **options: Any) -> Any:
                return switch(native(url, **options))

            return ask

        self.get, self.post, self.put = call(http.get), call(http.post), call(http.put)
        self.patch, self.delete = call(http.patch), call(http.delete)
        self.head, self.options = call(http.head), call(http.options)
        self._request, self._switch = http.request, switch

    def request(self, method: str, url: str, **options: Any) -> Any:
        return self._switch(self._request(method, url, **options))


class Calls:
    """What VUs' calls lead to; made on the engine's thread, whose loop plain functions switch back to."""

    def __init__(self, http: Any, checks: Any) -> None:
        switch = getcurrent().switch
        self.http, self.checks = http, checks
        self.plain_http = PlainHttp(http, switch)

        def plain_check(value: Any, conditions: Mapping[str, Callable[[Any], Any]]) -> bool:
            # Conditions run here, not inside the core: one of them might make a request, and a greenlet must not
            # switch with a native frame on its stack.
            note: Callable[[Mapping[str, Any]], bool] = checks.note
            return note({name: test(value) if callable(test) else test for name, test in conditions.items()})

        def plain_sleep(seconds: float) -> None:
            switch(Sleep(seconds))

        self.plain_check, self.plain_sleep = plain_check, plain_sleep
