"""The rooms know no channel: its name, provider and modules stand only in its own packages and in the registry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign_app.channels import registry

ROOT = Path(__file__).parents[1] / "campaign_app"
OWN = (
    "channels/email/",
    "channels/email_smtp/",
    "channels/registry.py",
    "ui/accounts/providers/",
    "ui/campaign_builder/",  # the editor of mail is beside the steps that every channel has
    "api/hooks/mail.py",
    "ops/demo/",  # its accounts are the sandbox's
    "sandbox/",
    "launcher/",
    "reply_guide.py",
)
SOURCES = [path for path in sorted(ROOT.rglob("*.py")) if not str(path.relative_to(ROOT)).startswith(OWN)]
NAMES = {name for adapter in registry.adapters() for name in (adapter.provider, adapter.channel.name)}
ADDRESSES = {"email", "phone"}
"""Columns of a contact and of a person who signs in are called so too: there the word is no channel."""


def compared(tree: ast.AST) -> Iterator[str]:
    """Texts that decide something: compared with, looked up by, or matched."""
    for node in ast.walk(tree):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("registry."):
            sides = list(node.args)
        for side in sides:
            elements = side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side]
            yield from (
                each.value for each in elements if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def channels_of(tree: ast.AST) -> Iterator[str]:
    """What a channel or provider is compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            whole = ast.unparse(node)
            if any(word in whole for word in (".channel", ".provider", "channel ==", "provider ==")):
                yield from (
                    each.value
                    for each in [node.left, *node.comparators]
                    if isinstance(each, ast.Constant) and each.value in NAMES
                )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_decides_by_a_channel(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not list(channels_of(tree)), "ask its capabilities"
    assert not (set(compared(tree)) & (NAMES - ADDRESSES))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_imports_a_channel(path: Path) -> None:
    allowed = {"ui/templates/edit_state.py", "ui/templates/thumbnails.py"}  # the library's templates are mail's
    if str(path.relative_to(ROOT)) in allowed:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert not node.module.startswith(("campaign_app.channels.email", "campaign_app.channels.email_smtp")), (
                node.module
            )
            if node.module == "campaign_app.channels":
                assert not {alias.name for alias in node.names} & {"email", "email_smtp"}


def test_the_registry_is_the_only_list() -> None:
    """One line for each provider, and nothing else that has to be told."""
    lines = [line.strip() for line in (ROOT / "channels" / "registry.py").read_text().splitlines()]
    assert [line for line in lines if line.endswith("Adapter(),")] == ["SmtpAdapter(),"]
