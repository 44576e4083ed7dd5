"""YAML with comments says what was put in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.scaling.manifests.emit import Noted, emit
from tonnage.scaling.yaml_text import read_documents

_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), _texts
)
_nodes = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(st.one_of(_scalars, st.dictionaries(_texts.filter(lambda key: key != "<<"), inner, max_size=3)), max_size=3),
        st.dictionaries(_texts, inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(_texts, _nodes, min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(node):
    assert read_documents(emit(node))[0].value == node


@pytest.mark.parametrize(
    "text", ["true", "No", "on", "3999m", "1e3", "", "a: b", "- a", "~", "0x1", "it's", 'say "x"', "'\""]
)
def test_texts_that_could_be_something_else_are_quoted(text):
    assert read_documents(emit({"a": text}))[0].value == {"a": text}
    assert emit({"a": text}).split(": ", 1)[1][0] in "\"'"


def test_comments_stand_before_what_they_explain():
    inner = {"b": Noted(1, "one"), "c": [Noted({"d": Noted(2, "two"), "e": 3}, "an item"), Noted("f", "a text")]}
    text = emit(Noted({"a": inner, "g": "x\n\ny\n"}, "all\nof it"), {"h": {}, "i": [], "j": ()})
    assert text == (
        "# all\n# of it\na:\n  # one\n  b: 1\n  c:\n    # an item\n    # two\n    - d: 2\n      e: 3\n    # a text\n"
        "    - f\ng: |\n  x\n\n  y\n---\nh: {}\ni: []\nj: []\n"
    )


def test_long_comments_are_wrapped():
    lines = emit(Noted({"a": 1}, "word " * 60)).splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 102
