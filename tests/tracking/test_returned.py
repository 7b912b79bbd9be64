"""Returned mail in the forms of real servers: each case is matched with its delivery."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.audience import repository as audience
from campaign_app.channels import registry, reported
from campaign_app.channels.email import message_ids
from campaign_app.channels.email.reports import read
from campaign_app.channels.email.returned import mime
from campaign_app.core import clock, db
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, EventKind, Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.tracking import inbound
from tests import tokens
from tests.channels import replies
from tests.channels.accounts import smtp_row
from tests.tracking import world

CASES = Path(__file__).parents[1] / "data" / "cases"
S, K, R = DeliveryStatus, EventKind, Reason
OUTCOMES = {  # file → status and reason of the delivery, suppression, events, whether the account is noted
    "report-aup.eml": (S.BOUNCED, R.SENDER_REFUSED, None, [K.BOUNCE], True),
    "report-delayed.eml": (S.SENT, R.NONE, None, [K.DELAY], False),
    "report-ip4.eml": (S.BOUNCED, R.UNKNOWN_ADDRESS, SuppressionReason.BOUNCED, [K.BOUNCE], False),
    "report-ipdead.eml": (S.BOUNCED, R.SENDER_REFUSED, None, [K.BOUNCE], True),
    "report-jmrp.eml": (S.SENT, R.NONE, SuppressionReason.COMPLAINED, [K.COMPLAIN], False),
    "report-ooo.eml": (S.SENT, R.NONE, None, [], False),
    "report-ooo2.eml": (S.SENT, R.NONE, None, [], False),
    "report-qmail.eml": (S.BOUNCED, R.UNKNOWN_ADDRESS, SuppressionReason.BOUNCED, [K.BOUNCE], False),
    "report-quota.eml": (S.BOUNCED, R.SENDER_REFUSED, None, [K.BOUNCE], True),
    "report-softkeep.eml": (S.BOUNCED, R.MAILBOX_FULL, None, [K.BOUNCE], False),
    "report-status51x.eml": (S.BOUNCED, R.SENDER_REFUSED, None, [K.BOUNCE], True),
    "report-xtext.eml": (S.BOUNCED, R.UNKNOWN_ADDRESS, SuppressionReason.BOUNCED, [K.BOUNCE], False),
}


def case(name: str, delivery: Delivery) -> bytes:
    """A case that contains the token, the Message-ID and the address of a delivery."""
    text = (CASES / name).read_text()
    token = tokens.delivery_token(delivery.id or 0)
    text = re.sub(r"X-Beacon-Delivery: \S+", f"X-Beacon-Delivery: {token}", text)
    text = re.sub(r"<bor\S+@sender\.example>", message_ids.make(delivery.id or 0, "sender.example"), text)
    return re.sub(r"[\w+]+709027@d1\.example", delivery.address, text).encode()


async def take(raw: bytes) -> inbound.Taken:
    async with db.transaction() as session:
        return await inbound.take(session, registry.channel("email"), raw)


async def note_on(account_id: int) -> reported.Reported | None:
    async with db.reading() as session:
        account = await session.get(SendingAccount, account_id)
    return reported.read(account.capabilities, clock.now()) if account else None


async def with_account(campaign_id: int) -> int:
    """Give the campaign a sending account; returns its id."""
    async with db.transaction() as session:
        account = smtp_row(name="Ours", host="mx.test", port=587, from_address="news@sender.example")
        session.add(account)
        await session.flush()
        campaign = await session.get(Campaign, campaign_id)
        assert campaign is not None
        campaign.account_id, campaign.status = account.id, CampaignStatus.RUNNING
        session.add(campaign)
    return account.id or 0


async def campaign_row(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
    assert found is not None
    return found


@pytest.mark.parametrize("name", OUTCOMES)
async def test_a_case_ends_as_it_should(database: str, name: str) -> None:
    status, reason, suppressed, events, noted = OUTCOMES[name]
    here = await world.sent()
    account_id = await with_account(here.campaign)
    delivery = await world.delivery(here.deliveries[0])
    await take(case(name, delivery))
    row = await world.delivery(here.deliveries[0])
    assert (row.status, row.reason) == (status, reason)
    assert [event.kind for event in await world.events(here.campaign)] == events
    async with db.reading() as session:
        found = await audience.reasons_for(session, [delivery.address])
    assert found.get(delivery.address) is suppressed
    assert bool(await note_on(account_id)) == noted


@pytest.mark.parametrize("name", replies.REPORTS)
def test_a_case_is_read_as_it_should(name: str) -> None:
    assert replies.reported(name) == replies.REPORTS[name]


async def test_several_reports_about_the_sender_stop_its_campaigns_and_no_recipient(
    database: str, redis_url: str
) -> None:
    here = await world.sent()
    account_id = await with_account(here.campaign)
    async with db.transaction() as session:
        account = await session.get(SendingAccount, account_id)
        assert account is not None
        earlier = reported.Reported(reported.SEVERAL - 2, clock.now(), clock.now(), "before")
        account.capabilities = {**account.capabilities, **reported.written(earlier)}
        session.add(account)
    await take(case("report-aup.eml", await world.delivery(here.deliveries[0])))
    assert (await campaign_row(here.campaign)).status is CampaignStatus.RUNNING
    await take(case("report-aup.eml", await world.delivery(here.deliveries[1])))
    stopped = await campaign_row(here.campaign)
    assert stopped.status is CampaignStatus.PAUSED
    assert "sender rejected" in stopped.status_reason
    note = await note_on(account_id)
    assert note is not None
    assert note.count == 0  # after a resume several more reports stop it, not the next one


def test_a_note_counts_an_hour_and_is_shown_a_day() -> None:
    at = clock.now()
    first = reported.one_more(None, "no", at)
    known = reported.written(first)
    assert reported.one_more(known, "no", at + timedelta(minutes=59)).count == 2
    assert reported.one_more(known, "no", at + timedelta(minutes=61)).count == 1
    assert reported.read(known, at + timedelta(hours=23)) == first
    assert reported.read(known, at + timedelta(hours=25)) is None
    assert reported.read({"reported_count": "x", "reported_at": "y"}, at) is None


@pytest.mark.parametrize(
    ("count", "sent", "stops"), [(4, 0, False), (5, 0, True), (5, 100, True), (5, 101, False), (50, 1_000, True)]
)
def test_so_many_reports_stop(count: int, sent: int, stops: bool) -> None:
    at = clock.now()
    assert reported.stops(reported.Reported(count, at, at, ""), sent) is stops


EXIM = """Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.test>
To: news@sender.example
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: ann@d1.example

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@d1.example
    host mx.d1.example [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<ann@d1.example>:
    {said}

------ This is a copy of the message, including all the headers. ------

Return-path: <news@sender.example>
To: ann@d1.example
X-Beacon-Delivery: TOKEN
"""


@pytest.mark.parametrize(
    ("said", "rule", "dead"),
    [
        ("550 5.1.1 User unknown", "unknown-recipient-5.1.x", True),
        ("550-Verification failed for <news@sender.example> 550 Sender verify failed", "sender-verification", False),
        ("552 5.2.2 mailbox full", "mailbox-full", False),
        ("554 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org", "blocklist", False),
    ],
)
def test_exims_text_is_a_bounce(said: str, rule: str, dead: bool) -> None:
    report = read(EXIM.format(said=said).encode())
    assert report is not None
    (fact,) = report.facts
    assert (fact.kind, fact.recipient, fact.rule, fact.dead) == (K.BOUNCE, "ann@d1.example", rule, dead)
    assert report.token == "TOKEN"


def test_a_warning_of_a_delay_is_no_bounce() -> None:
    text = EXIM.replace("This is a permanent error.", "Delivery will continue to be attempted.")
    report = read(text.format(said="451 4.7.1 greylisted").encode())
    assert report is not None
    assert [fact.kind for fact in report.facts] == [K.DELAY]


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/alternative", "multipart/report; report-type=x"])
@pytest.mark.parametrize("encoding", ["", "Content-Transfer-Encoding: base64\n"])
def test_a_status_part_makes_a_report_wherever_it_lies(kind: str, encoding: str) -> None:
    fields = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ann@d1.example\nAction: failed\nStatus: 5.1.1\n"
    if encoding:
        import base64

        fields = base64.b64encode(fields.encode()).decode()
    text = (
        f'From: x@y.example\nContent-Type: {kind}; boundary="A"\n\n--A\nContent-Type: multipart/mixed; boundary="B"\n\n'
        f"--B\nContent-Type: message/delivery-status\n{encoding}\n{fields}\n--B--\n--A--\n"
    )
    report = read(text.encode())
    assert report is not None
    assert [(fact.recipient, fact.dead) for fact in report.facts] == [("ann@d1.example", True)]


@pytest.mark.parametrize(
    "line",
    [
        "Return-Path: <>",
        "X-Failed-Recipients: ann@d1.example",
        "From: MAILER-DAEMON@mx.test",
        "From: Postmaster <postmaster@mx.test>",
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (vacation)",
        "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes",
        "X-Autorespond: a",
        "X-Autogenerated: Reply",
        "X-Mail-Autoreply: 1",
        "X-MS-Exchange-Inbox-Rules-Loop: ann@d1.example",
        "Precedence: auto_reply",
        "Precedence: bulk",
        "Feedback-ID: x",
        "List-Id: <a.b>",
        "List-Unsubscribe: <https://a.example>",
        "Subject: Automatic reply: Hi",
        "Subject: Abwesenheitsnotiz: Hi",
        "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_:_Hi?=",
        "Subject: =?utf-8?Q?Respuesta_autom=C3=A1tica:_Hi?=",
        "Subject: Risposta automatica: Hi",
        "Subject: =?utf-8?Q?Resposta_autom=C3=A1tica:_Hi?=",
        "Subject: Automatisch antwoord: Hi",
        "Subject: =?utf-8?Q?Odpowied=C5=BA_automatyczna:_Hi?=",
        "Subject: =?utf-8?B?0JDQstGC0L7QvNCw0YLQuNGH0LXRgdC60LjQuSDQvtGC0LLQtdGCOiBIaQ==?=",
        "Subject: =?utf-8?B?6Ieq5YqoIOWbnuWkjQ==?=",
        "Subject: =?utf-8?B?6Ieq5YuV6L+U5L+hOiBIaQ==?=",
    ],
)
def test_no_reply_is_made_of_what_a_machine_wrote(line: str) -> None:
    name = line.partition(":")[0]
    given = {"From": "From: Ann <ann@d1.example>", "Subject": "Subject: Re: Hi", name: line}
    if "6Ieq5YqoIOWbnuWkjQ" in line:
        given["Subject"] = "Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSNOiBIaQ==?="
    mail = "\n".join(given.values()) + "\nIn-Reply-To: <x@y>\n\nI am away.\n"
    report = read(mail.encode())
    assert report is None or K.REPLY not in {fact.kind for fact in report.facts}


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Hi",
        "AW: Hi",
        "Automatic doors for my shop",
        "Out of office chairs?",
        "Vacation in Rome",
        "Re: Undeliverable",
    ],
)
def test_a_persons_answer_stays_one(subject: str) -> None:
    report = read(f"From: Ann <ann@d1.example>\nSubject: {subject}\n\nYes, please.\n".encode())
    assert report is not None
    assert [(fact.kind, fact.recipient) for fact in report.facts] == [(K.REPLY, "ann@d1.example")]


def test_a_read_receipt_is_nothing() -> None:
    text = 'From: a@d1.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary="B"\n\n'
    assert (
        read(f"{text}--B\nContent-Type: message/disposition-notification\n\nDisposition: x\n--B--\n".encode()) is None
    )


def test_an_xtext_address_is_decoded_and_a_plain_plus_stays() -> None:
    text = (CASES / "report-xtext.eml").read_text()
    plain = text.replace("bob+2Bnews", "bob+ABnews").replace("bob+news", "bob+ABnews")
    for raw, wanted in ((text, "bob+news709027@d1.example"), (plain, "bob+abnews709027@d1.example")):
        report = read(raw.encode())
        assert report is not None
        assert report.facts[0].recipient == wanted


NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(500))
HOSTILE = {
    "nested": NESTED,
    "nested messages": b"Content-Type: message/rfc822\n\n" * 5_000,
    "quoted semicolons": b'Content-Type: multipart/mixed; boundary="' + b";" * 2_000_000,
    "folded": b"Content-Type: multipart/mixed;\n" + b' x="a;b;c";\n' * 200_000,
    "comments": b"From: " + b"(" * 1_000_000 + b"\n\n",
    "angles": b"From: a@b\nSubject: failure notice\nContent-Type: text/html\n\n" + b"<" * 1_000_000,
    "addresses": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"a@b.example: 550 5.1.1 no\n" * 100_000,
    "headers": b"X: y\n" * 500_000,
    "one line": b"x" * 5_000_000,
    "groups": b"Content-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@b\nAction: failed\n\n" * 9_000,
    "encoded words": b"From: a@b\nSubject: " + b"=?utf-8?B?" * 200_000 + b"\n\nx",
    "zero": b"\0" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_within_bounds(name: str) -> None:
    raw = HOSTILE[name]
    kept = mime._bounded(raw)
    assert len(kept) <= mime.MAX_BYTES + 1
    assert kept.count(b"\n") <= mime.MAX_LINES
    assert len(kept.lower().split(b"content-type:")) - 1 <= mime.MAX_PARTS
    assert max(map(len, kept.splitlines()), default=0) <= mime.MAX_LINE
    report = read(raw)
    assert report is None or len(report.facts) <= 100


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(OUTCOMES)), st.lists(st.tuples(st.integers(0, 1_500), st.binary(max_size=8)), max_size=6))
def test_broken_reports_never_raise(name: str, damage: list[tuple[int, bytes]]) -> None:
    raw = bytearray((CASES / name).read_bytes())
    for place, junk in damage:
        raw[place : place + len(junk)] = junk
    read(bytes(raw))
