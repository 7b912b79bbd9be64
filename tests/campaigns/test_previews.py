"""Previews in the editor, and test messages through a real SMTP server."""

import email
from email import policy

import pytest

from campaign_app.campaigns import previews
from campaign_app.campaigns.errors import CampaignNotFound
from campaign_app.channels.email.content import MessageFields
from campaign_app.core import db
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.account import SendingAccount
from campaign_app.models.user import Role
from tests.campaigns import world
from tests.channels.accounts import changed
from tests.channels.model_server import Behaviour, Fault, running
from tests.conftest import MakeActor


async def test_for_the_chosen_and_the_first_and_an_example(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here)
    fields = MessageFields(subject="{{ name }}", html="<p>{{ company }}</p>")
    async with db.reading() as session:
        first = await previews.preview(session, ines, made.id)
        third = await previews.preview(session, ines, made.id, here.contacts[2])
        nobody = await previews.preview(session, ines, fields)
        unsaved = await previews.preview(session, ines, made.id, here.contacts[3], content=fields)
        with pytest.raises(CampaignNotFound):
            await previews.preview(session, ines, 999)
    assert first.subject == "Restock, you"
    assert (third.subject, third.recipient) == ("Restock, Person 2", "Person 2")
    assert "Street 1, Berlin" in third.html
    assert (nobody.subject, nobody.recipient) == ("Anna Brandt", "Anna Brandt")
    assert unsaved.subject == "Person 3"


async def test_holes_are_marked_and_unknown_names_told(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    fields = MessageFields(subject="{{ company }}", preheader="P {{ first_name }}", html="{{ company }}{{ nonsense }}")
    async with db.reading() as session:
        seen = await previews.preview(session, ines, fields, here.contacts[1])
    assert (seen.missing, seen.unknown) == (("company", "nonsense"), ("nonsense",))
    assert seen.subject == "[company]"
    assert ">company</mark>" in seen.html
    assert seen.preheader == "P Person 1"


async def test_mistakes_are_told_while_writing(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    async with db.reading() as session:
        seen = await previews.preview(session, ines, MessageFields(html="<p>\n{{ x"))
    assert (seen.problem_part, seen.problem_line, seen.html) == ("html", 2, "")
    assert "ends inside" in seen.problem


async def test_a_test_message_arrives_untracked(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here)
    recipients = iter([None, Fault(b"550 5.1.1 nobody\r\n")])

    def refuse(step: str, number: int) -> Fault | None:
        return next(recipients) if step == "rcpt" else None

    async with running(Behaviour(plan=refuse)) as (port, witness):
        async with db.transaction() as session:
            account = await session.get(SendingAccount, here.account_id)
            changed(account, host="127.0.0.1", port=port)
            session.add(account)
        async with db.reading() as session:
            outcomes = await previews.send_test(
                session, ines, made.id, ["me@mail.example", "you@mail.example"], here.contacts[2]
            )
        async with db.transaction() as session:
            await previews.record_test(session, ines, made.id, outcomes)
    assert [(outcome.to, outcome.ok) for outcome in outcomes] == [
        ("me@mail.example", True),
        ("you@mail.example", False),
    ]
    assert "nobody" in outcomes[1].response
    mail = email.message_from_bytes(witness.contents["me@mail.example"], policy=policy.default)
    assert mail["Subject"] == "[Test] Restock, Person 2"
    html = mail.get_body(("html",)).get_content()
    assert "https://meridian-supply.com/offer" in html
    assert "/u/test" in html
    assert "/t/o/" not in html


async def test_who_may_and_to_whom(database: str, make_actor: MakeActor) -> None:
    ines, vera = await make_actor(), await make_actor(Role.VIEWER, "Vera")
    here = await world.built(ines)
    made = await world.draft(ines, here)
    async with db.reading() as session:
        with pytest.raises(Forbidden):
            await previews.send_test(session, vera, made.id, "a@b.example")
        with pytest.raises(Invalid):
            await previews.send_test(session, ines, made.id, [])
        with pytest.raises(Invalid):
            await previews.send_test(session, ines, made.id, ["a@b.example"] * 6)
