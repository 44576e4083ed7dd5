"""Makes the generated parts of the documentation anew: `make docs`, or `python docs/generate.py [--check]`.

A generated part stands in a page between `<!-- generated: NAME -->` and `<!-- end of generated: NAME -->`. What it
says comes from the code that it documents, so that it cannot say anything else.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

import tonnage
from tonnage import _engine
from tonnage.cli.main import VERBS
from tonnage.cli.main import tonnage as command
from tonnage.cli.options import FLAGS, INVALID
from tonnage.demo import DemoConfig
from tonnage.load.options import defaults, json_schema, variable
from tonnage.load.options_environment import NOT_OPTIONS
from tonnage.load.options_scenario import _COMMON, _OWN, _REQUIRED
from tonnage.load.options_values import written
from tonnage.metrics import catalog
from tonnage.reports.failure import failure_name
from tonnage.runs.verdict import PRECEDENCE
from tonnage.script import vu
from tonnage.units import duration

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end of generated: \2 -->)", re.DOTALL)

WIDTH: Any = {"max_content_width": 100, "terminal_width": 100}

EXIT_CODES = {
    0: "The run is valid, and every threshold held.",
    2: "Usage: an unknown verb or flag. Nothing was sent.",
    99: "At least one threshold failed; the run is valid. `lint`: a finding is as severe as `--fail-on` says.",
    100: "`setup`, or all `start` together, lasted longer than `setup_timeout`.",
    101: "`teardown`, or all `stop` together, lasted longer than `teardown_timeout`.",
    104: "A mistake in the options, the script or a threshold. Nothing was sent. Also: a stored run cannot be found.",
    105: "Stopped by a signal (SIGINT, SIGTERM, SIGHUP); the part that was measured is stored and reported.",
    107: "The script raised while it was loaded, in `setup`, in `teardown`, or in a VU's `start` or `stop`.",
    109: "The engine crashed: a bug.",
    111: "The run is invalid: it cannot support a conclusion.",
    112: "Results are incomplete: a part of the run could not be stored.",
    113: "Refused before anything was sent: target, budget, preflight, or a debug build of the engine.",
    114: "A rehearsed policy asked for a size below 0 or beyond all measure; it was refused.",
}
SCALES = {"time": "milliseconds", "data": "bytes"}
NOT_RECORDED = ". **Not recorded yet**"
RESERVED = {
    108: "the script asked to abort",
    110: "the script marked the run as failed",
    115: "a change was rolled back",
}


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# ------------------------------------------------------------------------------------------------------- cli


def cli() -> str:
    """Every command with what its --help says, 100 columns wide."""
    return "\n\n".join(_commands(command, "tonnage", None))


def _commands(one: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(one, info_name=path.rpartition(" ")[2], parent=parent, **WIDTH, **one.context_settings)
    one._help_option = None  # click keeps the one of the first context, which may have been a test's
    depth = "##" if " " not in path else "###"
    yield f"{depth} `{path}`\n\n```text\n{one.get_help(context).rstrip()}\n```"
    if isinstance(one, click.Group):
        for name in sorted(VERBS) if one is command else one.list_commands(context):
            below = one.get_command(context, name)
            assert below is not None
            yield from _commands(below, f"{path} {name}", context)


# --------------------------------------------------------------------------------------------------- metrics


def metrics() -> str:
    """The catalogue, and whether something records the metric."""
    recorded = _recorded()
    rows = [
        (
            code(m.name),
            m.kind,
            m.unit,
            SCALES.get(m.contains, ""),
            m.meaning + ("" if m.name in recorded else NOT_RECORDED),
        )
        for m in catalog.BUILT_IN.values()
    ]
    return table(("Metric", "Kind", "Unit inside", "In thresholds and --json", "Meaning"), rows)


def _recorded() -> set[str]:
    """Names that stand as literals in the recorder's or the health's source."""
    sources = [*(ROOT / "crates/tonnage-engine/src").rglob("*.rs"), *(ROOT / "src/tonnage/engine").glob("*.py")]
    return {name for path in sources for name in re.findall(r'"([a-z_]+)[/"]', path.read_text(encoding="utf-8"))}


# --------------------------------------------------------------------------------------------- configuration


def configuration() -> str:
    """Every option with type, default, flag and variable, from the model that reads them."""
    schema, values = json_schema(), defaults().values
    flags = {flag.option: flag for flag in FLAGS}
    rows = []
    for option, entry in schema["properties"].items():
        flag = flags.get(option)
        own = variable(option) if option != "scenarios" else ""
        default = values.get(option)
        shown = (
            "" if default is None or option == "limits" else duration(default) if _is_time(entry) else written(default)
        )
        names = ", ".join(flag.names) if flag else ""
        rows.append((code(option), _type(entry), code(shown), code(names), code(own), entry["description"]))
    return table(("Option", "Type", "Default", "Flag", "Variable", "Meaning"), rows)


def limits() -> str:
    """The limits of validity with their defaults."""
    values = defaults().values["limits"]
    rows = []
    for name, entry in json_schema()["$defs"]["LimitOptions"]["properties"].items():
        shown = duration(values[name]) if _is_time(entry) else written(values[name])
        rows.append((code(name), _type(entry), code(shown), code(variable(f"limits_{name}")), entry["description"]))
    return table(("Limit", "Type", "Default", "Variable", "Meaning"), rows)


def executors() -> str:
    """The keys of each executor's table."""
    rows = [
        (code(kind), ", ".join(f"**`{key}`**" if key in _REQUIRED.get(kind, ()) else f"`{key}`" for key in keys))
        for kind, keys in sorted(_OWN.items())
    ]
    every = ", ".join(code(key) for key in _COMMON)
    return table(("Executor", "Its own keys; those in bold are needed"), rows) + f"\n\nAll of them also take {every}."


def variables() -> str:
    """Variables that are no options."""
    return table(("Variable", "Meaning"), [(code(name), text) for name, text in NOT_OPTIONS.items()])


def _is_time(entry: dict[str, Any]) -> bool:
    return "1m30s" in entry.get("examples", ())


def _type(entry: dict[str, Any]) -> str:
    if _is_time(entry):
        return "duration"
    if "50/s" in entry.get("examples", ()):
        return "rate"
    if "enum" in entry:
        return ", ".join(code(str(item)) for item in entry["enum"])
    kind = entry.get("type", "object")
    kinds = [kind] if isinstance(kind, str) else kind
    words = {
        "object": "table",
        "array": "list",
        "string": "text",
        "integer": "whole number",
        "boolean": "true or false",
    }
    named = " or ".join(words.get(one, one) for one in kinds)
    if entry.get("format") == "uri":
        return "URL"
    if "maximum" in entry and entry["maximum"] <= 1:
        return "share, 0 to 1"
    return named


# ------------------------------------------------------------------------------------------------------ json


def summary_schema() -> str:
    """Every key of the JSON document, from its schema."""
    schema = json.loads((ROOT / "src/tonnage/schemas/summary.schema.json").read_text(encoding="utf-8"))
    return table(("Key", "Type", "Meaning"), list(_keys(schema, schema, "")))


def _keys(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    for key, entry in node.get("properties", {}).items():
        entry = _resolved(schema, entry)
        here = f"{path}.{key}".lstrip(".")
        yield code(here), _json_type(entry), entry.get("description", "")
        if entry.get("type") == "array":
            yield from _keys(schema, _resolved(schema, entry["items"]), f"{here}[]")
        elif entry.get("properties"):
            yield from _keys(schema, entry, here)
        elif isinstance(entry.get("additionalProperties"), dict):
            yield from _inside(schema, _resolved(schema, entry["additionalProperties"]), f"{here}.*")


def _inside(schema: dict[str, Any], entry: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(entry.get("additionalProperties"), dict):
        yield from _inside(schema, _resolved(schema, entry["additionalProperties"]), f"{path}.*")
    elif "oneOf" in entry:
        for kind in entry["oneOf"]:
            one = _resolved(schema, kind)
            statistics = ", ".join(code(name) for name in one["properties"]["values"]["properties"])
            yield code(path), code(one["properties"]["type"]["const"]), f"`type`, `contains` and `values`: {statistics}"
    else:
        yield from _keys(schema, entry, path)


def _resolved(schema: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    name = entry.get("$ref", "").rpartition("/")[2]
    return {**schema["$defs"][name], **{k: v for k, v in entry.items() if k != "$ref"}} if name else entry


def _json_type(entry: dict[str, Any]) -> str:
    if "const" in entry:
        return code(str(entry["const"]))
    if "enum" in entry:
        return ", ".join(code(item) for item in entry["enum"])
    if "anyOf" in entry:
        return "integer or null"
    kind = entry["type"]
    return kind if isinstance(kind, str) else " or ".join(kind)


# -------------------------------------------------------------------------------------------------- exit codes


def exit_codes() -> str:
    """The codes, in the order of precedence, usage first."""
    known = set(EXIT_CODES) | set(RESERVED)
    assert known == {*PRECEDENCE, 2}, f"codes without a meaning or too many: {known ^ {*PRECEDENCE, 2}}"
    assert INVALID in known
    rows = [(str(number), EXIT_CODES[number]) for number in sorted(EXIT_CODES)]
    order = ", ".join(str(number) for number in PRECEDENCE)
    reserved = "; ".join(f"{number} ({RESERVED[number]})" for number in sorted(RESERVED))
    return (
        table(("Code", "Meaning"), rows)
        + f"\n\nWhere several hold, the first of these is given: {order}."
        + f"\n\nReserved, and given by nothing yet: {reserved}."
    )


# ------------------------------------------------------------------------------------------------------ errors


def errors() -> str:
    """Codes and kinds from the engine's Failure, with its own words."""
    source = (ROOT / "crates/tonnage-engine/src/http/failure.rs").read_text(encoding="utf-8")
    entries = re.findall(r"Failure::(\w+)(?:\(_\)| \{ \.\. \})? => \((\d+), \"(\w+)\"\)", source)
    body = re.search(r"pub enum Failure \{(.*?)\n\}", source, re.DOTALL)
    assert body is not None
    meanings: dict[str, str] = {}
    said: list[str] = []
    for line in body[1].splitlines():
        if doc := re.match(r"\s*/// (.*)", line):
            said.append(doc[1])
        elif variant := re.match(r"\s*(\w+)", line):
            meanings[variant[1]] = " ".join(said)
            said = []
    assert {name for name, _, _ in entries} == set(meanings), "an error has no code, or a code no meaning"
    rows = [
        (number, failure_name(number, "0"), code(kind), meanings[name])
        for name, number, kind in sorted(entries, key=lambda entry: int(entry[1]))
    ]
    return table(("Code", "Shown as", "Kind in the engine", "Meaning"), rows)


# -------------------------------------------------------------------------------------------------- script API


def script_functions() -> str:
    """What `from tonnage import …` gives, without the protocols."""
    rows = []
    for name in tonnage.__all__:
        item = getattr(tonnage, name)
        if name in {"AsyncVu", "Vu", "Response"}:
            continue
        first = (inspect.getdoc(item) or "").splitlines()[0]
        rows.append((code(_signature(name, item)), first))
    return table(("Name", "Meaning"), rows)


def _signature(name: str, item: Any) -> str:
    if name in {"setup", "teardown", "start", "stop"}:
        return f"@{name}"
    if name == "scenario":
        return "@scenario(executor=None, **options)"
    return f"{name}({', '.join(_parameters(item))})"


def _parameters(item: Any) -> Iterator[str]:
    star = False
    for parameter in inspect.signature(item).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            star = True
            yield "*"
        yield parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"


def script_vu() -> str:
    """What a VU has, from the protocols of script/vu.py."""
    rows = []
    for protocol in (vu.BaseVu, vu.AsyncVu):
        rows += [(code(f"vu.{name}"), text) for name, text in _attributes(protocol)]
    return table(("Name", "Meaning"), rows)


_OF_VU = {
    "check": "`check(value, {name: condition})`: each condition is called with the value, or is a truth value itself; "
    "True when all held. Counts under `checks`; ends nothing.",
    "env": "Variables: `-e NAME=VALUE`, `env` of the options and of the scenario.",
    "http": "Requests: `get, post, put, patch, delete, head, options` and `request(method, url)`; see below.",
    "sleep": "`sleep(seconds)`: think time. With `await` in an `async def`.",
}


def _attributes(protocol: type) -> Iterator[tuple[str, str]]:
    """Names of the class body with the string that follows each."""
    tree = ast.parse(inspect.getsource(protocol)).body[0]
    assert isinstance(tree, ast.ClassDef)
    name = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if name:
                yield name, _OF_VU[name]
            name = node.target.id
        elif isinstance(node, ast.FunctionDef):
            if name:
                yield name, _OF_VU[name]
            name = node.name
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            yield name, str(node.value.value)
            name = ""
    if name:
        yield name, _OF_VU[name]


def script_response() -> str:
    """What a response has, in the words of the native type."""
    rows = []
    for name, item in sorted(vars(_engine.Response).items()):
        if not name.startswith("_"):
            call = "()" if callable(item) else ""
            rows.append((code(f"{name}{call}"), " ".join((inspect.getdoc(item) or "").split())))
    return table(("Name", "Meaning"), rows)


def script_request() -> str:
    """The options of a request, as the native core names them."""
    source = (ROOT / "crates/tonnage-python/src/http.rs").read_text(encoding="utf-8")
    names = re.findall(r'^ +"(\w+)" => options\.\w+', source, re.MULTILINE)
    assert set(names) == set(_OF_REQUEST), f"options without a meaning, or too many: {set(names) ^ set(_OF_REQUEST)}"
    return table(("Option", "Meaning"), [("`name`", _NAME), *((code(name), _OF_REQUEST[name]) for name in names)])


_NAME = "Under which name the request is reported; without one, its URL."
_OF_REQUEST = {
    "params": "A dict that is appended to the URL's query.",
    "headers": "A dict; replaces headers of the run with the same name.",
    "json": "Data that is sent as JSON, with its Content-Type.",
    "data": "The body: bytes, a text, or a dict that is sent as a form.",
    "cookies": "A dict that is sent as a Cookie header.",
    "auth": "(user, password): HTTP basic authentication.",
    "timeout": "Seconds after which the request is given up.",
    "redirects": "How many redirects are followed at most; 0 takes the redirect as the answer.",
    "tags": "A dict of tags of this request's samples.",
    "expect": "Statuses that are no failure: a number, or a list of numbers and (first, last) pairs; else 200 to 399.",
}


def demo_options() -> str:
    """The demo service's configuration, from DemoConfig's own description."""
    text = inspect.getdoc(DemoConfig) or ""
    block = text.partition("Attributes:")[2].partition("Raises:")[0]
    rows = []
    for name, meaning in re.findall(r"^ +(\w+): (.*)$", block, re.MULTILINE):
        default = getattr(DemoConfig(), name)
        flag = {"stalls": "--stall"}.get(name, f"--{name.replace('_', '-')}")
        shown = "8080" if name == "port" else "none" if default in (None, ()) else str(default)
        rows.append((code(flag), code(shown), meaning))
    return table(("Flag", "Default", "Meaning"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "cli": cli,
    "metrics": metrics,
    "configuration": configuration,
    "limits": limits,
    "executors": executors,
    "variables": variables,
    "summary-schema": summary_schema,
    "exit-codes": exit_codes,
    "errors": errors,
    "script-functions": script_functions,
    "script-vu": script_vu,
    "script-response": script_response,
    "script-request": script_request,
    "demo-options": demo_options,
}


def generated(text: str) -> str:
    """The page with every generated part made anew."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)


def pages() -> list[Path]:
    """Every page of the documentation, decision records aside."""
    return sorted(path for path in DOCS.rglob("*.md") if "adr" not in path.parts)


def main() -> int:
    stale = []
    for path in pages():
        before = path.read_text(encoding="utf-8")
        after = generated(before)
        if after != before:
            stale.append(path)
            if "--check" not in sys.argv:
                path.write_text(after, encoding="utf-8")
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is stale: run `make docs`' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
