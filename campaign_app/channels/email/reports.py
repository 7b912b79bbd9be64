"""Classifies returned mail and extracts its facts. Bytes in, facts out. Pure."""

from email.message import Message

from campaign_app.channels.email import message_ids
from campaign_app.channels.email.returned import automatic, bounces, complaints, mime, status_reports
from campaign_app.channels.email.returned.mime import header
from campaign_app.channels.reports import Fact, Report
from campaign_app.models.delivery import EventKind

_TRACES = ("To", "Delivered-To", "X-Failed-Recipients", "In-Reply-To", "References")


def read(raw: bytes) -> Report | None:
    """The facts of a returned message; None when it has none (an out-of-office note, for example).

    A message is a report wherever its report part is. Mail from a mail system or an automatic answer is never a reply.
    """
    message = mime.parse(raw)
    original = mime.original(message)
    text = mime.body(message)
    sender = mime.address(header(original or bounces.copied(text), "From")) or mime.address(header(message, "To"))
    if status_reports.is_report(message):
        words = bounces.before_the_copy(text)[: bounces.MAX_WORDS]
        facts = tuple(status_reports.read(message, sender, words))
        return Report(facts, _token(original, text), _delivery(message, original, text))
    if complaints.is_report(message):
        return Report(tuple(complaints.read(message)), _token(original, text), _delivery(message, original, text))
    if bounced := tuple(bounces.read(message, sender, original)):
        return Report(bounced, _token(original, text), _delivery(message, original, text))
    return _reply(message, original)


def _reply(message: Message, original: Message | None) -> Report | None:
    who = mime.address(header(message, "From"))
    if not who or bounces.is_from_a_mailer(message) or automatic.is_automatic(message):
        return None
    fact = Fact(EventKind.REPLY, who, response=mime.line(automatic.subject_of(message)))
    return Report((fact,), header(original, "X-Beacon-Delivery"), _delivery(message, original, ""))


def _token(original: Message | None, text: str) -> str:
    return header(original, "X-Beacon-Delivery") or bounces.token(text)


def _delivery(message: Message, original: Message | None, text: str) -> int | None:
    """Identified by our Message-ID or bounce address (VERP), anywhere in the message."""
    found = [header(original, "Message-ID"), header(original, "Return-Path")]
    found += [header(message, name) for name in _TRACES]
    found += status_reports.envelope_ids(message)
    return message_ids.read(" ".join([*found, text]).replace("bounce+", " "))
