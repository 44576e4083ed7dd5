"""The user's documents, where they are; tests that need them are skipped elsewhere."""

import os
from pathlib import Path

import pytest

INPUTS = Path(os.environ.get("TONNAGE_SHARED", "../shared")) / "inputs"
needs_inputs = pytest.mark.skipif(not INPUTS.is_dir(), reason=f"the documents are not in {INPUTS}")

VOICE_SCALING = """agent:
  name: dental-receptionist
  scaling:
    min_workers: 2
    max_workers: 50
    sessions_per_worker: 5
    scale_up_threshold: 0.8
    scale_down_threshold: 0.3
    scale_down_delay: 300s
    warmup_time: 30s
"""

VOICE_HPA = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: voice-agent-hpa
  namespace: livekit
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: voice-agent}
  minReplicas: 2
  maxReplicas: 50
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 30
      policies:
        - {type: Pods, value: 4, periodSeconds: 60}
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - {type: Pods, value: 2, periodSeconds: 120}
  metrics:
    - type: Pods
      pods:
        metric: {name: agent_active_sessions}
        target: {type: AverageValue, averageValue: "4"}
"""

WEB_HPA = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
"""
