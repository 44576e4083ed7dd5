"""The alerts fire where they say, tried by Prometheus' own promtool."""

import json
import os
import shutil
import subprocess

import pytest
from tests.scaling.inputs import VOICE_SCALING

from tonnage.scaling.files import read_policy
from tonnage.scaling.manifests.bundle import manifests
from tonnage.scaling.manifests.settings import Settings
from tonnage.scaling.yaml_text import read_documents

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed (apt: prometheus)")

POD = 'namespace="livekit",pod="voice-agent-5d8c7f9b4-x2kqp"'
OTHER = 'namespace="livekit",pod="voice-agent-5d8c7f9b4-abcde"'
# Alert, series by level with {v} where the measured value goes, and values around the levels.
LEVELS = [
    (
        "HighCpuUtilization",
        [(f'container_cpu_usage_seconds_total{{{POD},container="a"}}', "0+{v}x60", 60 / 100), (f'kube_pod_container_resource_requests{{{POD},resource="cpu"}}', "1x60", None)],
        (70, 85),
    ),
    (
        "HighMemoryUsage",
        [(f'container_memory_working_set_bytes{{{POD},container="a"}}', "{v}x60", 10), (f'kube_pod_container_resource_limits{{{POD},resource="memory"}}', "1000x60", None)],
        (75, 90),
    ),
    ("DeepRequestQueue", [(f"request_queue_depth{{{POD}}}", "{v}x60", 1)], (100, 500)),
    (
        "HighErrorRate",
        [(f'http_requests_total{{{POD},code="503"}}', "0+{v}x60", 60), (f'http_requests_total{{{POD},code="200"}}', "0+{rest}x60", 60)],
        (1, 5),
    ),
    ("ConnectionPoolNearlyFull", [(f"db_pool_connections_in_use{{{POD}}}", "{v}x60", 0.2), (f"db_pool_connections_max{{{POD}}}", "20x60", None)], (80,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    text = manifests(read_policy(VOICE_SCALING), Settings("1.35", "voice-agent", "livekit"))["prometheus-rule.yaml"]
    (document,) = read_documents(text)
    (folder / "rules.json").write_text(json.dumps(document.value["spec"]))
    return folder


def firing(rules, series, at="20m"):
    """(alert, severity) of what fires at an instant."""
    found = set()
    inputs = [{"series": name, "values": values} for name, values in series]
    names = [(each["alert"], each["labels"]["severity"]) for each in rule_list(rules)]
    alerts = sorted({name for name, _ in names})
    expected = [{"eval_time": at, "alertname": alert, "exp_alerts": []} for alert in alerts]
    test = {
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "alert_rule_test": expected}],
    }
    (rules / "test.json").write_text(json.dumps(test))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "test.json"], cwd=rules, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert "FAILED" in output or "SUCCESS" in output, output
    for block in output.split("alertname: ")[1:]:
        got = block.split("got:")[1]
        found |= {
            (block.split(",")[0], severity) for severity in ("warning", "critical") if f'severity="{severity}"' in got
        }
    return found


def rule_list(rules):
    return [rule for group in json.loads((rules / "rules.json").read_text())["groups"] for rule in group["rules"]]


@needs_promtool
def test_promtool_finds_no_mistake_in_the_rules(rules):
    done = subprocess.run(
        [PROMTOOL, "check", "rules", "rules.json"], cwd=rules, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rule_list(rules))} rules found" in done.stdout


def series_at(parts, value):
    return [
        (
            name,
            values.replace("{v}", f"{value * scale:.6f}").replace("{rest}", f"{(100 - value) * scale:.6f}")
            if scale
            else values,
        )
        for name, values, scale in parts
    ]


@needs_promtool
@pytest.mark.parametrize(("alert", "parts", "limits"), LEVELS, ids=[each[0] for each in LEVELS])
def test_an_alert_fires_above_its_level_and_not_below(rules, alert, parts, limits):
    severities = ("warning", "critical")[: len(limits)]
    for i, limit in enumerate(limits):
        below, above = (firing(rules, series_at(parts, limit * factor)) for factor in (0.99, 1.01))
        assert below == {(alert, each) for each in severities[:i]}
        assert above == {(alert, each) for each in severities[: i + 1]}


def latencies(value):
    """A histogram in which every request lies in the bucket that ends at `value` milliseconds."""
    name = f"http_request_duration_seconds_bucket{{{POD}"
    low, high = f"{value * 0.999 / 1000:.6f}", f"{value / 1000:.6f}"
    return [(f'{name},le="{low}"}}', "0x60"), (f'{name},le="{high}"}}', "0+60x60"), (f'{name},le="+Inf"}}', "0+60x60")]


@needs_promtool
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (790, set()),
        (810, {("HighP99Latency", "warning")}),
        (1010, {("HighP99Latency", "warning"), ("HighP95Latency", "warning")}),
        (3010, {("HighP99Latency", "warning"), ("HighP95Latency", "warning"), ("HighP95Latency", "critical")}),
    ],
)
def test_latencies_warn_at_their_levels(rules, value, expected):
    assert firing(rules, latencies(value)) == expected


@needs_promtool
@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ((4, 3), set()),
        ((4, 4), {("SessionSlotsNearlyUsed", "warning")}),
        ((5, 5), {("SessionSlotsNearlyUsed", "warning"), ("SessionSlotsUsedUp", "critical")}),
    ],
)
def test_session_slots_warn_at_the_policys_threshold_and_when_none_is_free(rules, sessions, expected):
    series = [
        (f"agent_active_sessions{{{pod}}}", f"{count}x60") for pod, count in zip((POD, OTHER), sessions, strict=True)
    ]
    assert firing(rules, series) == expected


@needs_promtool
def test_the_largest_size_warns_and_other_deployments_do_not(rules):
    mine, others = (
        'kube_deployment_spec_replicas{namespace="livekit",deployment="voice-agent"}',
        POD.replace("voice-agent", "other"),
    )
    assert firing(rules, [(mine, "50x60")]) == {("SessionWorkersAtMost", "warning")}
    assert firing(rules, [(mine, "49x60"), (f"request_queue_depth{{{others}}}", "1000x60")]) == set()
