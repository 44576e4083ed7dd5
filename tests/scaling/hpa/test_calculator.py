"""Laws of the replica calculator."""

from hypothesis import given
from hypothesis import strategies as st

from tonnage.scaling.hpa.calculator import (
    PercentOfRequest,
    PerPod,
    Sample,
    Tally,
    from_average,
    from_pods,
    from_value,
    per_pod,
    total,
)
from tonnage.scaling.hpa.quantity import MOST, MOST_REPLICAS
from tonnage.scaling.hpa.spec import Tolerances

count, milli = st.integers(1, 200), st.integers(0, 10**6)
tolerances = st.builds(Tolerances, st.floats(0, 1), st.floats(0, 1))


@given(count, milli, milli, tolerances)
def test_more_load_on_ready_pods_never_asks_for_fewer(pods, a, b, tolerance):
    lesser, greater = sorted((a, b))

    def replicas(usage, target):
        return from_pods(pods, Sample(pods, Tally(pods, pods, usage, 1000 * pods)), target, tolerance)

    for target in (PercentOfRequest(60), PerPod(4000)):
        assert replicas(lesser, target) <= replicas(greater, target)


@given(count, milli, milli, tolerances, st.integers(1, 10**5))
def test_a_larger_shared_value_never_asks_for_fewer(existing, a, b, tolerance, target):
    lesser, greater = sorted((a, b))
    assert from_value(existing, lesser, target, existing, tolerance) <= from_value(
        existing, greater, target, existing, tolerance
    )
    assert from_average(existing, lesser, target, tolerance) <= from_average(existing, greater, target, tolerance)


@given(count, milli, st.lists(milli, max_size=6), st.lists(milli, max_size=6), tolerances)
def test_pods_without_data_never_make_a_change_larger(ready, usage, missing, unready, tolerance):
    measured, target = Tally(ready, ready, usage, 1000 * ready), PercentOfRequest(70)
    size = ready + len(missing) + len(unready)
    damped = from_pods(size, Sample(ready, measured, tuple(missing), tuple(unready)), target, tolerance)
    ratio = target.ratio(measured)
    if ratio > 1:
        assert size <= damped or not (missing or unready)
    if ratio < 1:
        assert damped <= size


def test_the_ends_of_the_tolerance_still_hold():
    tolerance = Tolerances(0.5, 0.25)
    assert tolerance.hold(1.5)
    assert tolerance.hold(0.75)
    assert not tolerance.hold(1.5000001)


def test_sizes_and_sums_saturate():
    assert from_value(3, MOST, 1, 3, Tolerances(0.1, 0.1)) == MOST_REPLICAS
    assert from_average(0, 0, 5, Tolerances(0.1, 0.1)) == 0
    assert total([MOST, 5]) == MOST
    assert per_pod(MOST, 2) == MOST


def test_a_value_target_grows_geometrically_while_pods_start_slowly():
    # A queue of four times its target: every sync multiplies the ready pods, although more are on their way.
    assert from_value(8, 400, 100, 2, Tolerances(0.1, 0.1)) == 8
    assert from_value(8, 400, 100, 8, Tolerances(0.1, 0.1)) == 32
    assert from_average(8, 400, 100, Tolerances(0.1, 0.1)) == 4
