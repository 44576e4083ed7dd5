"""A policy as files for a cluster: texts, each with comments where the thing that they explain stands.

settings    what the cluster and the workload are called
emit        YAML with comments, keys in the order given
knative     the annotations of a Knative Service
hpa         the HorizontalPodAutoscaler that acts where the policy does
workload    the patch of the Deployment, the PodDisruptionBudget
headroom    room on the nodes: a CapacityBuffer, or balloon pods
monitoring  PrometheusRule and the rule of the prometheus-adapter
snippet     what the application exposes, in Python
bundle      all of them: `manifests`
"""
