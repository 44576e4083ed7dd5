"""The variables TONNAGE_*."""

import pytest

from tonnage.load.executor import Stage
from tonnage.load.options import ThresholdOption, combine, from_environment, merge


def told(*layers):
    return [str(mistake) for mistake in combine(layers).mistakes]


def test_the_environment_is_text_and_is_read_as_such():
    merged = merge(
        [
            from_environment(
                {
                    "TONNAGE_VUS": "10",
                    "TONNAGE_STAGES": "5s:10,5m:20",
                    "TONNAGE_INSECURE": "true",
                    "TONNAGE_BASE_URL": "http://a.example",
                    "TONNAGE_LIMITS_STARTED": "0.5",
                    "TONNAGE_LIMITS": "duration=0.1,started=0.9",
                    "TONNAGE_ENV_Api_Key": "k=1,2",
                    "TONNAGE_TAGS_TEAM": "x",
                    "TONNAGE_HEADERS_X_TENANT": "t",
                    "TONNAGE_TARGETS": "a.example,b.example:81",
                    "TONNAGE_SUMMARY_TREND_STATS": "avg,p(99)",
                    "TONNAGE_THRESHOLDS": '{"checks": ["rate>0.5"]}',
                    "TONNAGE_STORE": ":memory:",
                    "TONNAGE_MAX_RATE": "",
                    "TONNAGE_SHARED": "x",
                    "TONNAGE_FEATURES": "x",
                    "HOME": "/",
                }
            )
        ]
    )
    assert merged.values == {
        "vus": 10,
        "stages": (Stage(5, 10), Stage(300, 20)),
        "insecure": True,
        "base_url": "http://a.example",
        "limits": {"started": 0.5, "duration": 0.1},
        "env": {"Api_Key": "k=1,2"},
        "tags": {"team": "x"},
        "headers": {"x-tenant": ("t",)},
        "targets": ("a.example", "b.example:81"),
        "summary_trend_stats": ("avg", "p(99)"),
        "thresholds": {"checks": (ThresholdOption("rate>0.5"),)},
        "store": ":memory:",
    }
    assert merged.sources["limits.started"] == "TONNAGE_LIMITS_STARTED"
    assert merged.is_above_script("vus")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("VUS", "1e3", "a whole number is needed"),
        ("INSECURE", "maybe", "true or false is needed"),
        ("LIMITS_STARTED", "much", "'much' is not a number"),
        ("LIMITS", "started", "NAME=VALUE is needed"),
        ("THRESHOLDS", "checks", "JSON is needed"),
        ("THRESHOLDS", "[" * 100_000, "JSON is needed"),
        ("STAGES", "10", "write duration:target"),
        ("DURATION", "10", "no unit"),
    ],
)
def test_case_33_a_text_of_the_environment_that_is_no_value_is_refused(name, value, message):
    (mistake,) = told(from_environment({f"TONNAGE_{name}": value}))
    assert message in mistake
    assert mistake.startswith(f"TONNAGE_{name}: ")


def test_an_unknown_variable_is_an_error_with_a_suggestion():
    assert told(from_environment({"TONNAGE_VSU": "1", "TONNAGE_RAET": "1", "TONNAGE_SCENARIOS": "{}"})) == [
        "TONNAGE_RAET: no option has the variable TONNAGE_RAET; did you mean `TONNAGE_RATE`?",
        "TONNAGE_SCENARIOS: `scenarios` cannot be set by a variable: write it in tonnage.toml or in the script",
        "TONNAGE_VSU: no option has the variable TONNAGE_VSU; did you mean `TONNAGE_VUS`?",
    ]
