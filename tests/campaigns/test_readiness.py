"""Findings of pre-flight about the workspace: an address that recipients can open, a postal address."""

import json
from pathlib import Path

import pytest

from campaign_app.campaigns import readiness
from campaign_app.channels.email import content_checks
from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.models.account import SendingAccount
from campaign_app.workspace.schemas import Workspace
from tests.campaigns import world
from tests.campaigns.test_preflight import check, found
from tests.channels.accounts import changed, smtp_row
from tests.conftest import MakeActor
from tests.settled import PUBLIC_URL, settle

SANDBOX = smtp_row(name="Anything", host="localhost", port=2525, from_address="a@b.de")


def sandbox_runs(var: Path, port: int = 2525) -> None:
    (var / "sandbox").mkdir(exist_ok=True)
    (var / "sandbox" / "ports.json").write_text(json.dumps({"smtp_port": port, "http_port": 8025}))


async def test_a_local_mail_server_does_not_hide_a_local_address(database: str, make_actor: MakeActor) -> None:
    """Postfix on the same machine is common. Its recipients are elsewhere, so it is not the sandbox."""
    ines = await make_actor()
    here = await world.built(ines)
    async with db.transaction() as session:
        await settle(session, public_url="")
        account = await session.get(SendingAccount, here.account_id)
        assert account is not None
        changed(account, host="127.0.0.1", port=25).name = "Sandbox"  # the name does not matter
    finding = found(await check(ines, await world.draft(ines, here)), "base_url")
    assert (finding.severity, finding.fix, finding.title) == ("blocking", "workspace", readiness.NO_ADDRESS)
    assert settings().server_url in finding.detail


async def test_a_postal_address_is_needed_unless_the_workspace_says_no(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines, postal_address=""))
    report = await check(ines, made)
    assert (found(report, "address").severity, found(report, "address").fix) == ("blocking", "workspace")
    async with db.transaction() as session:
        await settle(session, needs_postal_address=False)
    assert found(await check(ines, made), "address").severity == "fine"


def test_only_a_running_sandbox_of_our_own_is_one(var_dir: Path) -> None:
    bare = Workspace()
    assert readiness.public_address(bare, SANDBOX).severity == "blocking"  # no sandbox runs
    sandbox_runs(var_dir)
    assert readiness.public_address(bare, SANDBOX).severity == "fine"
    for host, port in (("127.0.0.1", 25), ("smtp.meridian-supply.com", 2525), ("192.168.1.4", 2525)):
        other = smtp_row(name="Sandbox", host=host, port=port, from_address="a@b.de")
        assert readiness.public_address(bare, other).severity == "blocking"


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"smtp_port": "2525"}'])
def test_a_broken_file_makes_no_sandbox(var_dir: Path, text: str) -> None:
    sandbox_runs(var_dir)
    (var_dir / "sandbox" / "ports.json").write_text(text)
    assert readiness.public_address(Workspace(), SANDBOX).severity == "blocking"


def test_links_of_the_sandbox_stay_on_this_machine(var_dir: Path) -> None:
    here = Workspace(public_url=PUBLIC_URL)
    assert readiness.base_of(here, SANDBOX) == PUBLIC_URL
    sandbox_runs(var_dir)
    assert readiness.base_of(here, SANDBOX) == settings().server_url


def test_plain_http_is_worth_a_look() -> None:
    assert readiness.public_address(Workspace(public_url="http://mail.meridian-supply.com"), None).severity == "warning"
    assert readiness.public_address(Workspace(public_url=PUBLIC_URL), None).severity == "fine"


@pytest.mark.parametrize(
    ("target", "severity", "words"),
    [
        ("https://shop.example/a", "blocking", "cannot be reached"),
        ("https://SHOP.Example./a", "blocking", "cannot be reached"),
        ("https://shop.invalid", "blocking", "cannot be reached"),
        ("https://shop.test/a", "warning", "cannot be reached"),
        ("https://example.com/start", "blocking", "placeholder of the template"),
        ("https://intranet.local/a", "warning", "inside your network"),
        ("http://localhost:3000", "warning", "inside your network"),
        ("http://0x7f000001/", "warning", "inside your network"),
        ("http://[::1]/", "warning", "inside your network"),
        ("http://100.64.0.1/", "warning", "inside your network"),
    ],
)
def test_links_that_nobody_can_open(target: str, severity: str, words: str) -> None:
    finding = content_checks.link(target)
    assert finding is not None
    assert finding.severity == severity
    assert words in finding.detail
    assert ("template" in finding.detail) is ("template" in words)
