"""All files of a policy, as a Kustomize base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tonnage.errors import Mistake, PlanError
from tonnage.scaling.files import PolicyFile
from tonnage.scaling.hpa.spec import HpaSpec
from tonnage.scaling.knative import KnativeSpec
from tonnage.scaling.manifests.emit import Noted, comment, emit
from tonnage.scaling.manifests.headroom import headroom
from tonnage.scaling.manifests.hpa import own_hpa, session_hpa
from tonnage.scaling.manifests.knative import knative_files
from tonnage.scaling.manifests.monitoring import adapter_rule, prometheus_rule
from tonnage.scaling.manifests.settings import METRIC, Settings
from tonnage.scaling.manifests.snippet import snippet
from tonnage.scaling.manifests.workload import deployment_patch, disruption_budget
from tonnage.scaling.sessions import SessionSpec

_SCHEDULE: Final = (
    "The policy has a schedule around it, which an HPA cannot express: patch minReplicas by a CronJob, or use KEDA's "
    "cron trigger beside this one."
)
_SCHEDULE_OF_KNATIVE: Final = (
    "The policy has a schedule around it, which annotations cannot express: patch min-scale by a CronJob."
)


def manifests(file: PolicyFile, settings: Settings | None = None) -> Mapping[str, str]:
    """File name → text, for a policy of the kinds sessions, hpa and knative, also inside a schedule.

    The same policy and settings always give the same text.

    Raises:
        PlanError: the kind has no such manifests, or the settings do not fit.
    """
    core = file.core
    chosen = (settings or Settings()).completed(file)
    if isinstance(core.spec, SessionSpec):
        scaler, least = session_hpa(core.spec, chosen), max(1, core.spec.min_workers)
        metrics, sessions = [chosen.metric], core.spec
    elif isinstance(core.spec, HpaSpec):
        scaler, least, sessions = own_hpa(core.spec, core.node, chosen), max(1, core.spec.floor), None
        metrics = [each.name for each in core.spec.metrics if each.type == "Pods" and METRIC.fullmatch(each.name)]
    elif isinstance(core.spec, KnativeSpec):
        return _knative(file, core.spec, chosen)
    else:
        raise PlanError(Mistake("kind", f"{core.kind} has no manifests", file.document.place("kind")))
    if file.inner:
        scaler = "".join(f"{line}\n" for line in comment(_SCHEDULE)) + scaler
    name, room = headroom(chosen, least)
    files = {
        "deployment-patch.yaml": deployment_patch(chosen),
        "hpa.yaml": scaler,
        "pdb.yaml": disruption_budget(chosen),
        "prometheus-rule.yaml": prometheus_rule(chosen, sessions),
        name: room,
    }
    files["kustomization.yaml"] = _kustomization(chosen, sorted(files.keys() - {"deployment-patch.yaml"}))
    if metrics:
        files["prometheus-adapter-rule.yaml"] = adapter_rule(chosen, metrics)
    if sessions:
        files["worker_metrics.py"] = snippet(chosen, sessions.sessions_per_worker)
    return dict(sorted(files.items()))


def _knative(file: PolicyFile, spec: KnativeSpec, settings: Settings) -> Mapping[str, str]:
    """The files of a Knative policy: its Service has no Deployment of its own to patch, and no HPA."""
    try:
        files = knative_files(spec, settings)
    except PlanError as error:
        raise PlanError(*(file.document.located(mistake) for mistake in error.mistakes)) from None
    patch = next(name for name in files if name.endswith("-patch.yaml"))
    if file.inner:
        files[patch] = "".join(f"{line}\n" for line in comment(_SCHEDULE_OF_KNATIVE)) + files[patch]
    note = f"A base: put service.yaml, with the Knative Service {settings.name}, beside it."
    if len(files) > 1:
        note += " Not in it: config-autoscaler.yaml, which is the cluster's."
    base = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [Noted("service.yaml", "Yours.")],
        "patches": [{"path": patch}],
    }
    files["kustomization.yaml"] = emit(Noted(base, note))
    return dict(sorted(files.items()))


def _kustomization(settings: Settings, resources: list[str]) -> str:
    note = (
        f"A base: put {settings.deployment}, with the Deployment {settings.name}, beside it. Not in it: "
        "prometheus-adapter-rule.yaml, which belongs into the adapter's own configuration, and worker_metrics.py, "
        "which belongs into the application."
    )
    return emit(
        Noted(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [Noted(settings.deployment, "Yours."), *resources],
                "patches": [{"path": "deployment-patch.yaml"}],
            },
            note,
        )
    )
