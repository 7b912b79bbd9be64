"""Returned mail read: what it is, and what it says. Bytes in, facts out. Pure."""

from email.message import Message

from campaign_app.models.delivery import EventKind
from campaign_app.tracking.returned import automatic, bounces, complaints, mime, status_reports
from campaign_app.tracking.returned.facts import Fact, MailReport
from campaign_app.tracking.returned.mime import header

__all__ = ["Fact", "MailReport", "read"]

_TRACES = ("To", "Delivered-To", "X-Failed-Recipients", "In-Reply-To", "References")


def read(raw: bytes) -> MailReport | None:
    """What a message that came back says; None when it says nothing (an out-of-office note, say).

    A report is one wherever its part lies. What a mail system wrote, or a machine answered, is never a reply.
    """
    message = mime.parse(raw)
    original = mime.original(message)
    text = mime.body(message)
    sender = mime.address(header(original or bounces.copied(text), "From")) or mime.address(header(message, "To"))
    if status_reports.is_report(message):
        words = bounces.before_the_copy(text)[: bounces.MAX_WORDS]
        facts = tuple(status_reports.read(message, sender, words))
        return MailReport(facts, _token(original, text), _traces(message, original, text))
    if complaints.is_report(message):
        return MailReport(tuple(complaints.read(message)), _token(original, text), _traces(message, original, text))
    if bounced := tuple(bounces.read(message, sender, original)):
        return MailReport(bounced, _token(original, text), _traces(message, original, text))
    return _reply(message, original)


def _reply(message: Message, original: Message | None) -> MailReport | None:
    who = mime.address(header(message, "From"))
    if not who or bounces.is_from_a_mailer(message) or automatic.is_automatic(message):
        return None
    fact = Fact(EventKind.REPLY, who, response=mime.line(automatic.subject_of(message)))
    return MailReport((fact,), header(original, "X-Beacon-Delivery"), _traces(message, original, ""))


def _token(original: Message | None, text: str) -> str:
    return header(original, "X-Beacon-Delivery") or bounces.token(text)


def _traces(message: Message, original: Message | None, text: str) -> str:
    """Where our Message-ID or bounce address (VERP) may stand."""
    found = [header(original, "Message-ID"), header(original, "Return-Path")]
    found += [header(message, name) for name in _TRACES]
    found += status_reports.envelope_ids(message)
    return " ".join([*found, text]).replace("bounce+", " ")
