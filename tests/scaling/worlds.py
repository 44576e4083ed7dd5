"""Policies, models and demands that several tests rehearse."""

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.load.curve import Curve
from tonnage.load.demand import Demand, parse_demand
from tonnage.metrics import reading
from tonnage.scaling.hpa.autoscaler import HorizontalPodAutoscaler
from tonnage.scaling.hpa.spec import Behavior, HpaSpec, MetricSpec, RatePolicy, ScalingRules, Target
from tonnage.scaling.knative import KnativePodAutoscaler, KnativeSpec
from tonnage.scaling.sessions import SessionPolicy, SessionSpec

CALLS = SessionModel(180.0)
FOREVER = SessionModel(1e7, scv=0.0)
WEB = ServiceModel(0.02, 2)
CPU = MetricSpec("Resource", "cpu", Target("Utilization", utilization=70))
QUEUE = MetricSpec("Pods", "clay_queue_depth", Target("AverageValue", average=100_000))
SESSIONS = MetricSpec("Pods", "agent_active_sessions", Target("AverageValue", average=4000))

VOICE_BEHAVIOR = Behavior(
    ScalingRules(30, None, (RatePolicy("Pods", 4, 60),)), ScalingRules(300, None, (RatePolicy("Pods", 2, 120),))
)
VOICE_HPA = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2, VOICE_BEHAVIOR))
PLAIN_VOICE_HPA = HorizontalPodAutoscaler(HpaSpec(50, (SESSIONS,), 2))
CLAY_HPA = HorizontalPodAutoscaler(HpaSpec(20, (CPU, QUEUE), 2))
POOL = SessionPolicy(SessionSpec(2, 50, 5))
KNATIVE = KnativePodAutoscaler(KnativeSpec(target=7.0, capacity=10.0, least=1, most=50))

WAVES = parse_demand("20/s, 1h: 400/s, 30m: 100/s, 0s: 300/s, 20m: 300/s, 1h: 20/s")


def constant_sessions(n: int, length: float) -> Demand:
    """`n` callers in the first seconds, one each, and nobody after them."""
    return Demand(Curve.stairs([(float(n), 1.0), (length - n, 0.0)]))


def count(run, name):
    return reading.count(run.total, name)


def last(run, name):
    return reading.gauge(run.total, name).last


def sizes(run):
    """(at, size) of every change."""
    return [(event.at, int(event.text.split("→")[1].split(":")[0])) for event in run.events if event.kind == "scaled"]
