"""Alerts, and the way of a metric from the application to the HPA."""

from __future__ import annotations

from typing import Any, Final

from tonnage.scaling.alerts import CPU, ERRORS, LEVELS, MEMORY, P95, P99, POOL, QUEUE, Level
from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.sessions import SessionSpec

_FOR: Final = "5m"
_QUANTILE: Final = (
    "1000 * histogram_quantile({q}, sum by (le) (rate(http_request_duration_seconds_bucket{{{pods}}}[5m])))"
)
_EXPRESSIONS: Final = {
    CPU: (
        '100 * sum(rate(container_cpu_usage_seconds_total{{{pods},container!=""}}[5m]))'
        ' / sum(kube_pod_container_resource_requests{{{pods},resource="cpu"}})'
    ),
    MEMORY: (
        '100 * sum(container_memory_working_set_bytes{{{pods},container!=""}})'
        ' / sum(kube_pod_container_resource_limits{{{pods},resource="memory"}})'
    ),
    QUEUE: "max({queue}{{{pods}}})",
    ERRORS: (
        '100 * sum(rate(http_requests_total{{{pods},code=~"5.."}}[5m])) / sum(rate(http_requests_total{{{pods}}}[5m]))'
    ),
    P95: _QUANTILE.replace("{q}", "0.95"),
    P99: _QUANTILE.replace("{q}", "0.99"),
    POOL: "100 * max(db_pool_connections_in_use{{{pods}}} / db_pool_connections_max{{{pods}}})",
}


def prometheus_rule(settings: Settings, sessions: SessionSpec | None) -> str:
    """The PrometheusRule: levels of the service, and of the pool of sessions where there is one."""
    groups: list[Any] = [{"name": f"{settings.name}-levels", "rules": _levels(settings)}]
    if sessions:
        groups.append({"name": f"{settings.name}-sessions", "rules": _sessions(settings, sessions)})
    note = (
        "Warning and critical levels. The names of metrics are those of cAdvisor, kube-state-metrics and usual client "
        "libraries: check each against what your pods expose (tonnage lint --exposition). An alert of which the metric "
        "does not exist never fires, and says nothing.\n"
        "Keep an HPA's target below the warning: at the same number the HPA holds the metric where the alert begins."
    )
    return emit(
        Noted(
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": settings.metadata(),
                "spec": {"groups": groups},
            },
            note,
        )
    )


def _levels(settings: Settings) -> list[Any]:
    rules = []
    for level in LEVELS:
        expression = _EXPRESSIONS[level].format(pods=selector(settings), queue=settings.queue_metric)
        for severity, limit in (("warning", level.warning), ("critical", level.critical)):
            if limit is not None:
                rules.append(
                    _alert(level.alert, f"{expression} > {limit:g}", severity, _summary(settings, level, limit))
                )
    return rules


def _summary(settings: Settings, level: Level, limit: float) -> str:
    unit = f" {level.unit}" if level.unit else ""
    return f"{settings.name}: {level.title} is {{{{ $value | humanize }}}}{unit}, above {limit:g}{unit}"


def _sessions(settings: Settings, spec: SessionSpec) -> list[Any]:
    pods, slots = selector(settings), spec.sessions_per_worker
    used = f"sum({settings.metric}{{{pods}}}) / ({slots} * count({settings.metric}{{{pods}}}))"
    most = f'kube_deployment_spec_replicas{{{_namespace(settings)}deployment="{settings.name}"}} >= {spec.max_workers}'
    up = spec.scale_up_threshold / 1000
    return [
        Noted(
            _alert(
                "SessionSlotsNearlyUsed", f"{used} >= {up:g}", "warning",
                f"{settings.name}: {{{{ $value | humanizePercentage }}}} of the session slots are used; it should have "
                "scaled up",
            ),
            f"The policy adds workers at {up:g}; five minutes later they should be there.",
        ),
        Noted(
            _alert(
                "SessionSlotsUsedUp", f"{used} >= 1", "critical", f"{settings.name}: no free session slot", "0m"
            ),
            "A pool of sessions has no queue: whoever comes now is rejected.",
        ),
        _alert("SessionWorkersAtMost", most, "warning", f"{settings.name}: at max_workers, {spec.max_workers}"),
    ]  # fmt: skip


def _alert(name: str, expression: str, severity: str, summary: str, lasting: str = _FOR) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def _namespace(settings: Settings) -> str:
    return f'namespace="{settings.namespace}",' if settings.namespace else ""


def selector(settings: Settings) -> str:
    """Label matchers of the Deployment's pods, whose names are name, ReplicaSet's hash and a suffix."""
    return f'{_namespace(settings)}pod=~"{settings.name}-[a-z0-9]+-[a-z0-9]+"'


def adapter_rule(settings: Settings, metrics: list[str]) -> str:
    """The rules of the prometheus-adapter that give the HPA its metrics."""
    note = (
        "Rules of the prometheus-adapter: into `rules` of its configuration, or `rules.custom` of its Helm values. A "
        "rule whose series has no namespace and pod labels matches nothing, silently; then the HPA has no metric and "
        "stays as it is. Check: kubectl get --raw "
        f'"/apis/custom.metrics.k8s.io/v1beta2/namespaces/{settings.namespace or "default"}/pods/*/{metrics[0]}"'
    )
    return emit(Noted({"rules": [_rule(metric) for metric in metrics]}, note))


def _rule(metric: str) -> dict[str, Any]:
    # The adapter makes rates of counters under this name.
    counter = metric.removesuffix("_per_second")
    series, name = (f"{counter}_total", metric) if counter != metric else (metric, metric)
    query = "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)"
    if series != metric:
        query = "sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)"
    return {
        "seriesQuery": f'{series}{{namespace!="",pod!=""}}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}},
        "name": {"matches": f"^{series}$", "as": name},
        "metricsQuery": query,
    }
