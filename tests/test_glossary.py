"""docs/glossary.md and docs/architecture.md describe today's tree, and one word has one meaning."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
APP = ROOT / "campaign_app"
ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| `([\w/]+\.py)(?:::(\w+))?` \|$", re.MULTILINE)
SHELVES = {"service.py", "repository.py", "schemas.py", "errors.py", "jobs.py"}
NO_ROOM = {"components", "pages", "forms", "plugins"}


@cache
def classes() -> dict[str, list[str]]:
    """Public classes and the modules that define them."""
    found = defaultdict(list)
    for path in sorted(APP.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(APP)))
    return found


def rows() -> list[tuple[str, str, str]]:
    """(term, module, class or empty) of the glossary."""
    return ROW.findall((ROOT / "docs/glossary.md").read_text())


def test_every_term_is_where_the_glossary_says() -> None:
    text = (ROOT / "docs/glossary.md").read_text()
    assert len(rows()) == sum(line.startswith("| ") for line in text.splitlines()) - 1 > 50
    for term, module, name in rows():
        assert (APP / module).is_file(), f"{term}: {module}"
        assert not name or module in classes()[name], f"{term}: {module} has no {name}"


def test_terms_are_sorted_and_named_once() -> None:
    terms = [term for term, _, _ in rows()]
    assert terms == sorted(set(terms), key=str.lower)


def test_no_other_room_takes_a_word_of_the_glossary() -> None:
    for term, module, name in rows():
        assert not name or classes()[name] == [module], f"{term}: {name} is also in {classes()[name]}"


def places() -> set[str]:
    """The paths in the first column of the directory map."""
    section = (ROOT / "docs/architecture.md").read_text().partition("## Directory map")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {path for cell in cells for path in re.findall(r"`([^`]+)`", cell)}


def test_the_directory_map_names_every_package_and_nothing_else() -> None:
    mapped = {path.rstrip("/") for path in places() if path.startswith("campaign_app/")}
    tree = {
        str(path.parent.relative_to(ROOT))
        for path in APP.rglob("__init__.py")
        if path.parent != APP and not NO_ROOM & set(path.parts)
    }
    packages = {path for path in mapped if not path.endswith(".py")}
    first = {path for path in tree if path.count("/") == 1}
    assert first <= packages, f"not in the map: {sorted(first - packages)}"
    assert {path for path in tree if path.startswith("campaign_app/delivery/")} <= packages
    assert {path for path in tree if path.startswith("campaign_app/channels/") and path.count("/") == 2} <= packages
    assert not {path for path in places() if path not in SHELVES and not (ROOT / path).exists() and "<" not in path}


def test_a_package_says_what_it_holds() -> None:
    """A newcomer opens a folder and reads its map."""
    for path in APP.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path
