"""Every statement of the documentation that a machine can check: blocks run, links resolve, generated parts are fresh."""

from __future__ import annotations

import importlib.util
import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest
from tests.docs.blocks import ROOT, Block, all_blocks, blocks, pages
from tests.docs.page import Page, Result, is_script, is_shape_of

from tonnage.demo import DemoConfig, DemoServer
from tonnage.load.compose import compose
from tonnage.load.options import combine, defaults, from_script, merge, read_toml
from tonnage.script.loader import load_script

BLOCKS = all_blocks()
LANGUAGES = {"python", "console", "toml", "json", "sql", "text", "yaml"}
RUN = [block for block in BLOCKS if block.language in {"python", "console", "sql"} and "not run" not in block.asks]


def ids(found: list[Block]) -> list[str]:
    return [block.id for block in found]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.fixture(scope="session")
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, Future[dict[str, list[Result]]]]:
    """The results of every page; pages run side by side, the blocks of a page one after another."""
    service = DemoConfig(workers=8, service_time=0.005, distribution="exponential")
    with DemoServer(service) as server, ThreadPoolExecutor(max_workers=8) as pool:
        asked = [
            item.callspec.params
            for item in request.session.items
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        ]
        wanted = list({block.page: None for params in asked if (block := params.get("block")) in RUN})
        # The longest pages first.
        wanted.sort(key=lambda page: -sum(block.text.count("$ tonnage run") for block in blocks(page)))
        yield {page: pool.submit(Page(page, tmp_path_factory.mktemp(page.stem), server.url).run) for page in wanted}


@pytest.mark.parametrize("block", RUN, ids=ids(RUN))
def test_a_block_runs_and_prints_what_is_shown(block, results):
    found = results[block.page].result()[block.id]
    for result, after in zip_longest(found, found[1:]):
        said = f"$ {result.command}\n{result.stderr}{result.stdout}"
        if result.command == "echo $?":
            assert result.stdout.strip() == result.shown.strip(), f"{said}\nshown is {result.shown}"
            continue
        if after is None or after.command != "echo $?":
            code = int(block.asks.get("exit", code_of(result.shown))) if after is None else code_of(result.shown)
            assert result.code == code, f"{said}\nexit {result.code}, shown is {code}"
        assert "Traceback" not in result.stderr, said
        assert is_shape_of(result.shown, result.stderr + result.stdout), f"{said}\nshown is:\n{result.shown}"


def code_of(shown: str) -> int:
    """The exit code that the shown output ends with: "… exit 99", or the number after `echo $?`."""
    found = re.search(r"exit (\d+)$", shown.rstrip())
    return int(found[1]) if found else 0


def test_blocks_name_a_language_that_is_checked():
    assert {block.id: block.language for block in BLOCKS if block.language not in LANGUAGES} == {}


SCRIPTS = [block for block in of("python") if is_script(block.text) and "not run" not in block.asks]


@pytest.mark.parametrize("block", SCRIPTS, ids=ids(SCRIPTS))
def test_a_script_makes_a_plan_by_itself(block, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(block.text, encoding="utf-8")
    declaration = load_script(path).declaration
    assert compose(combine([defaults(), from_script(declaration)]), declaration, None).scenarios


@pytest.mark.parametrize("block", of("toml"), ids=ids(of("toml")))
def test_toml_is_a_configuration_without_mistakes(block):
    source = "pyproject.toml" if "[tool.tonnage" in block.text else "tonnage.toml"
    layer = read_toml(block.text, source)
    assert layer.values
    merge([defaults(), layer])


@pytest.mark.parametrize("block", of("json"), ids=ids(of("json")))
def test_json_can_be_read(block):
    json.loads(block.text)


# ------------------------------------------------------------------------------------------- links, parts

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in LINK.findall(text):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index():
    seen, left = set(), [ROOT / "docs" / "README.md"]
    while left:
        page = left.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            left += [
                (page.parent / link.partition("#")[0]).resolve()
                for link in LINK.findall(page.read_text(encoding="utf-8"))
                if "://" not in link
            ]
    assert set(pages()) - {ROOT / "README.md"} <= seen


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_fresh(generate):
    stale = [
        str(page.relative_to(ROOT))
        for page in generate.pages()
        if generate.generated(text := page.read_text(encoding="utf-8")) != text
    ]
    assert stale == [], "run `make docs`"


def test_every_part_stands_on_a_page(generate):
    text = "".join(page.read_text(encoding="utf-8") for page in generate.pages())
    assert set(re.findall(r"<!-- generated: ([a-z-]+) -->", text)) == set(generate.PARTS)


def test_every_condition_of_validity_is_explained():
    source = (ROOT / "src/tonnage/runs/validity.py").read_text(encoding="utf-8")
    conditions = set(re.findall(r'Check\("([^"]+)"', source)) | {"open files", "local ports"}
    conditions |= set(re.findall(r'"\w+": "(\w+)"', source.partition("names = {")[2].partition("}")[0]))
    text = (ROOT / "docs/guides/troubleshooting-invalid-runs.md").read_text(encoding="utf-8")
    assert {condition for condition in conditions if f"`{condition}`" not in text} == set()


def test_the_store_page_names_every_table_and_column():
    from tonnage.runs.store.schema import TABLES

    page = (ROOT / "docs/concepts/windows-and-runs.md").read_text(encoding="utf-8")
    for table, columns in re.findall(r"CREATE TABLE (\w+) \((.*?)\)(?: WITHOUT ROWID)?;", TABLES, re.DOTALL):
        assert f"`{table}`" in page
        names = re.findall(r"(\w+) (?:TEXT|INTEGER|REAL|BLOB)", columns)
        assert [name for name in names if f"`{name}`" not in page] == []


def test_a_shape_ignores_numbers_and_units():
    assert is_shape_of("Load 10 arrivals planned", "Load   1 500 arrivals planned, 3 started")
    assert is_shape_of("p95 2.25 s … exit 0", "p95 17.1 ms\nmore\nexit 0")
    assert not is_shape_of("Load delivered", "Load planned")
