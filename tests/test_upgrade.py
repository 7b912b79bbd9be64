"""Databases that commit 3d9cba7 made are brought to the newest schema, and nothing is lost."""

import lzma
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from campaign_app.analytics import service as analytics
from campaign_app.audience import segment_service, suppression
from campaign_app.audience import service as audience
from campaign_app.audience.schemas import ContactQuery, ContactStatus
from campaign_app.audit import service as audit
from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns import templates_service
from campaign_app.campaigns.schemas import CampaignQuery
from campaign_app.channels import service as channels
from campaign_app.channels.email import dkim
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ops import invariants
from tests import servers
from tests.channels.accounts import smtp
from tests.test_migrations import alembic
from tests.upgraded import Became, Read, Row, Table, Tables, lost, read_tables

STORED = Path(__file__).parent / "data" / "upgrade"
NO_ROWS_OF_OURS = ("alembic_version", "sqlite_", "contact_search")


def _without_signature(row: Row) -> dict[str, Any]:
    """The end of the audit log got a count and a signature."""
    value: dict[str, Any] = row["value"]
    return {name: value[name] for name in ("id", "hash")} if row["key"] == "audit_head" else value


def _setting(name: str) -> Read:
    return lambda row, _: row["settings"][name]


def _secret(name: str) -> Read:
    return lambda row, _: row["secrets"].get(name, "")


SETTINGS = (
    "host",
    "port",
    "tls",
    "auth",
    "username",
    "from_address",
    "from_name",
    "reply_to",
    "connections",
    "pipelining",
)

BECAME: dict[str, Became] = {
    "app_user": Became(meant={"time_zone": lambda row: "" if row["time_zone"] == "UTC" else row["time_zone"]}),
    "campaign_counter": Became(gone={"sending": 0}),
    "delivery": Became(gone={"message_id": ""}),
    "lease": Became(now={"reach_id": lambda row, _: row["read_through_id"]}),
    "sending_account": Became(
        now={
            **{name: _setting(name) for name in (*SETTINGS, "pipelining", "dkim_domain", "dkim_selector")},
            "password_sealed": _secret("password"),
            "dkim_key_sealed": _secret("dkim_key"),
        },
        gone={"channel": "email"},
    ),
    "setting": Became(now={"value": lambda row, _: _without_signature(row)}),
}
"""What the upgrade changes; tests/upgraded.py explains it. Every other table and column must be as it was."""


@dataclass(frozen=True)
class Upgraded:
    """A database on the newest schema, and its rows before and after."""

    kind: str
    var: Path
    url: str
    key: str
    before: Tables
    after: Tables


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """The stored database of each kind after `alembic upgrade head`. Tests only read it."""
    kind, var, name = request.param, tmp_path_factory.mktemp("upgrade"), f"upgrade_{secrets.token_hex(4)}"
    key, server = (STORED / f"{kind}.key").read_text().strip(), ""
    if kind == "sqlite":
        url = f"sqlite:///{var / 'beacon.db'}"
        (var / "beacon.db").write_bytes(lzma.decompress((STORED / "sqlite.db.xz").read_bytes()))
    else:
        server = request.getfixturevalue("postgres_server")
        url = servers.database_url(server, name)
        servers.create_database(server, name)
        _restore(url, lzma.decompress((STORED / "postgresql.sql.xz").read_bytes()).decode())
    try:
        async_url = url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
        before = read_tables(async_url, NO_ROWS_OF_OURS)
        given = {"DATABASE_URL": url if server else ""}
        done = alembic("upgrade", "head", BEACON_VAR=str(var), BEACON_SECRET_KEY=key, **given)
        assert done.returncode == 0, done.stderr
        yield Upgraded(kind, var, url, key, before, read_tables(async_url, NO_ROWS_OF_OURS))
    finally:
        if server:
            servers.drop_database(server, name)


def _restore(url: str, dump: str) -> None:
    script = "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(script)
        await connection.close()

    servers.in_thread(run)


@pytest.fixture
async def installation(upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Upgraded]:
    """The product set to the upgraded database."""
    monkeypatch.setenv("BEACON_VAR", str(upgraded.var))
    monkeypatch.setenv("BEACON_SECRET_KEY", upgraded.key)
    monkeypatch.setenv("DATABASE_URL", upgraded.url if upgraded.kind == "postgresql" else "")
    settings.cache_clear()
    yield upgraded
    await db.dispose()
    settings.cache_clear()


def test_every_row_and_value_is_still_there(upgraded: Upgraded) -> None:
    assert len(upgraded.before) == 24
    assert all(table.rows for table in upgraded.before.values()), "each kind of row is in the stored database"
    assert not (wrong := lost(upgraded.before, upgraded.after, BECAME)), "\n".join(wrong)


OLD: Tables = {"tag": Table(("id",), [{"id": 1, "name": "vip"}, {"id": 2, "name": "press"}])}


@pytest.mark.parametrize(
    ("rows", "became", "said"),
    [
        ([{"id": 1, "name": "vip"}, {"id": 2, "name": "press"}], Became(), []),
        ([{"id": 1, "name": "vip"}], Became(), ["tag: had 2 rows, tag has 1", "tag (2,): is not there"]),
        ([{"id": 1, "name": "vip"}, {"id": 3, "name": "press"}], Became(), ["tag (2,): is not there"]),
        ([{"id": 1, "name": "VIP"}, {"id": 2, "name": "press"}], Became(), ["tag (1,): name is 'VIP', not 'vip'"]),
        (
            [{"id": 1}, {"id": 2}],
            Became(gone={"name": "vip"}),
            ["tag (2,): name was dropped and held 'press'"],
        ),
        ([{"id": 1}, {"id": 2, "name": "press"}], Became(), ["tag (1,): has no name, which held 'vip'"]),
        (
            [{"id": number, "name": name} for number, name in enumerate(("vip", "press", "new"), 1)],
            Became(),
            ["tag: had 2 rows, tag has 3"],
        ),
        ([{"id": 1, "label": "vip"}, {"id": 2, "label": "press"}], Became(now={"name": lambda r, _: r["label"]}), []),
        ([], Became(table="label"), ["tag: there is no table label"]),
    ],
)
def test_what_a_migration_loses_is_seen(rows: list[Row], became: Became, said: list[str]) -> None:
    assert lost(OLD, {"tag": Table(("id",), rows)}, {"tag": became}) == said


async def test_sealed_secrets_open(installation: Upgraded) -> None:
    async with db.reading() as session:
        accounts = {each.name: each.id for each in await channels.list_accounts(session, SYSTEM)}
        kept = await channels.config(session, accounts["Relay"])
        sandbox = smtp(await channels.config(session, accounts["Sandbox"]))
    assert set(accounts) == {"Relay", "Sandbox"}  # the third one was deleted, with its secrets
    relay = smtp(kept)
    assert (relay.username, relay.password) == ("demo-relay", "demo relay password")
    assert (relay.host, relay.port, relay.tls, relay.connections) == ("relay.beacon.example", 587, "starttls", 4)
    assert (kept.limit_per_minute, kept.limit_per_day) == (120, 5_000)
    assert (relay.dkim_domain, relay.dkim_selector) == ("beacon.example", "demo")
    assert dkim.dns_record("beacon.example", "demo", relay.dkim_key)
    assert (sandbox.host, sandbox.tls, sandbox.password) == ("127.0.0.1", "none", "")


async def test_invariants_hold_and_the_audit_log_is_whole(installation: Upgraded) -> None:
    assert await invariants.check_now() == []
    async with db.reading() as session:
        proof = await audit.prove(session)
    assert (proof.is_whole, proof.anchor.count) == (True, len(installation.before["audit_entry"].rows))


async def test_campaigns_and_their_recipients_are_read(installation: Upgraded) -> None:
    async with db.reading() as session:
        page = await campaigns.list_campaigns(session, SYSTEM, CampaignQuery(limit=100))
        by_name = {row.name: row for row in page.rows}
        half = await campaigns.get(session, SYSTEM, by_name["Half way"].id)
        pending = await recipient_queries.recipients(session, SYSTEM, half.id or 0, status="pending", limit=10)
        offer = by_name["November restock offer"]
        uncertain = await recipient_queries.recipients(session, SYSTEM, offer.id, status="uncertain")
        put_off = await recipient_queries.recipients(session, SYSTEM, offer.id, status="pending")
        left = await recipient_queries.why(session, SYSTEM, uncertain.rows[0].id)
        activity = await campaigns.activity(session, SYSTEM, half.id or 0)
    assert len(by_name) == 13  # the fourteenth was deleted
    assert (half.status, half.status_reason, half.priority) == ("paused", "To look at it again", 3)
    assert "{{ first_name" in half.subject
    assert "{{ unsubscribe_url }}" in half.html
    assert len(pending.rows) == 10
    assert [row.address for row in uncertain.rows] == ["dropafter1@beacon.example"]
    assert [row.address for row in put_off.rows] == ["later1@beacon.example"]
    assert (left.campaign_name, left.row.reason) == ("November restock offer", "connection_lost")
    assert [line.title for line in activity][:1] == ["Paused"]


async def test_contacts_lists_and_suppressed_addresses_are_read(installation: Upgraded) -> None:
    async with db.reading() as session:
        zoe = (await audience.list_contacts(session, SYSTEM, ContactQuery(search="zoë demo"))).rows
        detail = await audience.get_contact(session, SYSTEM, zoe[0].id)
        out = await audience.list_contacts(session, SYSTEM, ContactQuery(status=ContactStatus.SUPPRESSED))
        lists = {row.name: row.members for row in await audience.lists(session, SYSTEM)}
        tags = {row.name: row.members for row in await audience.tags(session, SYSTEM)}
        segments = {row.name: row.rules for row in await segment_service.list_segments(session, SYSTEM)}
        early = await segment_service.count(session, SYSTEM, segments["Early or VIP"])
        page = await suppression.search(session, SYSTEM, text="+49307654321")
        counts = await suppression.counts(session, SYSTEM)
    assert (zoe[0].email, detail.phone, detail.attributes["plan"]) == (
        "zoe.demo@beacon.example",
        "+49301234567",
        "business",
    )
    assert sorted(detail.tags) == ["press", "vip"]
    assert out.total
    assert set(lists) == {"Customers", "Event guests", "Imported", "Newsletter"}
    assert (tags["early"], tags["vip"], early) == (39, 129, 168)
    assert [(row.reason, row.note) for row in page.rows] == [(SuppressionReason.MANUAL, "Not by phone")]
    assert sum(counts.values()) == len(installation.before["suppression"].rows)


async def test_results_and_templates_are_read(installation: Upgraded) -> None:
    counters = {row["campaign_id"]: row for row in installation.before["campaign_counter"].rows}
    async with db.reading() as session:
        for campaign_id, before in counters.items():
            results = await analytics.campaign_results(session, SYSTEM, campaign_id)
            assert (results.total, results.opened, results.clicked, results.failed) == (
                before["total"],
                before["opened"],
                before["clicked"],
                before["failed"],
            )
            assert results.times
            assert results.domains
        assert sum(day.sent for day in (await analytics.overview(session, SYSTEM, days=366)).days)
        templates = {row.name for row in await templates_service.list_templates(session, SYSTEM)}
    assert "Our letter" in templates
    assert "A dropped letter" not in templates
