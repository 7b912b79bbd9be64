"""Returned mail in real report formats: matched, counted once, and suppressed where required."""

import random

import pytest

from campaign_app.audience import repository as audience
from campaign_app.channels import registry
from campaign_app.channels.email import message_ids
from campaign_app.channels.email.reports import read
from campaign_app.core import db
from campaign_app.models.delivery import DeliveryStatus, EventKind, Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.sandbox import reports as sandbox
from campaign_app.tracking import inbound
from tests import tokens
from tests.tracking import world

SENT = DeliveryStatus.SENT


def original(delivery_id: int, *, header: bool = True) -> bytes:
    token = f"X-Beacon-Delivery: {tokens.delivery_token(delivery_id)}\r\n" if header else ""
    return (
        f"Message-ID: {message_ids.make(delivery_id, 'sender.example')}\r\n{token}Subject: Hi\r\n\r\nbody\r\n"
    ).encode()


async def take(raw: bytes) -> inbound.Taken:
    async with db.transaction() as session:
        return await inbound.take(session, registry.channel("email"), raw)


async def suppressed(address: str) -> SuppressionReason | None:
    async with db.reading() as session:
        return (await audience.reasons_for(session, [address])).get(address)


def dsn(delivery_id: int, recipient: str, action: str = "failed", status: str = "5.1.1", code: str = "") -> bytes:
    text = sandbox.bounce(original(delivery_id), "bounce@sender.example", recipient).decode()
    text = text.replace("Action: failed", f"Action: {action}").replace("Status: 5.1.1", f"Status: {status}")
    return text.replace("smtp; 550 5.1.1 No such user here", code or f"smtp; 550 {status} No").encode()


@pytest.mark.parametrize("header", [True, False])
async def test_a_hard_bounce_moves_the_row_and_suppresses(database: str, header: bool) -> None:
    here = await world.sent()
    address = (await world.delivery(here.deliveries[0])).address
    raw = sandbox.bounce(original(here.deliveries[0], header=header), "b@sender.example", address)
    assert await take(raw) == inbound.Taken(1, 1, 1)
    assert await take(raw) == inbound.Taken(1, 1, 0)
    row = await world.delivery(here.deliveries[0])
    assert (row.status, row.reason) == (DeliveryStatus.BOUNCED, Reason.UNKNOWN_ADDRESS)
    assert "No such user" in row.response
    counter = await world.counter(here.campaign)
    assert (counter.sent, counter.bounced) == (2, 1)
    assert await suppressed(address) is SuppressionReason.BOUNCED


async def test_a_delay_is_an_event_and_no_more(database: str) -> None:
    here = await world.sent()
    address = (await world.delivery(here.deliveries[0])).address
    raw = dsn(here.deliveries[0], address, "delayed", "4.4.1")
    assert (await take(raw)).new == 1
    assert (await take(raw)).new == 0
    assert (await world.delivery(here.deliveries[0])).status is SENT
    assert await suppressed(address) is None
    assert [event.kind for event in await world.events(here.campaign)] == [EventKind.DELAY]


@pytest.mark.parametrize(
    ("status", "reason"),
    [("5.2.2", Reason.MAILBOX_FULL), ("5.7.1", Reason.POLICY), ("4.4.7", Reason.BOUNCE_REPORT)],
)
async def test_what_is_not_the_addresss_fault_suppresses_nobody(database: str, status: str, reason: Reason) -> None:
    here = await world.sent()
    address = (await world.delivery(here.deliveries[0])).address
    await take(dsn(here.deliveries[0], address, status=status))
    row = await world.delivery(here.deliveries[0])
    assert (row.status, row.reason) == (DeliveryStatus.BOUNCED, reason)
    assert await suppressed(address) is None


async def test_a_complaint_counts_once_and_suppresses(database: str) -> None:
    here = await world.sent()
    address = (await world.delivery(here.deliveries[1])).address
    raw = sandbox.complaint(original(here.deliveries[1]), "s@sender.example", address)
    await take(raw)
    await take(raw)
    counter = await world.counter(here.campaign)
    assert counter.complained == 1
    assert counter.sent == 3
    assert await suppressed(address) is SuppressionReason.COMPLAINED


async def test_a_complaint_of_a_stranger_is_heard(database: str) -> None:
    raw = sandbox.complaint(b"Subject: x\r\n\r\n", "s@sender.example", "stranger@example.com")
    assert await take(raw) == inbound.Taken(1, 0, 0)
    assert await suppressed("stranger@example.com") is SuppressionReason.COMPLAINED


async def test_not_spam_is_no_complaint(database: str) -> None:
    here = await world.sent()
    raw = sandbox.complaint(original(here.deliveries[0]), "s@x.example", "a@x.example")
    assert await take(raw.replace(b"Feedback-Type: abuse", b"Feedback-Type: not-spam")) == inbound.Taken(0, 0, 0)


async def test_a_reply_counts_and_an_automatic_answer_does_not(database: str) -> None:
    here = await world.sent()
    message_id = message_ids.make(here.deliveries[0], "sender.example")
    mail = f"From: a@x.example\r\nSubject: Re: Hi\r\nIn-Reply-To: {message_id}\r\n\r\nYes\r\n"
    assert (await take(f"Auto-Submitted: auto-replied\r\n{mail}".encode())).facts == 0
    assert (await take(mail.encode())).new == 1
    assert (await world.delivery(here.deliveries[0])).status is DeliveryStatus.REPLIED


async def test_bounce_address_names_the_delivery(database: str) -> None:
    here = await world.sent()
    local = message_ids.make(here.deliveries[2], "x").strip("<>").partition("@")[0]
    raw = sandbox.bounce(b"Subject: x\r\n\r\n", f"bounce+{local}@sender.example", "a@x.example")
    assert (await take(raw)).matched == 1


async def test_forged_references_are_nothing(database: str) -> None:
    here = await world.sent()
    forged = original(here.deliveries[0]).replace(b"@sender", b"0@sender")
    forged = forged.replace(b"X-Beacon-Delivery: ", b"X-Beacon-Delivery: A")
    assert (await take(sandbox.bounce(forged.replace(b".", b".0", 1), "b@s.example", "a@x.example"))).matched == 0


async def test_a_report_over_several_people_is_put_to_each(database: str) -> None:
    here = await world.sent()
    addresses = [(await world.delivery(number)).address for number in here.deliveries]
    text = sandbox.bounce(original(here.deliveries[0]), "b@s.example", addresses[0]).decode()
    group = text[text.index("Original-Recipient") : text.index("No such user here", text.index("Diagnostic-Code")) + 17]
    both = group + "\r\n\r\n" + group.replace(addresses[0], addresses[1])
    assert await take(text.replace(group, both).encode()) == inbound.Taken(2, 2, 2)
    assert (await world.delivery(here.deliveries[1])).status is DeliveryStatus.BOUNCED
    assert (await world.delivery(here.deliveries[2])).status is SENT


def test_broken_mail_never_raises() -> None:
    whole = sandbox.bounce(b"Message-ID: <x@y>\r\n\r\n", "b@s.example", "a@x.example")
    chance = random.Random(7)
    for _ in range(300):
        raw = bytearray(whole[: chance.randrange(len(whole))])
        for _ in range(chance.randrange(20)):
            if raw:
                raw[chance.randrange(len(raw))] = chance.randrange(256)
        read(bytes(raw))
    assert read(b"") is None
