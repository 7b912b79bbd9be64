"""The sandbox answers as real servers do: each text of the corpus over the real socket, each form of a report read."""

import re
import smtplib
from pathlib import Path

import pytest

from campaign_app.channels import registry
from campaign_app.channels.base import AccountConfig, Outgoing, Result, Verdict
from campaign_app.channels.email.mail_replies import corpus
from campaign_app.channels.email.mail_replies.classifier import Permanence, Stage
from campaign_app.channels.email.mail_replies.corpus import RECIPIENT, SENDER, Row
from campaign_app.channels.email.reports import read
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.core import db
from campaign_app.models.delivery import Delivery
from campaign_app.sandbox import returned, twins
from campaign_app.sandbox.behaviour import Action, Behaviour, plan
from campaign_app.sandbox.faults import Faults
from campaign_app.tracking import inbound
from tests import tokens
from tests.channels import replies
from tests.channels.accounts import config_of
from tests.sandbox.conftest import Box, Start
from tests.sandbox.test_simulated_recipients import Product, deliver, message, product  # noqa: F401  (a fixture)
from tests.tracking import world

CASES = Path(__file__).parents[1] / "data" / "cases"
BODY = (
    b"From: news@sender.example\r\nTo: x@d1.example\r\nSubject: Hello\r\nMessage-ID: <1@sender.example>\r\n\r\nText\r\n"
)
ADDRESSED = [(name, n, row) for name, rows in twins.addressed().items() for n, row in enumerate(rows, 1)]
SAID = [one for one in ADDRESSED if one[0].startswith(twins.REPLY)]
RETURNED = [one for one in ADDRESSED if one[0].startswith(twins.RETURNED)]
TO_ALL = [(f"{name}+{n}", row) for name, rows in twins.texts().items() for n, row in enumerate(rows, 1)]


async def send(config: AccountConfig, address: str) -> Result:
    return await SmtpAdapter().send_one(config, Outgoing(1, SENDER, address, BODY))


def says(row: Row, address: str) -> str:
    return " ".join(row.told(SENDER, address).split())[:400]


def assert_read_as(result: Result, row: Row, address: str) -> None:
    assert result.verdict is not Verdict.ACCEPTED, row
    assert " ".join(result.response.split()).startswith(says(row, address)), row
    assert (result.rule, result.party.value) == (row.rule, row.party), row
    assert result.throttled == (row.permanence == Permanence.THROTTLE), row
    assert result.is_dead == (row.dead == "dead"), row


async def test_every_text_that_is_said_to_one_recipient_is_read_as_the_corpus_says(box: Box) -> None:
    config = config_of(host="127.0.0.1", tls="none", port=box.smtp_port)
    for name, n, row in SAID:
        address = f"{name}+{n}@d1.example"
        assert_read_as(await send(config, address), row, address)
    assert {row for _, _, row in SAID} >= {row for row in corpus.rows() if row.stage in twins._AT_RCPT}
    assert box.api("log")["accepted"] == 0


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
async def test_every_text_can_be_said_to_everybody(box: Box, stage: Stage) -> None:
    config = config_of(host="127.0.0.1", tls="none", port=box.smtp_port)
    for name, row in TO_ALL:
        if row.stage is stage and (stage is Stage.MAIL or name.endswith("+1")):
            box.api("faults", reply=name)
            assert_read_as(await send(config, RECIPIENT), row, RECIPIENT)
    assert box.api("log")["accepted"] == 0


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.AUTH])
async def test_before_mail_is_begun_the_account_is_told(start_box: Start, stage: Stage) -> None:
    box = start_box("--auth", "jo:secret", "--no-tls")
    config = config_of(host="127.0.0.1", tls="none", port=box.smtp_port, username="jo", password="secret")
    rows = [(name, row) for name, row in TO_ALL if row.stage is stage]
    assert rows
    for name, row in rows:
        box.api("faults", reply=name)
        result = await send(config, RECIPIENT)
        assert (result.verdict, result.account_trouble) == (Verdict.NOT_TRIED, True), row
        assert says(row, "")[:100] in " ".join(result.response.split()), row
    box.api("faults", reply="")
    assert (await send(config, RECIPIENT)).verdict is Verdict.ACCEPTED


def test_each_text_can_be_asked_for_and_each_name_is_one() -> None:
    asked = {row for _, _, row in ADDRESSED} | {row for _, row in TO_ALL}
    assert asked == set(corpus.rows())
    named = [row.twin for row in corpus.rows() if row.twin]
    assert len(set(named)) == len(named)
    assert not set(named) & {row.rule for row in corpus.rows()}
    for provider in ("gmail", "microsoft", "yahoo"):
        assert {f"{provider}-throttled", f"{provider}-full", f"{provider}-unknown"} <= set(named)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("too-fast", 0),
        ("too-fast+2", 1),
        ("too-fast3", 2),
        ("too-fast+", 0),
        ("too-fast+x", 0),
        ("too-fast+0", -1),
        ("too-fast+99999999999999999999", 0),
        ("not-rfc-5322", 0),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_number_chooses_the_text(name: str, found: int | None) -> None:
    rows = twins.texts()["not-rfc-5322" if name.startswith("not") else "too-fast"]
    assert twins.find(name) == (None if found is None else rows[found])


def test_a_share_of_all_hears_it(box: Box) -> None:
    box.api("faults", reply="gmail-full", reply_share=0.5)
    refused = [n for n in range(100) if not _accepts(box, f"p{n}@d1.example")]
    assert 30 < len(refused) < 70


def _accepts(box: Box, address: str) -> bool:
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=10) as client:
        try:
            client.sendmail(SENDER, [address], BODY)
        except smtplib.SMTPException:
            return False
    return True


@pytest.mark.parametrize("reply", ["nonsense", "unknown-domain+2x", "route\n", "x" * 1_000])
def test_an_unknown_name_is_said_and_changes_nothing(box: Box, reply: str) -> None:
    answer = box.http.post("/api/faults", json={"reply": reply})
    known = twins.find(reply)
    assert answer.status_code == (200 if known and known.stage is not Stage.REPORT else 422)
    assert box.http.post("/api/people", json={"bounce_form": reply}).status_code == 422
    assert Faults().reply == Behaviour().bounce_form == ""


def test_the_page_offers_what_there_is(box: Box) -> None:
    page = box.http.get("/settings").text
    for name in ("reply-gmail-throttled@", "reply-too-fast@", "report-qmail@", "returned-route@", "t-online-blocklist"):
        assert name in page
    data = {"reply": "yahoo-full", "reply_share": "25"}
    assert box.http.post("/settings/faults", data=data).status_code == 303
    assert (box.api("faults")["reply"], box.api("faults")["reply_share"]) == ("yahoo-full", 0.25)
    assert '<option value="yahoo-full" selected>' in box.http.get("/settings").text
    box.http.post("/settings/people", data={"bounce": "10", "bounce_form": "report-qmail"})
    assert box.api("people")["bounce_form"] == "report-qmail"
    assert "Not saved: reply" in box.http.post("/settings/faults", data={"reply": "nonsense"}).text


@pytest.mark.parametrize("name", sorted(returned.FORMS))
def test_a_form_is_the_case_with_its_places_filled_in(name: str) -> None:
    case = (CASES / f"report-{name}.eml").read_bytes()
    original = read_values(case)
    assert returned.fill(returned._form(name), original) == case
    assert {f"report-{name}.eml" for name in returned.FORMS} == set(replies.REPORTS)


def read_values(case: bytes) -> dict[str, str]:
    """What the case tells of the message that came back."""
    text = case.decode()
    found = {key: re.search(pattern, text) for key, pattern in {
        "token": r"X-Beacon-Delivery: (\S+)", "message_id": r"(<bor[^>]+>)",
        "recipient": r"([\w+]*709027@d1\.example)", "recipient_xtext": r"Original-Recipient: rfc822;(\S+)",
    }.items()}  # fmt: skip
    values = {key: match[1] if match else "" for key, match in found.items()}
    return values | {"sender": SENDER, "return_path": SENDER, "subject": "S"}


@pytest.fixture
def living(start_box: Start, product: Product) -> Box:  # noqa: F811
    box = start_box("--public-url", product.url)
    box.api("people", shortest_delay_s=0, longest_delay_s=0)
    return box


def mail_of(delivery: Delivery, product: Product) -> bytes:  # noqa: F811
    token = f"X-Beacon-Delivery: {tokens.delivery_token(delivery.id or 0)}\r\n".encode()
    return token + message(product).replace(b"news@beacon.example", SENDER.encode(), 1)


async def test_every_form_comes_back_and_is_read_as_its_case_is(
    database: str,
    living: Box,
    product: Product,  # noqa: F811
) -> None:
    here = await world.sent(1)
    delivery = await world.delivery(here.deliveries[0])
    for n, name in enumerate(returned.FORMS, 1):
        address = f"report-{name}@d1.example"
        deliver(living, address, mail_of(delivery, product))
        living.wait_for(lambda n=n: len(product.paths("POST")) == n)
        _, path, body, _ = product.asked[-1]
        assert path == "/hooks/mail"
        kind_wanted = replies.REPORTS[f"report-{name}.eml"]
        found = read(body)
        if kind_wanted is None:
            assert found is None
            continue
        assert found is not None
        (fact,) = found.facts
        party = "account" if fact.about_us else "recipient"
        got = (fact.kind.value, fact.recipient, party, "dead" if fact.dead else "-", fact.rule)
        assert got == (kind_wanted[0], address, *kind_wanted[2:])
        async with db.transaction() as session:
            assert (await inbound.take(session, registry.channel("email"), body)).matched == 1


def test_every_text_that_only_reports_have_comes_back_in_one(living: Box, product: Product) -> None:  # noqa: F811
    assert {row for _, _, row in RETURNED} == {row for row in corpus.rows() if row.stage is Stage.REPORT}
    body = message(product).replace(b"news@beacon.example", SENDER.encode(), 1)
    for n, (name, number, row) in enumerate(RETURNED, 1):
        address = f"{name}+{number}@d1.example"
        deliver(living, address, body)
        living.wait_for(lambda n=n: len(product.paths("POST")) == n)
        found = read(product.asked[-1][2])
        assert found is not None, row
        (fact,) = found.facts
        assert (fact.recipient, fact.rule) == (address, row.rule), row
        assert (fact.about_us, fact.dead) == (row.party == "account", row.dead == "dead"), row


def test_what_comes_back_of_others_can_be_chosen(living: Box, product: Product) -> None:  # noqa: F811
    planned = plan(Behaviour(bounce=1.0, bounce_form="report-jmrp"), "anna@d1.example", "<1>")
    assert [(each.act, each.form) for each in planned] == [(Action.BOUNCE, "report-jmrp")]
    deliver(living, "anna@d1.example", message(product))
    answer = living.http.post("/api/messages/1/act", json={"act": "bounce", "form": "report-qmail"})
    assert answer.json() == {"done": "bounce"}
    assert b"qmail-send program" in product.asked[-1][2]
    assert living.http.post("/api/messages/1/act", json={"act": "bounce", "form": "x"}).status_code == 422
    living.http.post("/messages/1/act", data={"act": "bounce", "form": "report-delayed"})
    assert b"Action: delayed" in product.asked[-1][2]


def test_what_stands_in_the_mail_does_not_change_the_form() -> None:
    raw = b"From: {token} <a@x.example>\r\nSubject: {sender}\r\n and\r\n more\r\n\r\nX-Beacon-Delivery: no\r\n"
    made = returned.make("report-xtext", raw, "", "a+b=c@d1.example").decode()
    assert "Subject: {sender} and more" in made
    assert "Original-Recipient: rfc822;a+2Bb+3Dc@d1.example" in made
    assert "X-Beacon-Delivery: \r\n" in made
    assert "To: postmaster@" in made
