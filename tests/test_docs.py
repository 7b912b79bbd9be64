"""Docs describe today's tree: commands, links, settings, directories and tests that they name exist."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from campaign_app import cli
from campaign_app.core.config import Settings

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCS += sorted((ROOT / "docs").rglob("*.md"))
HOSTS = {"reflex.dev", "127.0.0.1", "mail.example.com", "db.internal", "redis.internal"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
URL_HOST = re.compile(r"https?://([\w.-]+)")
COMMAND = re.compile(r"\./campaign ([a-z]+)((?: [^\n`#|]*)?)")


def commands() -> dict[str, set[str]]:
    """Each command with its long flags."""
    found: dict[str, set[str]] = {}
    subparsers = next(a for a in cli.parser()._actions if a.dest == "==SUPPRESS==" or hasattr(a, "_name_parser_map"))
    for name, parser in subparsers.choices.items():  # type: ignore[union-attr]
        nested = [a for a in parser._actions if hasattr(a, "_name_parser_map")]
        inner = [p for a in nested for p in a.choices.values()]
        found[name] = {flag for p in [parser, *inner] for a in p._actions for flag in a.option_strings}
    return found


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_commands_exist(path: Path) -> None:
    known = commands()
    for name, rest in COMMAND.findall(path.read_text()):
        assert name in known, f"./campaign {name}"
        if name not in {"sandbox", "bench", "test"}:  # they hand their flags on
            assert set(re.findall(r"--[a-z-]+", rest)) <= known[name], f"./campaign {name}{rest}"


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    assert {name for name in commands() if f"`./campaign {name}`" not in text} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        if not target.startswith(("http", "#")):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_no_hosts_but_known_ones(path: Path) -> None:
    assert set(URL_HOST.findall(path.read_text())) <= HOSTS


def test_every_setting_is_described() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"BEACON_{name.upper()}")
        assert f"`{variable}`" in text, variable


def test_no_setting_is_made_up() -> None:
    known = {str(f.validation_alias or f"BEACON_{n.upper()}") for n, f in Settings.model_fields.items()}
    known |= {"BEACON_OWNER_EMAIL", "BEACON_OWNER_PASSWORD", "BEACON_OWNER_NAME"}
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`((?:BEACON_|DATABASE_|REDIS_)\w+)`", row)}
    assert named <= known


def test_the_directory_map_is_complete() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for path in (ROOT / "campaign_app").iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"`campaign_app/{path.name}/`" in text, path.name
    for name in re.findall(r"`((?:campaign_app|tests|bench|alembic|assets)/[\w./]*)`", text):
        assert (ROOT / name).exists(), name


def test_every_room_has_its_place_in_the_layers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in settings["contracts"] if c["id"] == "layers")
    assert layers["exhaustive"] is True
    placed = {name.strip() for line in layers["layers"] for name in line.split("|")}
    for path in (ROOT / "campaign_app").iterdir():
        if path.suffix == ".py" or (path / "__init__.py").exists():
            assert path.stem in placed | {"__init__"}, path.name


@cache
def functions_of(path: str) -> set[str]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / path).read_text()) if (ROOT / path).is_file() else ast.Module([], [])
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def test_features_name_files_and_tests_that_exist() -> None:
    for line in (ROOT / "docs" / "features.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or cells[0] in {"Line", "---"} or set(cells[0]) == {"-"}:
            continue
        _, state, where, tests = cells
        assert state, line
        if not state.startswith("not yet"):
            assert where, f"where is it? {line}"
            assert tests, f"what shows it? {line}"
        for name in re.findall(r"`([^`]+)`", tests):
            path, _, function = name.partition("::")
            assert function in functions_of(path), f"{name} is no test function"
        for name in re.findall(r"`([a-z_]+/[\w./]*)`", where):
            assert (ROOT / "campaign_app" / name).exists(), name


def test_every_decision_is_listed() -> None:
    text = (ROOT / "docs" / "decisions" / "README.md").read_text()
    for path in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f"({path.name})" in text
