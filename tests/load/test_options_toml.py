"""Configuration files: read with the line of every key, and refused when they are hostile."""

import time

import pytest

from tonnage.load.options import combine, merge, read_toml
from tonnage.load.options_toml import key_lines


def toml(text, source="tonnage.toml"):
    return read_toml(text, source)


def told(*layers):
    return [str(mistake) for mistake in combine(layers).mistakes]


def test_pyproject_has_options_under_tool_tonnage():
    text = '[project]\nname = "x"\n[tool.tonnage]\nvus = 3\n[tool.tonnage.limits]\nstarted = 2\n'
    merged = combine([toml(text, "pyproject.toml")])
    assert merged.values["vus"] == 3
    assert merged.sources["vus"] == "pyproject.toml:4"
    assert [str(m) for m in merged.mistakes] == ["pyproject.toml:6: limits.started: 2 lies outside 0 to 1"]
    assert merge([toml("[project]\n", "pyproject.toml")]).values == {}


def test_case_33_toml_that_is_none_is_refused_with_its_line():
    assert told(toml("vus = 1\nvus = 2\nrate = 1\n"))[0].startswith("tonnage.toml:2: no TOML: Cannot overwrite a value")
    assert told(toml("vus = 1\nx\n"))[0].startswith("tonnage.toml:2: no TOML")


def test_case_37_a_file_that_is_too_large_or_not_text_is_refused():
    assert told(toml(b"#" * 1_000_001)) == [
        "tonnage.toml: the file is larger than 1 MB: options are a few lines; load data in the script instead"
    ]
    assert told(toml(b"vus = 1\nx = '\xff'\n")) == ["tonnage.toml:2: the file is not UTF-8 text: save it as UTF-8"]


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 400_000,
        "a = " + "{b = " * 100_000,
        ".".join("a" * 400_000) + " = 1",
        "vus = " + "9" * 500_000,
        '"' * 900_000,
        "stages = [" + "[],\n" * 200_000 + "]",
        "".join(f"[tags.a{i}]\n" for i in range(50_000)),
    ],
)
def test_case_37_hostile_files_are_refused_quickly(text):
    begin = time.perf_counter()
    assert told(toml(text))
    assert time.perf_counter() - begin < 10


def test_case_37_a_byte_order_mark_is_no_mistake():
    assert merge([toml(b"\xef\xbb\xbfvus = 1\r\n")]).values == {"vus": 1}


def test_every_key_and_element_has_its_line():
    text = '''a = """
x = 1
"""
b = [ # ]
  1,

  {c = 2, d = [
     3]},
]
[e."f.g"]
h.i = '[x]'
[[j]]
k = 1
[[j]]
k = 1
[j.l]
m = 1
'''
    assert list(key_lines(text)) == [
        ("a", 1),
        ("b", 4),
        ("b[0]", 5),
        ("b[1]", 7),
        ("b[1].c", 7),
        ("b[1].d", 7),
        ("b[1].d[0]", 8),
        ("e.f.g", 10),
        ("e.f.g.h.i", 11),
        ("j[0]", 12),
        ("j[0].k", 13),
        ("j[1]", 14),
        ("j[1].k", 15),
        ("j[1].l", 16),
        ("j[1].l.m", 17),
    ]
