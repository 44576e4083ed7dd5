"""One file for each code of the lint, small enough to read."""

from tests.scaling.inputs import VOICE_HPA, VOICE_SCALING

from tonnage.scaling.lint.circumstances import Circumstances

SERVICE = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}
"""

QUEUE = SERVICE.replace(
    "type: Resource\n      resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}",
    "type: External\n      external: {metric: {name: jobs_waiting}, target: {type: Value, value: 100}}",
)

DEPLOYMENT = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: voice-agent}
spec:
  selector: {matchLabels: {app: voice-agent}}
  template:
    metadata: {labels: {app: voice-agent}}
    spec:
      containers:
        - name: agent
          image: voice-agent
"""

SIDECAR = DEPLOYMENT.replace("voice-agent", "api").replace(
    "          image: api\n",
    "          image: api\n          resources: {requests: {cpu: 500m}}\n        - {name: proxy, image: proxy}\n",
)

BUDGET = """---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: voice-agent}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: voice-agent}}
"""

RULES = """---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: api}
spec:
  groups:
    - name: api
      rules:
        - alert: WaitingLong
          expr: max(jobs_waiting{queue="a"}) > 100
          labels: {severity: warning}
"""

EXPOSED = frozenset({"agent_sessions_active", "process_cpu_seconds_total"})

CASES = {
    "TN501": (VOICE_SCALING, Circumstances()),
    "TN502": (VOICE_SCALING + "    buffer: 0.1\n", Circumstances()),
    "TN503": ("kind: sessions\nmin_workers: 1\nmax_workers: 9\nsessions_per_worker: 5\nscale_down_threshold: 0.41\n", Circumstances()),
    "TN504": (QUEUE, Circumstances()),
    "TN505": (VOICE_HPA, Circumstances(sessions_per_worker=5)),
    "TN506": (SERVICE + SIDECAR, Circumstances()),
    "TN507": (VOICE_HPA + DEPLOYMENT + BUDGET, Circumstances()),
    "TN508": (VOICE_HPA + DEPLOYMENT, Circumstances(longest_session=1800)),
    "TN509": (VOICE_HPA, Circumstances()),
    "TN510": (VOICE_HPA, Circumstances(exposed=EXPOSED)),
    "TN511": (QUEUE.replace("type: Value, value", "type: AverageValue, averageValue") + RULES, Circumstances()),
    "TN512": (SERVICE, Circumstances()),
    "TN513": (VOICE_SCALING.replace("min_workers: 2", "min_workers: 1"), Circumstances()),
    "TN514": (VOICE_HPA, Circumstances(sessions_per_worker=5)),
    "TN515": (VOICE_HPA, Circumstances()),
}  # fmt: skip
