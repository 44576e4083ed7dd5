"""Names in a sample of Prometheus' text format."""

import pytest

from tonnage.errors import PlanError
from tonnage.scaling.lint.exposition import metric_names

SAMPLE = """# HELP agent_active_sessions Number of active voice sessions on this worker
# TYPE agent_active_sessions gauge
agent_active_sessions 3
http_requests_total{method="post",path="/a } b\\"",code="200"} 1027 1395066363000
lat_bucket{le="+Inf"} 4 # {trace_id="x"} 0.5

process:cpu:rate5m NaN
temperature -Inf
"""


def test_every_sample_has_a_name():
    names = {"agent_active_sessions", "http_requests_total", "lat_bucket", "process:cpu:rate5m", "temperature"}
    assert metric_names(SAMPLE) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "m.txt: has no samples"),
        ("# only\n", "has no samples"),
        ("a 1\n<html>\n", "m.txt:2: is no sample"),
        ("a x\n", "m.txt:1: is no sample"),
        ("a 1\n" * 2_600_000, "is larger than"),
    ],
)
def test_what_is_no_exposition_is_refused(text, message):
    with pytest.raises(PlanError, match=message):
        metric_names(text, "m.txt")
