"""What the end-to-end tests share: the command, the maker of runs, and a demo service without a service time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.command import Command
from tests.e2e.making import Maker

from tonnage.demo import DemoConfig, DemoServer


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    """Answers at once; its paths (/echo, /status/503, /delay/20 …) do what they are called."""
    with DemoServer(DemoConfig()) as server:
        yield server


@pytest.fixture(scope="module")
def paced() -> Iterator[DemoServer]:
    """A demo service that takes 5 ms, so that few VUs do not use all of the processor."""
    with DemoServer(DemoConfig(service_time=0.005)) as server:
        yield server


@pytest.fixture
def tonnage(tmp_path: Path) -> Command:
    """The command, at home in an empty folder."""
    return Command(tmp_path)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Makes runs in this process."""
    return Maker(tmp_path)
