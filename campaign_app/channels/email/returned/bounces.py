"""Bounces without a delivery-status part, as qmail, Exim, old sendmail and others write them. Pure."""

import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice
from typing import NamedTuple

from campaign_app.channels.email.mail_replies.status import find_code, find_status
from campaign_app.channels.email.returned import mime, status_reports
from campaign_app.channels.email.returned.mime import MAX_RECIPIENTS, header
from campaign_app.channels.email.returned.status_reports import refused
from campaign_app.channels.reports import Fact
from campaign_app.models.delivery import EventKind, Reason

MAX_WORDS = 2_000
_MAILERS = frozenset(
    {
        "mailer-daemon",
        "mailer_daemon",
        "maildaemon",
        "mail-daemon",
        "mailerdaemon",
        "postmaster",
        "post_master",
        "mdaemon",
    }
)
_NAMES = ("mail delivery s", "mail delivery agent", "mailer-daemon", "postmaster", "system administrator")
_FAILED = ("X-Failed-Recipients", "X-Failed-Recipient")
_SUBJECTS = (
    "undelivered mail", "undeliverable", "undeliverable mail", "mail delivery fail", "delivery failure",
    "delivery failed", "delivery status notification", "delivery notification", "failure notice", "returned mail",
    "mail system error", "message delivery failure", "mail could not be delivered", "non-delivery", "nondeliverable",
    "unzustellbar", "nicht zustellbar", "non remis", "non distribuable", "echec de la remise", "échec de la remise",
    "no se puede entregar", "no entregado", "non recapitabile", "mancato recapito", "não entregue",
    "não é possível entregar", "onbestelbaar", "niet bezorgd", "niedostarczalne", "недоставленное сообщение",
    "недоставленное", "无法投递", "退信", "配信不能",
)  # fmt: skip
_DELAYS = (
    "this is a warning message only", "do not need to resend", "dont need to resend", "will continue to be",
    "will be retried", "will keep trying", "has not yet been delivered", "has not been delivered yet",
    "delivery is delayed", "delivery has been delayed", "still being retried", "no action is required on your part",
    "we will try again", "could not be delivered so far", "message is delayed",
)  # fmt: skip
_DELAY_SUBJECTS = ("warning: ", "delayed", "delivery delayed", "delivery status notification (delay)", "mail delay")
_COPY = re.compile(
    r"^[ \t]{0,8}(?:-{2,}[ \t]{0,4})?(?:Below this line is a copy|This is a copy of (?:the|your) (?:message|mail)|"
    r"Below is a copy|Original message|Message header|Returned message|Unsent message|The original message|"
    r"Included is a copy|Header of the original|Undelivered message|Your original message|"
    r"(?:Return-Path|Received|X-Beacon-Delivery|DKIM-Signature|MIME-Version):)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,255}")
_TOKEN = re.compile(r"^X-Beacon-Delivery:[ \t]{0,4}(\S{1,200})", re.MULTILINE)
_SAID = re.compile(r"(?:^|[\s:;(\"'])([45]\d\d[\s\-#][\s\S]{1,1000})")


class Piece(NamedTuple):
    """A recipient and what a bounce says about it."""

    recipient: str
    words: str


def is_from_a_mailer(message: Message) -> bool:
    """Whether a mail system wrote it (a person's mail never has a null return path). Such mail is never a reply."""
    if any(path.replace(" ", "") in {"<>", ""} for path in mime.headers(message, "Return-Path")):
        return True
    sender = header(message, "From").lower()
    local = mime.address(sender).partition("@")[0]
    if local in _MAILERS or local.startswith("microsoftexchange") or sender.strip('"').startswith(_NAMES):
        return True
    return mime.has(message, _FAILED)


def read(message: Message, sender: str, original: Message | None) -> Iterator[Fact]:
    """The facts of a bounce without a report part; empty for any other message."""
    subject = header(message, "Subject").lower()
    if not (is_from_a_mailer(message) or subject.startswith(_SUBJECTS)):
        return
    text = mime.body(message)
    if reported := tuple(status_reports.read_text(text, sender)):  # the boundaries of the report's parts are lost
        yield from reported
        return
    words = before_the_copy(text)
    delayed = _is_a_delay(subject, words)
    known = [address for name in _FAILED for text in mime.headers(message, name) for address in _addresses(text)]
    ours = {sender, mime.address(header(message, "To")), mime.address(header(message, "From"))}
    to = mime.address(header(original or copied(text), "To"))
    for piece in _pieces(words, known, ours, to):
        if delayed:
            yield Fact(EventKind.DELAY, piece.recipient, reason=Reason.TEMPORARY, response=mime.line(piece.words))
        elif fact := _fact(piece, sender) or _fact(
            Piece(piece.recipient, words[:MAX_WORDS]), sender, known=bool(known)
        ):
            yield fact


def before_the_copy(text: str) -> str:
    """The mail system's own text, without the message that it returns."""
    found = _COPY.search(text)
    return text[: found.start()] if found else text


def copied(text: str) -> Message | None:
    """The headers of the message that a bounce quotes in its text."""
    found = _COPY.search(text)
    if found is None:
        return None
    rest = text[found.start() :]
    if not rest.lstrip()[:40].partition(":")[0].replace("-", "").isalpha():
        rest = rest.partition("\n")[2]
    lines = [each.strip() for each in rest.splitlines()[:200] if ":" in each]
    return mime.parse("\n".join(lines).encode())


def token(text: str) -> str:
    """The token of our own header, where a bounce quotes it."""
    found = _TOKEN.search(text)
    return found[1] if found else ""


def _is_a_delay(subject: str, words: str) -> bool:
    plain = " ".join(words.lower().replace("'", "").split())
    return subject.startswith(_DELAY_SUBJECTS) or any(phrase in plain for phrase in _DELAYS)


def _addresses(text: str) -> list[str]:
    return [
        found[0].rstrip(".").lower() for _, found in zip(range(MAX_RECIPIENTS), _ADDRESS.finditer(text), strict=False)
    ]


def _pieces(text: str, known: list[str], ours: set[str], to: str) -> list[Piece]:
    """The failed recipients and the text about each. The address that our copy was sent to takes precedence."""
    places: dict[str, int] = {}
    for found in islice(_ADDRESS.finditer(text), 5 * MAX_RECIPIENTS):
        places.setdefault(found[0].rstrip(".").lower(), found.start())
    wanted = known or ([to] if to in places else [a for a in places if a not in ours and not _is_mailer(a)])
    if not known and to not in places and len(wanted) > 1:
        wanted = [a for a in wanted if _begins_a_line(text, places[a])] or wanted[:1]
    wanted = list(dict.fromkeys(wanted))[:MAX_RECIPIENTS]
    ends = sorted(place for address, place in places.items() if address in wanted or _begins_a_line(text, place))
    if not wanted:
        return [Piece(to, text[:MAX_WORDS])]
    return [Piece(each, _words(text, places.get(each), ends)) for each in wanted]


def _words(text: str, start: int | None, ends: list[int]) -> str:
    if start is None:
        return text[:MAX_WORDS]
    end = next((other for other in ends if other > start), len(text))
    return text[start : min(end, start + MAX_WORDS)]


def _begins_a_line(text: str, place: int) -> bool:
    return text[max(0, place - 12) : place].rpartition("\n")[2].strip(" \t<") == "" or place == 0


def _is_mailer(address: str) -> bool:
    return address.partition("@")[0] in _MAILERS


def _fact(piece: Piece, sender: str, *, known: bool = False) -> Fact | None:
    """None when the text gives no reason. `known`: another part already says that this recipient failed."""
    found = _SAID.search(piece.words) if find_code(piece.words) else None
    said = found[1] if found else piece.words
    fact = refused(piece.recipient, "", mime.line(said), sender)
    return fact if known or found or find_status(said) or fact.rule != "refused" else None
