"""The native core. Only `engine.native`, `metrics.histogram` and `demo` import it."""

from types import TracebackType
from typing import Any, Self, final

@final
class DemoServer:
    """A demo service, bound when it is made, serving between `start` and `stop`.

    Args:
        config_json: a JSON object with the fields of `tonnage.demo.DemoConfig`; those left out have their defaults.

    Raises:
        ValueError: no possible service; names the field.
        OSError: the address cannot be bound.
    """

    def __new__(cls, config_json: str) -> Self: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def stats(self) -> dict[str, Any]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None, /
    ) -> None: ...
