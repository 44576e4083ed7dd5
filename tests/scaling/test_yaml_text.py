"""YAML is read strictly, with lines, and nothing in it is trusted."""

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.errors import PlanError, UsageError
from tonnage.scaling.yaml_text import LARGEST, read_documents


def told(content):
    with pytest.raises(PlanError) as caught:
        read_documents(content, "p.yaml")
    return [str(each) for each in caught.value.mistakes]


def test_every_value_knows_its_line():
    (document,) = read_documents("a: 1\nb:\n  - x\n  - c: 08:00\n    d: no\n", "p.yaml")
    assert document.value == {"a": 1, "b": ["x", {"c": "08:00", "d": "no"}]}
    places = [document.place(path) for path in ("", "a", "b[1].d", "b[1].missing", "nothing")]
    assert places == ["p.yaml:1", "p.yaml:1", "p.yaml:5", "p.yaml:4", "p.yaml:1"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("''", ""),
        ("true", True),
        ("yes", "yes"),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("5m", "5m"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("9" * 401, "9" * 401),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text, value):
    (document,) = read_documents(f"x: {text}")
    assert document.value["x"] == value
    assert type(document.value["x"]) is type(value)


def test_aliases_stand_for_their_anchors():
    (document,) = read_documents("a: &x {b: 1}\nc: *x\n", "p.yaml")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.place("c.b") == "p.yaml:2"


def test_case_33_keys_that_stand_twice_and_numbers_that_are_none_are_told_with_both_lines():
    (document,) = read_documents("a: 1\nb: .nan\na: 2\nc: -.inf\nd: 1e999\n", "p.yaml")
    assert [str(mistake) for mistake in document.mistakes] == [
        "p.yaml:2: b: is .nan, which is not finite",
        "p.yaml:3: a: stands twice, first in line 1: keep one",
        "p.yaml:4: c: is -.inf, which is not finite",
        "p.yaml:5: d: is 1e999, which is not finite",
    ]
    assert document.value["a"] == 1


BOMB = "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "p.yaml:6: stands for more than 50000 values"),
        ("a: &a x\nb: [" + "*a, " * 101 + "]", "p.yaml:2: has more than 100 aliases"),
        ("a: &a [*a]", "alias *a has no anchor before it, or stands inside its own"),
        ("[" * 60, "p.yaml:1: is nested deeper than 40 levels"),
        ("[" * 100_000, "p.yaml:1: is "),
        ("{a: " * 900, "p.yaml:1: is nested deeper"),
        ("a: " + "x" * LARGEST, "p.yaml: is larger than 1000000 bytes"),
        (b"a: 1\nb: \xff\n", "p.yaml:2: is not UTF-8 text"),
        ("a: !!python/object/apply:os.system [id]", "tag 'tag:yaml.org,2002:python/object/apply:os.system' is refused"),
        ("!!python/name:os.system : 1", "is refused: only plain values are read"),
        ("a: !own x", "tag '!own' is refused"),
        ("a: &a {b: 1}\nc:\n  <<: *a", "p.yaml:3: merge keys (<<) are not read"),
        ("? [a]\n: 1", "p.yaml:1: a key is a text"),
        ("a: [\n1", "is no YAML: "),
        ("a: b\n\tc: 1", "p.yaml:2: is no YAML: "),
        ("a: \x00", "is no YAML: "),
    ],
)
def test_case_37_what_may_not_be_trusted_is_refused(content, message):
    (mistake,) = told(content)
    assert message in mistake


def test_a_byte_order_mark_and_empty_documents_are_nothing():
    assert [each.value for each in read_documents(b"\xef\xbb\xbf---\n---\na: 1\n...\n")] == [{"a": 1}]


def test_without_pyyaml_it_says_what_to_install(monkeypatch):
    genuine = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "yaml":
            raise ImportError
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"install tonnage\[policy\]"):
        read_documents("a: 1")


@given(st.text(alphabet="ab:-[]{},&*!|>'\"\n #%@~.0", max_size=60))
def test_any_text_gives_documents_or_a_plan_error(text):
    try:
        documents = read_documents(text, "p.yaml")
    except PlanError as error:
        assert all(mistake.source.startswith("p.yaml") for mistake in error.mistakes)  # noqa: PT017, either is right
    else:
        assert all(document.value is not None for document in documents)
