"""Accounts: validated field by field, secrets sealed, saved by one at a time, tested in the server's own words."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaign_app.channels import registry, reported_service, service
from campaign_app.channels.base import Verdict
from campaign_app.channels.email import dkim, dkim_service
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.errors import AccountChanged, AccountInUse, AccountInvalid, AccountNotFound
from campaign_app.channels.schemas import AccountForm
from campaign_app.core import db, push_back
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Forbidden
from campaign_app.models.account import SendingAccount
from campaign_app.models.audit import AuditEntry
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignMinute, CampaignStatus
from campaign_app.models.user import Role
from tests.channels.accounts import smtp, smtp_form
from tests.channels.model_server import Behaviour, Fault, running
from tests.conftest import MakeActor

SECRET = " s3cret pässword "


def form(**changes) -> AccountForm:
    fields = {
        "name": "News", "host": "smtp.example.com", "username": "jo", "password": SECRET,
        "from_address": "news@example.com", "from_name": "Example", "limit_per_day": 1_000,
    }  # fmt: skip
    return smtp_form(**(fields | changes))


async def create(actor: Actor, **changes) -> int:
    async with db.transaction() as session:
        return await service.create(session, actor, form(**changes))


async def read(actor: Actor, account_id: int):
    async with db.reading() as session:
        return await service.get(session, actor, account_id)


async def test_secrets_are_sealed_and_never_come_back(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    key = dkim.generate_key(dkim.KeyKind.ED25519)
    account_id = await create(actor, dkim_domain="example.com", dkim_selector="s1", dkim_key=key)
    shown = await read(actor, account_id)
    assert shown.stored_secrets == {"password", "dkim_key"}
    async with db.transaction() as session:
        signing = await dkim_service.get(session, actor, account_id)
    assert signing.record == dkim.dns_record("example.com", "s1", key)
    private = key.splitlines()[1]
    assert SECRET not in shown.model_dump_json()
    assert private not in shown.model_dump_json()
    async with db.reading() as session:
        row = (await session.exec(select(SendingAccount))).one()
        opened = await service.config(session, account_id)
        written = [str(entry.details) for entry in (await session.exec(select(AuditEntry))).all()]
    assert SECRET not in row.model_dump_json()
    assert private not in row.model_dump_json()
    assert (opened.secrets["password"], opened.secrets["dkim_key"].strip()) == (SECRET, key.strip())
    assert SECRET not in repr(opened) + str(form()) + repr(form())
    assert written
    assert not any(SECRET in text or private in text for text in written)


async def test_saving_keeps_secrets_that_were_not_entered(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    async with db.transaction() as session:
        assert await service.update(session, actor, account_id, 1, form(password=None, from_name="Other")) == 2
    async with db.reading() as session:
        opened = await service.config(session, account_id)
    assert (opened.secrets["password"], opened.settings.from_name) == (SECRET, "Other")
    async with db.transaction() as session:
        assert await service.update(session, actor, account_id, 2, form(password=None, from_name="Other")) == 2
        assert await service.update(session, actor, account_id, 2, form(password="", username="")) == 3
    assert not (await read(actor, account_id)).stored_secrets


async def test_the_second_save_is_told(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    async with db.transaction() as session:
        await service.update(session, actor, account_id, 1, form(from_name="Mine"))
    with pytest.raises(AccountChanged):
        async with db.transaction() as session:
            await service.update(session, actor, account_id, 1, form(from_name="Theirs"))
    assert (await read(actor, account_id)).sender_name == "Mine"


@pytest.mark.parametrize(
    "changes",
    [{"host": "evil.example.net"}, {"username": "eve"}, {"tls": "none"}],
)
async def test_a_stored_password_goes_to_no_other_server(sqlite_database: str, make_actor: MakeActor, changes) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    with pytest.raises(AccountInvalid) as found:
        async with db.transaction() as session:
            await service.update(session, actor, account_id, 1, form(password=None, **changes))
    assert set(found.value.fields) == {"password"}
    with pytest.raises(AccountInvalid):
        async with db.reading() as session:
            await service.form_config(session, actor, form(password=None, **changes), account_id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 256), ("host", ""), ("host", "http://smtp.example.com"), ("host", "a b"),
        ("host", "smtp.example.com:25"), ("host", "-bad-.example"), ("port", 0), ("port", 65_536), ("from_address", ""),
        ("from_address", "x@y"), ("from_address", "a@b.de\r\nBcc: c@d.ef"), ("from_name", "a\nb"),
        ("reply_to", "nobody"),
        ("connections", 0), ("connections", 101), ("limit_per_minute", 0), ("limit_per_day", -1), ("username", ""),
        ("dkim_domain", "example.com"), ("dkim_key", "not a key"),
    ],
)  # fmt: skip
async def test_each_field_is_checked(sqlite_database: str, make_actor: MakeActor, field: str, value: object) -> None:
    actor = await make_actor()
    with pytest.raises(AccountInvalid) as found:
        await create(actor, **{field: value})
    assert {field, "password", "dkim_key", "dkim_domain"} & set(found.value.fields)
    assert all(found.value.fields.values())
    async with db.reading() as session:
        assert (await session.exec(select(SendingAccount))).all() == []


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "::1", "localhost", "mail", "smtp.bücher.example", "smtp-relay.a_b.example"]
)
async def test_hosts_that_are_fine(sqlite_database: str, make_actor: MakeActor, host: str) -> None:
    assert await create(await make_actor(), host=host)


async def test_names_are_unique_among_accounts_in_use(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    with pytest.raises(AccountInvalid) as found:
        await create(actor, name="news")
    assert "name" in found.value.fields
    async with db.transaction() as session:
        await service.delete(session, actor, account_id)
    assert await create(actor, name="news")


async def test_deleting(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    async with db.transaction() as session:
        campaign = Campaign(name="Autumn", account_id=account_id, status=CampaignStatus.RUNNING)
        session.add(campaign)
    with pytest.raises(AccountInUse, match="Autumn"):
        async with db.transaction() as session:
            await service.delete(session, actor, account_id)
    async with db.transaction() as session:
        campaign.status = CampaignStatus.COMPLETED
        session.add(campaign)
        await service.delete(session, actor, account_id)
    with pytest.raises(AccountNotFound):
        await read(actor, account_id)
    async with db.reading() as session:
        row = (await session.exec(select(SendingAccount))).one()
    assert row.secrets == {}
    assert row.deleted_at is not None


async def test_only_admins_write_and_viewers_see_nothing(sqlite_database: str, make_actor: MakeActor) -> None:
    account_id = await create(await make_actor())
    marketer, viewer = await make_actor(Role.MARKETER), await make_actor(Role.VIEWER)
    async with db.transaction() as session:
        assert len(await service.list_accounts(session, marketer)) == 1
        for act in (
            service.create(session, marketer, form()),
            service.update(session, marketer, account_id, 1, form()),
            service.delete(session, marketer, account_id),
            service.test_connection(session, marketer, account_id),
            service.send_test(session, marketer, account_id, "jo@example.org"),
            service.form_config(session, marketer, form()),
            service.forget_weakness(session, marketer, account_id),
            service.list_accounts(session, viewer),
            service.get(session, viewer, account_id),
        ):
            with pytest.raises(Forbidden):
                await act


async def test_health_and_use_of_the_day(database: str, make_actor: MakeActor) -> None:
    actor, at = await make_actor(), now()
    names = ("A fresh", "B healthy", "C bouncing", "D broken", "E off")
    ids = {name: await create(actor, name=name) for name in names}
    async with db.transaction() as session:
        for name, bounced in (("B healthy", 1), ("C bouncing", 5)):
            campaign = Campaign(name=name, account_id=ids[name], started_at=at)
            session.add(campaign)
            await session.flush()
            session.add(CampaignCounter(campaign_id=campaign.id, sent=100 - bounced, bounced=bounced))
            session.add(CampaignMinute(campaign_id=campaign.id, minute=at, sent=90))
            session.add(CampaignMinute(campaign_id=campaign.id, minute=at - timedelta(days=1), sent=10))
        broken = await session.get(SendingAccount, ids["D broken"])
        broken.circuit_open_until = at + timedelta(minutes=5)
        off = await session.get(SendingAccount, ids["E off"])
        off.is_active = False
    async with db.reading() as session:
        rows = await service.list_accounts(session, actor)
    assert [(row.name, row.health, row.words, row.sent_today) for row in rows] == [
        ("A fresh", "unused", "Not used today", 0),
        ("B healthy", "healthy", "Healthy", 90),
        ("C bouncing", "bouncing", "Bounces 5.0%", 90),
        ("D broken", "disconnected", "Disconnected", 0),
        ("E off", "unused", "Switched off", 0),
    ]


async def test_what_a_server_offers_and_breaks_on_is_kept(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    async with db.transaction() as session:
        await service.record_capabilities(session, account_id, {"PIPELINING": "", "8BITMIME": ""})
        await service.record_capabilities(
            session,
            account_id,
            {"PIPELINING": "", "8BITMIME": "", "pipelining_broken": "off", "pipelining_words": "554 x"},
        )
        await service.record_capabilities(session, account_id, {"PIPELINING": "", "8BITMIME": ""})
        opened = await service.config(session, account_id)
    assert smtp(opened).eight_bit
    assert smtp(opened).pipelining == "off"
    shown = await read(actor, account_id)
    assert "one command at a time" in shown.weakness.text
    assert (shown.weakness.words, shown.version) == ("554 x", 1)
    assert shown.offers == ("offers grouped commands (PIPELINING)", "takes 8-bit text")
    async with db.transaction() as session:
        await service.forget_weakness(session, actor, account_id)
        assert smtp(await service.config(session, account_id)).pipelining == "auto"
        await service.update(session, actor, account_id, 1, form(host="other.example.com"))
        assert not smtp(await service.config(session, account_id)).eight_bit
        await service.record_capabilities(session, 999, {"PIPELINING": ""})


async def test_connection_and_test_message(database: str, make_actor: MakeActor, monkeypatch) -> None:
    monkeypatch.setitem(registry._ADAPTERS, "smtp", SmtpAdapter())
    actor = await make_actor()
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, witness):
        account_id = await create(actor, host="127.0.0.1", port=port, tls="none")
        async with db.transaction() as session:
            account = await session.get(SendingAccount, account_id)
            account.circuit_open_until, account.last_error = now() + timedelta(hours=1), "down"
        async with db.reading() as session:
            unsaved = await service.form_config(session, actor, form(host="127.0.0.1", port=port, tls="none"))
            assert (await service.test_connection(session, actor, unsaved)).ok
            report = await service.test_connection(session, actor, account_id)
            result = await service.send_test(session, actor, account_id, " jo@example.org ")
        async with db.transaction() as session:
            await service.record_check(session, actor, account_id, report)
            await service.record_test(session, actor, account_id, "jo@example.org", result)
    assert result.verdict is Verdict.ACCEPTED
    assert witness.accepted["jo@example.org"] == 1
    assert b"Test from Beacon" in witness.contents["jo@example.org"]
    shown = await read(actor, account_id)
    assert shown.last_checked_at is not None
    assert shown.last_error == ""
    assert shown.circuit_open_until <= now()
    assert "log-in by PLAIN" in shown.offers


async def test_a_failed_check_is_kept_in_words(sqlite_database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    behaviour = Behaviour(lambda step, number: Fault(b"554 5.7.1 not you\r\n") if step == "greeting" else None)
    async with running(behaviour) as (port, _):
        account_id = await create(actor, host="127.0.0.1", port=port, tls="none", username="", password=None)
        async with db.reading() as session:
            report = await service.test_connection(session, actor, account_id)
            result = await service.send_test(session, actor, account_id, "jo@example.org")
    async with db.transaction() as session:
        await service.record_check(session, actor, account_id, report)
    assert "refuses connections from this machine" in (await read(actor, account_id)).last_error
    async with db.transaction() as session:
        await service.record_test(session, actor, account_id, "jo@example.org", result)
    shown = await read(actor, account_id)
    assert "554 5.7.1 not you" in shown.last_error
    assert (shown.health, shown.words) == ("disconnected", "Last check failed")


async def test_a_test_needs_an_address(sqlite_database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    with pytest.raises(AccountInvalid) as found:
        async with db.reading() as session:
            await service.send_test(session, actor, account_id, "nobody")
    assert "to" in found.value.fields


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"host": "smtp.other.example", "password": SECRET}, False),
        ({"port": 2525}, False),
        ({"username": "another", "password": SECRET}, False),
        ({"password": "another"}, True),
        ({"name": "Renamed", "limit_per_minute": 10}, True),
    ],
)
async def test_another_server_forgets_what_was_learnt_of_the_one_before(
    sqlite_database: str, redis_url: str, make_actor: MakeActor, changes, known: bool
) -> None:
    actor = await make_actor()
    account_id, other = await create(actor), await create(actor, name="Other")
    for each in (account_id, other):
        await push_back.slower(each, 0, measured=10, accepted=True, words="451 4.7.1 slow down")
    async with db.transaction() as session:
        await service.update(session, actor, account_id, 1, form(**{"password": None} | changes))
    _, learnt = await push_back.known([account_id, other])
    assert learnt.keys() == ({account_id, other} if known else {other})


async def test_saving_an_account_does_not_depend_on_redis(
    sqlite_database: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_account_id: int) -> None:
        raise ConnectionRefusedError

    actor = await make_actor()
    account_id = await create(actor)
    monkeypatch.setattr(push_back, "forget", gone)
    async with db.transaction() as session:
        assert await service.update(session, actor, account_id, 1, form(port=2525)) == 2


@pytest.mark.parametrize(("changes", "at_once"), [({"password": "the right one"}, True), ({"name": "Renamed"}, False)])
async def test_a_paused_account_is_tried_again_at_once_when_its_connection_is_another_one(
    sqlite_database: str, make_actor: MakeActor, changes, at_once: bool
) -> None:
    actor, later = await make_actor(), now() + timedelta(minutes=15)
    account_id = await create(actor)
    async with db.transaction() as session:
        account = await session.get(SendingAccount, account_id)
        account.circuit_open_until, account.circuit_failures = later, 6
    async with db.transaction() as session:
        await service.update(session, actor, account_id, 1, form(**{"password": None} | changes))
    async with db.reading() as session:
        account = await session.get(SendingAccount, account_id)
    assert (account.circuit_open_until < later, account.circuit_failures) == (at_once, 0 if at_once else 6)


async def test_an_account_that_reports_refuse_is_not_called_healthy(
    sqlite_database: str, make_actor: MakeActor
) -> None:
    actor = await make_actor()
    account_id = await create(actor)
    async with db.transaction() as session:
        await reported_service.record(session, account_id, "554 blocked")
    async with db.reading() as session:
        (row,) = await service.list_accounts(session, actor)
    assert (row.health, row.words) == ("refused", "Refused, by reports")
    assert (await read(actor, account_id)).reported_words == "554 blocked"
