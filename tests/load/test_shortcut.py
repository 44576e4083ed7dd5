"""k6's shortcuts, by the table of k6.md 1.2, and the rate that is ours."""

import pytest

from tonnage.errors import PlanError, UnitError
from tonnage.load.executor import (
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    SharedIterations,
    Stage,
)
from tonnage.load.shortcut import default_max_vus, seconds_of, shortcut, stages_of

STAGES = (Stage(30, 10), Stage(60, 0))


@pytest.mark.parametrize(
    ("options", "executor"),
    [
        ({}, PerVuIterations(1, 1, 600)),
        ({"vus": 5}, SharedIterations(5, 5, 600)),
        ({"iterations": 7}, SharedIterations(1, 7, 600)),
        ({"iterations": 7, "vus": 3}, SharedIterations(3, 7, 600)),
        ({"iterations": 7, "duration": "1m"}, SharedIterations(1, 7, 60)),
        ({"duration": "1m"}, ConstantVus(1, 60)),
        ({"duration": 90, "vus": 4}, ConstantVus(4, 90)),
        ({"stages": STAGES}, RampingVus(1, STAGES, 30)),
        ({"stages": STAGES, "vus": 0}, RampingVus(0, STAGES, 30)),
        ({"rate": 50, "duration": "1m"}, ConstantArrivalRate(50, 1, 60, 10, 100)),
        ({"rate": "600/m", "duration": "1m", "vus": 20}, ConstantArrivalRate(10, 1, 60, 20, 100)),
        ({"rate": 80, "duration": "1m", "max_vus": 5}, ConstantArrivalRate(80, 1, 60, 5, 5)),
        ({"rate": 100, "duration": 1}, ConstantArrivalRate(100, 1, 1, 10, 200)),
        ({"rate": 1, "stages": [("10s", 300)]}, RampingArrivalRate(1, 1, (Stage(10, 300),), 10, 600)),
        ({"rate": 1, "vus": 500, "duration": 1}, ConstantArrivalRate(1, 1, 1, 500, 500)),
    ],
)
def test_options_stand_for_one_executor(options, executor):
    assert shortcut(**options) == executor
    assert executor.validate() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": 1, "stages": STAGES}, "using `iterations` and `stages` options simultaneously is not allowed"),
        ({"duration": 1, "stages": STAGES}, "using `duration` and `stages` options simultaneously is not allowed"),
        ({"rate": 1, "iterations": 1}, "using `rate` and `iterations` options simultaneously is not allowed"),
        ({"rate": 1}, "a `rate` needs a `duration` or `stages`"),
        ({"max_vus": 1, "vus": 1}, "`max_vus` needs a `rate`"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options, message):
    with pytest.raises(PlanError, match=message):
        shortcut(**options)


def test_the_default_of_max_vus_grows_with_the_rate():
    assert [default_max_vus(rate) for rate in (0, 50, 50.1, 1000, 1e6)] == [100, 100, 101, 2000, 10_000]


def test_stages_may_be_written_in_four_ways():
    written = [("30s", 10), {"duration": "30s", "target": 10}, "30s:10", Stage(30, 10)]
    assert stages_of(written) == (Stage(30, 10),) * 4


@pytest.mark.parametrize(
    "stage", ["30s", "30s:x", {"duration": "30s"}, {"duration": "30s", "traget": 1}, ("30s",), ("1s", None)]
)
def test_what_is_no_stage_is_refused_with_its_text(stage):
    with pytest.raises(PlanError, match="stages: "):
        stages_of([stage])


def test_a_bare_number_is_seconds_and_a_bare_text_is_refused():
    assert seconds_of(1.5) == 1.5
    assert seconds_of("1m30s") == 90
    with pytest.raises(UnitError, match="no unit"):
        seconds_of("5")
