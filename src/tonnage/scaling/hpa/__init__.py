"""The HorizontalPodAutoscaler of Kubernetes, autoscaling/v2, as pure functions of what one sync sees.

    quantity    numbers as Kubernetes writes and bounds them
    spec        what an HPA, its controller and its version say
    manifest    an HPA manifest, already parsed, as a spec
    pods        which pods count, and what they request
    readings    rows of the metrics APIs as one value per pod
    calculator  replicas from numbers
    metrics     one proposal per metric, and the largest of them
    behavior    stabilization, rate limits, and what they remember
    autoscaler  one sync: the policy

It is written from the rules that the controller's own tests assert (replica_calculator.go, horizontal.go); what has
no test there follows the newest version, and older ones by the switches of `spec.Semantics`.
"""
