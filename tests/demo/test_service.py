"""The configuration of the demo service: what is possible, what is said about what is not, and what crosses over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage import _engine
from tonnage.demo import DemoConfig, DemoServer
from tonnage.errors import PlanError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"port": 70_000}, "port: 70000 is outside"),
        ({"workers": -1}, "workers: -1 is outside"),
        ({"service_time": float("nan")}, "service_time: nan is outside"),
        ({"errors": 1.5}, "errors: 1.5 is outside 0 to 1"),
        ({"distribution": "normal"}, "distribution: 'normal' is none of fixed, exponential, pareto"),
        ({"stall_from": "now"}, "stall_from: 'now' is none of"),
        ({"distribution": "pareto", "shape": 1.0}, "shape: 1.0: a Pareto"),
        ({"queue_limit": 3}, "queue_limit: nobody waits"),
        ({"stalls": ((2, 1),)}, r"stalls\[0\]"),
        ({"stalls": ((1, 3), (2, 4))}, r"stalls\[1\]: begins at 2"),
    ],
)
def test_a_service_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(PlanError, match=message):
        DemoConfig(**wrong)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(PlanError) as caught:
        DemoConfig(errors=2, slow=-1)
    assert [mistake.path for mistake in caught.value.mistakes] == ["errors", "slow"]


configs = st.builds(
    DemoConfig,
    workers=st.integers(1, 2**32 - 1),
    service_time=st.floats(0, 86_400),
    distribution=st.sampled_from(["fixed", "exponential", "pareto"]),
    shape=st.floats(1, 1e9, exclude_min=True),
    stalls=st.lists(st.floats(0, 86_400), unique=True, max_size=6).map(
        lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
    ),
    stall_from=st.sampled_from(["first_request", "start"]),
    errors=st.floats(0, 1),
    slow=st.floats(0, 1),
    slow_factor=st.floats(0, 1e6),
    queue_limit=st.none() | st.integers(0, 2**32 - 1),
    seed=st.integers(0, 2**64 - 1),
)


@given(configs)
def test_the_native_service_accepts_whatever_python_accepts(config):
    DemoServer(config).stop()


@pytest.mark.parametrize("text", ["{", '{"worker": 1}', '{"errors": 2}'])
def test_the_native_service_refuses_what_python_would_not_send(text):
    with pytest.raises(ValueError, match=r"."):
        _engine.DemoServer(text)


def test_the_native_service_is_a_context_of_its_own():
    with _engine.DemoServer("{}") as server:
        assert server.port > 0
        assert server.stats()["requests"] == {}
