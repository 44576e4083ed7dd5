"""What an HPA may see, for tests: a service under a known load, and arbitrary observations."""

from hypothesis import strategies as st

from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, RatePolicy, ScalingRules, Target
from tonnage.scaling.policy import Absent, Container, Metrics, Observation, Pod, PodRow, ResourceRow

CPU = MetricSpec("Resource", "cpu", Target("Utilization", utilization=60))
CONTAINER = MetricSpec("ContainerResource", "cpu", Target("Utilization", utilization=60), "web")
SESSIONS = MetricSpec("Pods", "sessions", Target("AverageValue", average=4000))
QUEUE = MetricSpec("Object", "queue", Target("Value", value=100_000), described="Service")
LAG = MetricSpec("External", "lag", Target("AverageValue", average=10_000))
METRICS = (CPU, CONTAINER, SESSIONS, QUEUE, LAG)


def serving(now, replicas, total, **more):
    """`replicas` ready pods that share `total` thousandths of the metric `sessions`."""
    share, rest = divmod(total, replicas)
    names = [f"pod-{i}" for i in range(replicas)]
    rows = tuple(PodRow(name, share + (i < rest), now) for i, name in enumerate(names))
    pods = tuple(Pod(name, ready="True", start=now - 900, ready_transition=now - 890) for name in names)
    return Observation(now, replicas, pods=pods, metrics=Metrics(pods={"sessions": rows}), **more)


def pods_of(spec, now, replicas, total):
    return spec, serving(now, replicas, total)


def _maybe(values):
    return st.one_of(values, st.just(Absent("the metrics API did not answer")))


@st.composite
def observations(draw, replicas=None):
    now = draw(st.floats(0, 1e6))
    names = [f"pod-{i}" for i in range(draw(st.integers(0, 6)))]
    seconds, usage = st.floats(0, 1200), st.integers(0, 5000)
    pods = tuple(
        Pod(
            name,
            draw(st.sampled_from(["Running", "Running", "Running", "Pending", "Failed", "Succeeded"])),
            draw(st.booleans()),
            draw(st.sampled_from(["True", "True", "False", None])),
            now - draw(seconds),
            now - draw(seconds),
            (Container("web", {"cpu": draw(st.integers(1, 2000))}),),
        )
        for name in names
    )
    seen = [name for name in [*names, "stranger"] if draw(st.booleans())]
    return Observation(
        now,
        draw(st.integers(0, 40)) if replicas is None else replicas,
        draw(st.integers(0, 40)),
        draw(_maybe(st.just(pods))),
        Metrics(
            resource=draw(
                _maybe(
                    st.just(tuple(ResourceRow(each, now - 10, 30, (("web", {"cpu": draw(usage)}),)) for each in seen))
                )
            ),
            pods={"sessions": draw(_maybe(st.just(tuple(PodRow(each, draw(usage), now) for each in seen))))},
            objects={"queue": draw(_maybe(st.integers(0, 10**7)))},
            external={"lag": draw(_maybe(st.lists(st.integers(0, 10**6), max_size=3).map(tuple)))},
        ),
    )


_policies = st.lists(
    st.builds(RatePolicy, st.sampled_from(["Pods", "Percent"]), st.integers(1, 200), st.integers(1, 600)),
    min_size=1,
    max_size=3,
).map(tuple)
_rules = st.builds(
    ScalingRules,
    st.one_of(st.none(), st.integers(0, 600)),
    st.sampled_from([None, "Max", "Min", "Disabled"]),
    st.one_of(st.none(), _policies),
    st.one_of(st.none(), st.floats(0, 1)),
)


@st.composite
def specs(draw):
    floor = draw(st.integers(0, 10))
    return HpaSpec(
        floor + draw(st.integers(1, 30)),
        tuple(draw(st.lists(st.sampled_from(METRICS), min_size=1, max_size=4))),
        floor,
        draw(st.one_of(st.none(), st.builds(Behavior, _rules, _rules))),
        draw(st.sampled_from(["1.20", "1.23", "1.33", "1.35", "1.37"])),
    )
