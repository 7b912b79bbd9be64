"""A channel that the product does not know, from its account to the results: an adapter and one registry line."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campaign_app.analytics import service as analytics
from campaign_app.audience import audiences, suppression
from campaign_app.campaigns import preflight, previews
from campaign_app.campaigns import service as campaigns
from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.channels.errors import AccountInvalid
from campaign_app.channels.schemas import AccountForm
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.delivery.ledger import moves
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.campaign import Campaign, CampaignCounter
from campaign_app.models.contact import Contact, ContactAddress, ContactList, ListMember
from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.tracking import inbound
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.accounts.form import account_form
from campaign_app.ui.campaign_builder.contents import content_step
from campaign_app.ui.campaign_builder.fields_state import BuilderFields
from campaign_app.ui.campaign_builder.review_state import BuilderReview
from campaign_app.ui.campaign_builder.setup_state import BuilderSetup
from campaign_app.ui.campaign_builder.state import Builder
from campaign_app.ui.campaign_detail.results_state import CampaignResults
from tests.conftest import MakeActor
from tests.delivery.conftest import Drive, drive, engine  # noqa: F401  (fixtures)
from tests.filedrop.adapter import FileDropAdapter
from tests.ui.tabs import Tab

PEOPLE = {"anna": "Anna", "bob": "Bob", "busy-cara": "Cara", "dora": "Dora", "Not A Handle": "Eve", "": "Fay"}
BODY = "Hello {{ first_name }}, from {{ company }}."


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._ADAPTERS, "filedrop", FileDropAdapter())  # the one line


async def people() -> int:
    """A list of people who have an e-mail address each, and most of them a handle; its id."""
    async with db.transaction() as session:
        session.add(found := ContactList(name="All", members=len(PEOPLE)))
        await session.flush()
        for number, (handle, name) in enumerate(PEOPLE.items()):
            email = f"p{number}@d.example"
            one = Contact(identity=email, email=email, domain="d.example", first_name=name, company="Meridian")
            session.add(one)
            await session.flush()
            session.add(ListMember(list_id=found.id, contact_id=one.id))
            if handle:
                session.add(ContactAddress(contact_id=one.id, kind="handle", value=handle))
        return int(found.id or 0)


async def account(actor: Actor, folder: Path) -> int:
    form = AccountForm(provider="filedrop", name="Drop", settings={"folder": str(folder), "signature": "-- us"})
    async with db.transaction() as session:
        return await accounts.create(session, actor, form)


async def draft(actor: Actor, folder: Path, **fields: object) -> Campaign:
    list_id, account_id = await people(), await account(actor, folder)
    values = {"account_id": account_id, "audience": {"lists": [list_id]}, "content": {"body": BODY}, **fields}
    async with db.transaction() as session:
        return await campaigns.create(session, actor, "Notice", **values)


def written(folder: Path) -> dict[str, str]:
    """Handle → the text of its file."""
    return {path.name.rpartition("-")[0]: path.read_text() for path in folder.glob("*.txt")}


async def test_its_account_is_checked_by_its_own_rules(
    sqlite_database: str, make_actor: MakeActor, tmp_path: Path
) -> None:
    actor = await make_actor()
    for settings, field in (({"folder": "here"}, "folder"), ({"folder": "/", "host": "x"}, "host")):
        with pytest.raises(AccountInvalid) as wrong:
            async with db.transaction() as session:
                await accounts.create(session, actor, AccountForm(provider="filedrop", name="A", settings=settings))
        assert field in wrong.value.fields
    number = await account(actor, tmp_path)
    async with db.reading() as session:
        found = await accounts.get(session, actor, number)
        assert (found.channel, found.server, found.facts) == ("filedrop", str(tmp_path), (("Folder", str(tmp_path)),))
        assert (await accounts.test_connection(session, actor, number)).ok
        with pytest.raises(AccountInvalid, match="not a handle"):
            await accounts.send_test(session, actor, number, "anna@example.com")
        await accounts.send_test(session, actor, number, "anna")
    assert (tmp_path / "anna-0.txt").read_text() == "This is a test."


async def test_its_content_is_kept_in_its_own_model(
    sqlite_database: str, make_actor: MakeActor, tmp_path: Path
) -> None:
    actor = await make_actor()
    made = await draft(actor, tmp_path)
    assert (made.channel, made.address_kind, made.content, made.subject) == ("filedrop", "handle", {"body": BODY}, "")
    with pytest.raises(Invalid, match="has no subject line"):
        async with db.transaction() as session:
            patch = campaigns.checked({"content": {"subject line": "x"}})
            await campaigns.save_step(session, actor, int(made.id or 0), made.version, patch)
    async with db.transaction() as session:
        copy = await campaigns.duplicate(session, actor, int(made.id or 0))
        shown = await previews.preview(session, actor, int(copy.id or 0))
    assert (copy.channel, copy.content) == ("filedrop", {"body": BODY})
    assert (shown.text, shown.recipient, shown.problem) == ("Hello Anna, from Meridian.", "Anna", "")


async def test_builder_preflight_engine_ledger_and_results(
    engine: Engine,  # noqa: F811
    drive: Drive,  # noqa: F811
    make_actor: MakeActor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    actor = await make_actor()
    list_id, account_id = await people(), await account(actor, tmp_path)
    async with db.transaction() as session:
        made = await campaigns.create(session, actor, "Notice", audience={"lists": [list_id]}, step_reached=5)
        await suppression.add(session, actor, "dora", SuppressionReason.MANUAL, kind="handle")
        await suppression.add(session, actor, "p0@d.example", SuppressionReason.UNSUBSCRIBED)  # mail only: Anna's
        count = await audiences.count(session, {"lists": [list_id]}, "handle")
    assert (count.reachable, count.no_address) == (4, 1)
    assert count.suppressed == {SuppressionReason.MANUAL: 1}
    number = int(made.id or 0)
    tab = Tab(actor, monkeypatch)
    tab.go(f"/campaigns/{number}/edit?step=setup", campaign_id=number)
    await tab.do(Builder.load)
    await tab.do(BuilderSetup.choose_account, str(account_id))
    tab.go(f"/campaigns/{number}/edit?step=content", campaign_id=number)
    await tab.do(Builder.load)
    fields = tab.state(BuilderFields)
    assert (fields.channel, fields.opened, fields.values) == ("filedrop", "content", {"body": ""})
    await tab.do(BuilderFields.change, "body", BODY)
    assert (fields.rendered, fields.rendered_for) == ("Hello Anna, from Meridian.", "Anna")
    tab.go(f"/campaigns/{number}/edit?step=review", campaign_id=number)
    await tab.do(Builder.load)
    review = tab.state(BuilderReview)
    assert review.can_launch, review.reason
    assert "Subject" not in [row.label for row in review.summary]
    assert any("no handle" in row.title for row in review.fine)
    await tab.do(BuilderReview.ask_launch, True)
    await tab.do(BuilderReview.launch)
    assert tab.redirects[-1] == f"/campaigns/{number}"
    async with db.transaction() as session:  # after the launch: the engine asks again
        await suppression.add(session, actor, "bob", SuppressionReason.UNSUBSCRIBED, kind="handle")
        await suppression.add(session, actor, "anna", SuppressionReason.UNSUBSCRIBED, kind="nickname")
    await drive(number)
    files = written(tmp_path)
    assert files.keys() == {"anna", "busy-cara"}
    assert files["anna"].startswith("Anna (anna):\nHello Anna, from Meridian.\n-- us\n")
    async with db.transaction() as session:
        rows = {row.address: row for row in (await session.exec(select(Delivery))).all()}
        assert {address: (row.status, row.reason) for address, row in rows.items()} == {
            "anna": (DeliveryStatus.SENT, Reason.NONE),
            "bob": (DeliveryStatus.SKIPPED, Reason.UNSUBSCRIBED),
            "busy-cara": (DeliveryStatus.SENT, Reason.NONE),
            "dora": (DeliveryStatus.SKIPPED, Reason.SUPPRESSED_MANUAL),
            "Not A Handle": (DeliveryStatus.FAILED, Reason.ADDRESS_INVALID),
            "": (DeliveryStatus.SKIPPED, Reason.NO_ADDRESS),
        }
        assert rows["busy-cara"].attempts == 1, "what was returned costs no attempt"
        name = f"anna-{rows['anna'].id}.txt"
        ref = await moves.find(session, account_id, name)
        assert ref is not None
        assert (ref.delivery_id, ref.attempt) == (rows["anna"].id, 1)
        channel = registry.channel("filedrop")
        assert (await inbound.take(session, channel, b"READ somebody-else.txt")).facts == 0
        taken = [await inbound.take(session, channel, f"READ {name}".encode()) for _ in range(2)]
        assert [(each.matched, each.new) for each in taken] == [(1, 1), (1, 0)], "twice is once"
        why = await recipient_queries.why(session, actor, ref.delivery_id)
        assert (why.provider_id, why.message_id) == (name, "")
        results = await analytics.campaign_results(session, actor, number)
        counter = await session.get(CampaignCounter, number)
    assert counter is not None
    assert (counter.sent, counter.read, counter.failed, counter.skipped) == (1, 1, 1, 3)
    assert [(step.key, step.count) for step in results.funnel] == [("sent", 2), ("read", 1)]
    await tab.go(f"/campaigns/{number}", campaign_id=number).do(CampaignResults.load)
    shown = tab.state(CampaignResults)
    assert [bar.label for bar in shown.funnel] == ["Sent", "Read"]
    assert (shown.tracks_opens, shown.has_links, shown.has_domains) == (False, False, False)


async def test_preflight_asks_only_what_the_channel_needs(
    sqlite_database: str, make_actor: MakeActor, tmp_path: Path
) -> None:
    actor = await make_actor()
    made = await draft(actor, tmp_path)
    async with db.reading() as session:
        report = await preflight.run(session, actor, int(made.id or 0))
    codes = {finding.code for finding in report.findings}
    assert {"length", "folder", "variables"} <= codes
    assert not codes & {"subject", "spam", "dns", "unsubscribe", "address", "base_url", "size"}
    async with db.transaction() as session:
        patch = campaigns.checked({"content": {"body": " "}})
        await campaigns.save_step(session, actor, int(made.id or 0), made.version, patch)
    async with db.reading() as session:
        report = await preflight.run(session, actor, int(made.id or 0))
    assert "The message is empty" in [finding.title for finding in report.blocking]


def test_pages_are_made_from_what_it_declares() -> None:
    form = str(account_form())
    assert re.search(r"name:\s*\"folder\"", form)
    assert re.search(r"name:\s*\"host\"", form)
    assert "filedrop" in form
    assert re.search(r"name:\s*\"body\"", str(content_step()))
    assert AccountPage is not None


async def test_a_phone_can_be_suppressed_for_somebody_with_an_address(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    async with db.transaction() as session:
        session.add(Contact(identity="a@d.example", email="a@d.example", domain="d.example", phone="+4915112345678"))
        await suppression.add(session, actor, "+49 151 12345678", SuppressionReason.MANUAL)
        everyone = {"everyone": True}
        by_mail, by_phone = [await audiences.count(session, everyone, kind) for kind in ("email", "phone")]
        rows = (await session.execute(sa.text("SELECT kind, address FROM suppression"))).all()
    assert [tuple(row) for row in rows] == [("phone", "+4915112345678")]
    assert (by_mail.reachable, by_phone.reachable) == (1, 0)
