"""Delivery status notifications (RFC 3464): what each group of fields says about its recipient. Pure."""

import re
from collections.abc import Iterator
from email.message import Message

from campaign_app.channels.email.mail_replies import status as codes
from campaign_app.channels.email.mail_replies.classifier import Party, Stage, classify
from campaign_app.channels.email.returned import mime
from campaign_app.channels.email.returned.mime import MAX_RECIPIENTS, header
from campaign_app.channels.reports import Fact
from campaign_app.models.delivery import EventKind, Reason

PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NEAR = 400
_DELIVERED = frozenset({"delivered", "expanded"})


def is_report(message: Message) -> bool:
    """Whether the message contains a delivery-status part."""
    return any(mime.content_type(part) in PARTS for part in mime.parts(message))


def read(message: Message, sender: str, words: str) -> Iterator[Fact]:
    """The facts of all delivery-status parts. `words`: the report's text, used for groups without a reason."""
    taken = 0
    for part in mime.parts(message):
        if mime.content_type(part) not in PARTS:
            continue
        for group in mime.fields(part):
            fact = _fact(group, sender, words) if "Action" in group or "Final-Recipient" in group else None
            if fact is not None and taken < MAX_RECIPIENTS:
                taken += 1
                yield fact


def read_text(text: str, sender: str) -> Iterator[Fact]:
    """The facts of groups of fields in a plain text."""
    if "final-recipient:" not in text.lower():
        return
    for group in mime.groups(text)[:MAX_RECIPIENTS]:
        if "Final-Recipient" in group and (fact := _fact(group, sender, "")):
            yield fact


def envelope_ids(message: Message) -> list[str]:
    """The envelope ids that the sender set."""
    reports = (part for part in mime.parts(message) if mime.content_type(part) in PARTS)
    return [header(group, "Original-Envelope-Id") for part in reports for group in mime.fields(part)[:1]]


def _fact(group: Message, sender: str, words: str) -> Fact | None:
    action = header(group, "Action").lower().partition(" ")[0]
    recipient = _recipient(group)
    diagnostic = header(group, "Diagnostic-Code")
    response = mime.line(diagnostic.partition(";")[2] or diagnostic)
    if action in _DELIVERED:
        return Fact(EventKind.DELIVER, recipient, response=response) if action == "delivered" else None
    if action == "delayed":
        return Fact(EventKind.DELAY, recipient, reason=Reason.TEMPORARY, response=response)
    if action and action != "failed":
        return None
    return refused(recipient, header(group, "Status"), response, sender, words)


def refused(recipient: str, status_field: str, response: str, sender: str, words: str = "") -> Fact:
    """The fact of a permanently failed message. The reply table decides who is at fault."""
    status = codes.parse_status(status_field)
    said = response or _about(recipient, words)
    found = classify(None, status, said, stage=Stage.REPORT, sender=sender, recipient=recipient)
    about_us = found.party is Party.ACCOUNT
    return Fact(
        EventKind.BOUNCE,
        recipient,
        dead=found.is_dead,
        about_us=about_us,
        reason=_reason(found.reason, about_us=about_us),
        response=response or mime.line(said or status_field),
        rule=found.rule,
    )


def _about(recipient: str, words: str) -> str:
    """What a report's text says after the recipient's address."""
    place = words.lower().find(recipient) if recipient else -1
    return words[place : place + _NEAR] if place >= 0 else ""


def _reason(reason: Reason, *, about_us: bool) -> Reason:
    if about_us:
        return Reason.SENDER_REFUSED
    return Reason.BOUNCE_REPORT if reason in {Reason.TEMPORARY, Reason.REFUSED} else reason


def _recipient(group: Message) -> str:
    final = _address(header(group, "Final-Recipient"))
    given = header(group, "Original-Recipient")
    if not given:
        return final
    plain, decoded = _address(given), _address(_XTEXT.sub(lambda found: chr(int(found[1], 16)), given))
    return plain if plain == final else decoded or final


def _address(text: str) -> str:
    return mime.address(text.partition(";")[2] or text)
