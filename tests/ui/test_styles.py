"""The style sheet and the components know each other: no class without a rule, no colours outside of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = "".join(path.read_text() for path in sorted((ROOT / "assets").glob("*.css")))
SOURCES = sorted(path for path in (ROOT / "campaign_app/ui").rglob("*") if path.suffix in {".py", ".jsx", ".js"})
_TEXT = re.compile(r"[\"'`]([^\"'`\n]*\bb-[a-z0-9-]+[^\"'`\n]*)[\"'`]")
_CLASS = re.compile(r"(?<![\w-])b-[a-z0-9-]*[a-z0-9](?![\w-])")


def _classes(source: str) -> set[str]:
    return {name for text in _TEXT.findall(source) for name in _CLASS.findall(text)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "campaign_app/ui")))
def test_every_class_has_a_rule(path: Path) -> None:
    known = set(re.findall(r"\.(b-[a-z0-9-]+)", CSS))
    assert _classes(path.read_text()) - known == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".py" and path.name != "theme.py"])
def test_colours_come_from_the_theme(path: Path) -> None:
    assert re.findall(r"[\"'\s(]#[0-9a-fA-F]{6}\b", path.read_text()) == []


def test_fonts_are_served_by_the_product() -> None:
    files = re.findall(r"url\((/fonts/[^)]+)\)", CSS)
    assert files
    assert all((ROOT / "assets" / name.lstrip("/")).exists() for name in files)
    assert "http:" not in CSS
    assert "https:" not in CSS
    assert "Open Font License" in (ROOT / "assets/fonts/OFL.txt").read_text()


def test_motion_can_be_switched_off() -> None:
    assert "prefers-reduced-motion" in CSS
