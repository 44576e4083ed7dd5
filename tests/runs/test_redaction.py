"""Secrets of a plan are taken out by value, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.load.plan import Http, Plan, RequestSource, Threshold
from tonnage.runs.redaction import Redaction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://h/?token=abc&page=2", "http://h/?token=(hidden)&page=2"),
        ("/a?api_key=abc;x=1#f", "/a?api_key=(hidden);x=1#f"),
        ("/a?API%5FKEY=abc", "/a?API%5FKEY=(hidden)"),
        ("https://me:pass@h/x", "https://me:(hidden)@h/x"),
        ("/a?page=2&monkey=7", "/a?page=2&monkey=7"),
        ("p(95)<500", "p(95)<500"),
        ("me@example.org = a", "me@example.org = a"),
        ("", ""),
    ],
)
def test_urls_lose_their_secrets(text, expected):
    assert Redaction()(text) == expected
    assert Redaction()(expected) == expected


def test_a_value_is_taken_out_wherever_it_stands():
    plan = Plan(
        (),
        request=RequestSource("GET", "http://h/", (("Authorization", "Bearer s3cr3t-value"),)),
        http=Http(headers=(("Cookie", "sid=another-secret"), ("Accept", "text/html"))),
        env={"DB_PASSWORD": "hunter2hunter2", "USERS": "100000"},
    )
    redact = Redaction.of(plan)
    assert redact("s3cr3t-value sid=another-secret hunter2hunter2") == "(hidden) (hidden) (hidden)"
    assert redact("text/html 100000") == "text/html 100000"
    data = redact.tree(plan.to_dict())
    assert data["env"] == {"DB_PASSWORD": "(hidden)", "USERS": "100000"}
    assert data["http"]["headers"] == [["Cookie", "(hidden)"], ["Accept", "text/html"]]
    assert Plan.from_dict(data).request.headers == (("Authorization", "(hidden)"),)


def test_a_short_secret_is_hidden_where_its_name_stands_and_does_not_eat_other_text():
    plan = Plan((), env={"TOKEN": "95"}, thresholds=(Threshold("http_req_duration", "p(95)<500"),))
    data = Redaction.of(plan).tree(plan.to_dict())
    assert data["env"] == {"TOKEN": "(hidden)"}
    assert data["thresholds"][0]["expression"] == "p(95)<500"


@given(st.text(min_size=6, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_never_survives(secret, before, after):
    redact = Redaction(frozenset({secret}))
    clean = redact(before + secret + after)
    # What stands for it may hold the letters of a secret as short as itself.
    assert secret in "(hidden)" or secret not in clean.replace("(hidden)", "\0")
