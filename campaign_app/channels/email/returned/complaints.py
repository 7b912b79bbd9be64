"""Complaints: feedback reports (RFC 5965), and the formats that large providers send instead. Pure."""

import re
from collections.abc import Iterator
from email.message import Message

from campaign_app.channels.email.returned import mime
from campaign_app.channels.email.returned.mime import MAX_RECIPIENTS, header
from campaign_app.channels.reports import Fact
from campaign_app.models.delivery import EventKind

PART = "message/feedback-report"
_KINDS = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list"})
_RECIPIENT_HEADERS = ("X-HmXmrOriginalRecipient", "X-Original-Recipient", "X-Rcpt-To")
_SUBJECTS = (
    "complaint about message from", "email feedback report for", "abuse report", "spam report", "spam complaint",
    "complaint: ", "feedback report", "user complaint", "junk mail report", "[feedback]", "feedback loop",
)  # fmt: skip
_SENDERS = re.compile(
    r"(?:staff|scomp|fbl|feedback|feedback-?loop|complaints?|abuse|no-?reply-?fbl|fbl-?no-?reply|arf)(?:[+\-_.].{0,60})?"
)


def is_report(message: Message) -> bool:
    """Whether it is a complaint in one of the known formats."""
    if any(mime.content_type(part) == PART for part in mime.parts(message)):
        return True
    if any(mime.has(part, _RECIPIENT_HEADERS[:1]) for part in mime.parts(message)):
        return True
    local = mime.address(header(message, "From")).partition("@")[0]
    says_so = header(message, "Subject").lower().startswith(_SUBJECTS) and _SENDERS.fullmatch(local) is not None
    return says_so and mime.original(message) is not None


def read(message: Message) -> Iterator[Fact]:
    """Who complained. The recipient is empty when the report hides it; then our own header identifies the delivery."""
    reports = [part for part in mime.parts(message) if mime.content_type(part) == PART]
    for part in reports[:MAX_RECIPIENTS]:
        group = next(iter(mime.fields(part)), None)
        if header(group, "Feedback-Type").lower() in _KINDS:
            given = header(group, "Original-Rcpt-To") or header(group, "Removal-Recipient")
            yield Fact(EventKind.COMPLAIN, mime.address(given), response=mime.line(header(group, "User-Agent")))
    if not reports:
        yield Fact(EventKind.COMPLAIN, _named(message), response=mime.line(header(message, "Subject")))


def _named(message: Message) -> str:
    for part in mime.parts(message):
        for name in _RECIPIENT_HEADERS:
            if found := mime.address(header(part, name)):
                return found
    return ""
