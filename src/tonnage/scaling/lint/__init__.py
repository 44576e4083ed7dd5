"""What is wrong with a policy before anything runs, each claim with the numbers of an example.

    circumstances  what is known beside the policy: limits, delays, alerts, an exposition sample
    objects        the other objects of the file: Deployment, PodDisruptionBudget, PrometheusRule
    exposition     metric names of a sample in Prometheus' text format
    example        drives the policy itself over small tables of observations
    thresholds, metrics, safety, speed    the checks
    rules          all of them: `lint`

No number of an example is written down: each comes from `decide` of the policy at hand.
"""
