"""What is wrong with a policy before anything runs, each claim with the numbers of an example.

    circumstances  what is known beside the policy: limits, delays, alerts, an exposition sample
    objects        the other objects of the file: Deployment, PodDisruptionBudget, PrometheusRule
    exposition     metric names of a sample in Prometheus' text format
    example        asks the policy itself over small tables of observations: where it acts
    rehearsed      the policy in the simulator under a simple load: what comes of it over time
    witnesses      what the first has found, seen to happen in the second
    thresholds, metrics, safety, speed    the checks
    rules          all of them: `lint`

No number of an example is written down: each comes from the policy at hand, asked or rehearsed.
"""
