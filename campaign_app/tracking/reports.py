"""Returned mail read: delivery status (RFC 3464), feedback reports (RFC 5965), replies. Bytes in, facts out. Pure."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.utils import parseaddr

from campaign_app.models.delivery import EventKind, Reason

MAX_RECIPIENTS = 100
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_HEADERS_PARTS = {"text/rfc822-headers", "message/rfc822", "message/rfc822-headers", "message/global-headers"}
_COMPLAINTS = {"abuse", "fraud", "virus", "other"}
_DEAD = {(1, n) for n in (0, 1, 2, 3, 6, 10)} | {(2, 1), (4, 4), (5, 0)}
_REASONS: dict[tuple[int, int], Reason] = {
    (2, 2): Reason.MAILBOX_FULL,
    (2, 3): Reason.MESSAGE_TOO_LARGE,
    (3, 4): Reason.MESSAGE_TOO_LARGE,
    (1, 3): Reason.ADDRESS_INVALID,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """What a report says of one recipient. `dead`: the address itself is at fault and must not be tried again."""

    kind: EventKind
    recipient: str = ""
    soft: bool = False
    dead: bool = False
    reason: Reason = Reason.NONE
    response: str = ""


@dataclass(frozen=True, slots=True)
class MailReport:
    """Facts, and every text in which a trace of our message may stand."""

    facts: tuple[Fact, ...]
    token: str
    traces: str


def read(raw: bytes) -> MailReport | None:
    """What a message that came back says; None when it is neither report nor reply (an out-of-office note, say)."""
    message = email.message_from_bytes(raw, policy=policy.default)
    kind = str(message.get_param("report-type", "", "content-type")).lower()
    if message.get_content_type() == "multipart/report" and kind == "delivery-status":
        facts = tuple(_delivery_facts(message))
    elif message.get_content_type() == "multipart/report" and kind == "feedback-report":
        facts = tuple(_feedback_facts(message))
    elif _is_automatic(message):
        return None
    else:
        facts = (Fact(EventKind.REPLY, _address(message.get("From", "")), response=_line(message.get("Subject", ""))),)
    original = _original(message)
    return MailReport(facts, _header(original, "X-Beacon-Delivery"), _traces(message, original))


def _delivery_facts(message: Message) -> Iterator[Fact]:
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        groups = part.get_payload()
        for group in groups[1 : MAX_RECIPIENTS + 1] if isinstance(groups, list) else []:
            if isinstance(group, Message) and (fact := _delivery_fact(group)):
                yield fact


def _delivery_fact(group: Message) -> Fact | None:
    action = _header(group, "Action").lower()
    recipient = _address(_header(group, "Original-Recipient") or _header(group, "Final-Recipient"))
    response = _line(_header(group, "Diagnostic-Code").partition(";")[2] or _header(group, "Diagnostic-Code"))
    if action == "delivered":
        return Fact(EventKind.DELIVER, recipient, response=response)
    found = _STATUS.search(response) or _STATUS.search(_header(group, "Status"))
    if action == "delayed":
        return Fact(EventKind.BOUNCE, recipient, soft=True, reason=Reason.TEMPORARY, response=response)
    if action != "failed":
        return None
    status = (int(found[2]), int(found[3])) if found else (0, 0)
    permanent = found is None or found[1] == "5"
    return Fact(
        EventKind.BOUNCE,
        recipient,
        dead=permanent and status in _DEAD,
        reason=_reason(status),
        response=response or _header(group, "Status"),
    )


def _reason(status: tuple[int, int]) -> Reason:
    if status in _REASONS:
        return _REASONS[status]
    if status in _DEAD:
        return Reason.UNKNOWN_ADDRESS
    return Reason.POLICY if status[0] == 7 else Reason.BOUNCE_REPORT


def _feedback_facts(message: Message) -> Iterator[Fact]:
    for part in message.walk():
        if part.get_content_type() != "message/feedback-report":
            continue
        fields = _fields(part)
        if _header(fields, "Feedback-Type").lower() in _COMPLAINTS:
            recipient = _address(_header(fields, "Original-Rcpt-To"))
            yield Fact(EventKind.COMPLAIN, recipient, response=_line(_header(fields, "User-Agent")))


def _fields(part: Message) -> Message:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return email.message_from_string(str(payload))


def _original(message: Message) -> Message | None:
    """The headers of the message that the report is about."""
    for part in message.walk():
        if part.get_content_type() not in _HEADERS_PARTS:
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            return payload[0] if payload and isinstance(payload[0], Message) else None
        raw = part.get_payload(decode=True)
        return email.message_from_bytes(raw) if isinstance(raw, bytes) else None
    return None


def _traces(message: Message, original: Message | None) -> str:
    """Where our Message-ID or bounce address (VERP) may stand."""
    found = [_header(original, "Message-ID"), _header(original, "Return-Path")]
    found += [_header(message, name) for name in ("To", "Delivered-To", "X-Failed-Recipients", "In-Reply-To")]
    found.append(_header(message, "References"))
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list):
            found += [_header(group, "Original-Envelope-Id") for group in part.get_payload()[:1]]  # type: ignore[index,arg-type]
    return " ".join(found).replace("bounce+", " ")


def _is_automatic(message: EmailMessage | Message) -> bool:
    automatic = _header(message, "Auto-Submitted").lower()
    if automatic and automatic != "no":
        return True
    precedence = _header(message, "Precedence").lower() in {"auto_reply", "bulk", "junk"}
    return precedence or bool(message.get("X-Autoreply") or message.get("X-Autorespond"))


def _header(message: Message | None, name: str) -> str:
    if message is None:
        return ""
    try:
        return str(message.get(name, "") or "").strip()
    except (ValueError, TypeError, AttributeError, IndexError):  # a header that the parser itself trips over
        return ""


def _address(text: str) -> str:
    given = text.partition(";")[2] or text
    return parseaddr(given.strip())[1].lower()[:254]


def _line(text: object) -> str:
    return " ".join(str(text).split())[:500]
