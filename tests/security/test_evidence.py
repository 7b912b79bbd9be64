"""Attack: with the database in hand, take the newest entries out of the audit log, or all of them."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.security.installation import PEOPLE, Installation
from tests.stack import ROOT, Stack


def audit(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`./campaign audit`, and what it says."""
    return subprocess.run(
        [sys.executable, "-m", "campaign_app.cli", "audit", *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def change(stack: Stack, *statements: str) -> None:
    with closing(sqlite3.connect(stack.var / "beacon.db", timeout=30)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def test_a_cut_log_is_told_from_a_whole_one(own_installation: Installation, tmp_path: Path) -> None:
    stack = own_installation.stack
    change(stack, "CREATE TABLE kept AS SELECT * FROM setting WHERE key = 'audit_head'")
    await own_installation.sign_in("owner")
    async with own_installation.browser(own_installation.owner) as browser:
        answer = await browser.get("/files/audit-anchor.txt")
    saved = tmp_path / "anchor.txt"
    saved.write_text(answer.text)
    assert audit(stack, "--anchor", str(saved)).returncode == 0
    (stack.var / "audit-anchors.log").unlink()  # the attacker owns this host's files too
    change(
        stack,
        "DELETE FROM audit_entry WHERE id > (SELECT json_extract(value, '$.id') FROM kept)",
        "UPDATE setting SET value = (SELECT value FROM kept) WHERE key = 'audit_head'",
    )
    found = audit(stack, "--anchor", str(saved))
    assert (found.returncode, "was anchored" in found.stdout) == (1, True)


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM audit_entry WHERE id = (SELECT MAX(id) FROM audit_entry)",),
        ("DELETE FROM audit_entry",),
        ("DELETE FROM audit_entry", "DELETE FROM setting WHERE key = 'audit_head'"),
        (
            "DELETE FROM audit_entry WHERE id > 1",
            "UPDATE setting SET value = json_object('id', 1, 'hash', (SELECT hash FROM audit_entry)) "
            "WHERE key = 'audit_head'",
        ),
    ],
)
def test_without_any_anchor(tmp_path: Path, statements: tuple[str, ...]) -> None:
    stack = Stack(tmp_path / "var", redis_url="redis://127.0.0.1:1")
    stack.prepare(*PEOPLE.values())
    assert audit(stack).returncode == 0
    (stack.var / "audit-anchors.log").unlink()
    change(stack, *statements)
    assert audit(stack).returncode == 1
    owner = PEOPLE["owner"]
    stack.run("campaign_app.cli", "user", "password", "--email", owner.email, "--password", f"{owner.password}2")
    assert audit(stack).returncode == 1  # though the log went on
