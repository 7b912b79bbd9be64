"""The table that says what a server's refusal means."""

import re

from campaign_app.channels.base import Party
from campaign_app.channels.mail_replies.vocabulary import Classification, Permanence, Stage, Status
from campaign_app.models.delivery import Reason

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_SENDER_REJECTED = re.compile(r"(?:5\.\d+\.\d+\s+)?(?:<[^>\n]*>:\s*)?sender address rejected", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"user unknown|unknown (user|recipient|local|address|mailbox)|no such (user|recipient|person|mailbox|address)"
    r"|does(n't| not) exist|not found|no mailbox|invalid (recipient|mailbox|address)|nxdomain|recipient.{0,20}unknown",
    re.IGNORECASE,
)
_FULL = re.compile(r"quota|mailbox (is )?full|storage (limit|allocation)|over ?quota", re.IGNORECASE)
_POLICY = re.compile(
    r"spam|policy|blocked|block ?list|blacklist|reputation|dmarc|\bspf\b|dkim|relay|denied|prohibited"
    r"|rejected for|abuse",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"too (large|big)|size (exceeds|limit)|exceeds.{0,30}size", re.IGNORECASE)
_GREYLIST = re.compile(r"gr[ea]ylist", re.IGNORECASE)
_PUSH_BACK = {421, 450, 451, 452}
_LOG_IN_FIRST = 530
_BY_ENHANCED: dict[tuple[int, int], Reason] = {
    (1, 0): Reason.UNKNOWN_ADDRESS,
    (1, 1): Reason.UNKNOWN_ADDRESS,
    (1, 2): Reason.UNKNOWN_ADDRESS,
    (1, 3): Reason.ADDRESS_INVALID,
    (1, 6): Reason.UNKNOWN_ADDRESS,
    (1, 10): Reason.UNKNOWN_ADDRESS,
    (2, 1): Reason.UNKNOWN_ADDRESS,
    (2, 2): Reason.MAILBOX_FULL,
    (2, 3): Reason.MESSAGE_TOO_LARGE,
    (3, 4): Reason.MESSAGE_TOO_LARGE,
}
_BY_WORDS = (
    (_FULL, Reason.MAILBOX_FULL),
    (_TOO_LARGE, Reason.MESSAGE_TOO_LARGE),
    (_UNKNOWN, Reason.UNKNOWN_ADDRESS),
    (_POLICY, Reason.POLICY),
)
_PARTIES = {
    Reason.UNKNOWN_ADDRESS: Party.RECIPIENT,
    Reason.ADDRESS_INVALID: Party.RECIPIENT,
    Reason.MAILBOX_FULL: Party.RECIPIENT,
    Reason.MESSAGE_TOO_LARGE: Party.CONTENT,
}


def decide(code: int | None, status: Status | None, text: str, stage: Stage) -> Classification:
    """The first row that fits."""
    code = code or 550
    status = _enhanced(text) or status
    if code < 500:
        return _temporary(code, status, text, stage)
    reason = _permanent_reason(code, status, text)
    if reason is not Reason.MESSAGE_TOO_LARGE and _is_about_us(code, status, text, stage):
        return Classification(Party.ACCOUNT, Permanence.PERMANENT, "sender-refused", Reason.ACCOUNT)
    if stage in (Stage.DATA, Stage.DOT) and reason is Reason.UNKNOWN_ADDRESS and status is None:
        reason = Reason.REFUSED  # words about the content must not cost an address its good name
    return Classification(_PARTIES.get(reason, Party.SERVER), Permanence.PERMANENT, f"refused-{reason}", reason)


def _temporary(code: int, status: Status | None, text: str, stage: Stage) -> Classification:
    if stage is Stage.MAIL and code == 421:
        return Classification(Party.ACCOUNT, Permanence.THROTTLE, "closing", Reason.ACCOUNT)
    if (status is not None and status[1:] == (2, 2)) or _FULL.search(text):
        return Classification(Party.RECIPIENT, Permanence.TRANSIENT, "mailbox-full", Reason.MAILBOX_FULL)
    about_mailbox = status is not None and status[1] in (1, 2)
    push_back = code in _PUSH_BACK and not about_mailbox and not _GREYLIST.search(text)
    permanence = Permanence.THROTTLE if push_back else Permanence.TRANSIENT
    return Classification(Party.SERVER, permanence, "put-off", Reason.TEMPORARY)


def _enhanced(text: str) -> Status | None:
    found = _ENHANCED.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _is_about_us(code: int, status: Status | None, text: str, stage: Stage) -> bool:
    if stage is Stage.DOT:
        return False
    if stage is Stage.MAIL or code == _LOG_IN_FIRST:
        return True
    return (status is not None and status[1:] in {(1, 7), (1, 8)}) or bool(_SENDER_REJECTED.match(text))


def _permanent_reason(code: int, status: Status | None, text: str) -> Reason:
    if status is not None:
        if (status[1], status[2]) in _BY_ENHANCED:
            return _BY_ENHANCED[status[1], status[2]]
        if status[1] == 7:
            return Reason.POLICY
    for pattern, reason in _BY_WORDS:
        if pattern.search(text):
            return reason
    return Reason.MESSAGE_TOO_LARGE if code == 552 and status is None else Reason.REFUSED
