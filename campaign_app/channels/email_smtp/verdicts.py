"""What a server's answer means for one message (RFC 5321 4.2, RFC 3463), as tables."""

import re
from enum import StrEnum

from campaign_app.channels.base import Result, Verdict
from campaign_app.channels.email_smtp.replies import Reply, enhanced, words
from campaign_app.models.delivery import Reason


class Step(StrEnum):
    """The command that a reply answers."""

    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "final dot"
    LONE_DOT = "lone dot"
    QUIT = "QUIT"


CLOSING = 421
BAD_SEQUENCE = 503
_NOT_ABOUT_PEOPLE = {500, 501, 502, 503, 504, 554, 555}
_GROUPING = re.compile(rb"pipelin|synchroni[sz]ation", re.IGNORECASE)
_SENDER_REJECTED = re.compile(rb"(?:5\.\d+\.\d+\s+)?(?:<[^>\n]*>:\s*)?sender address rejected", re.IGNORECASE)
_PUSH_BACK = {CLOSING, 450, 451, 452}
_UNKNOWN = re.compile(
    rb"user unknown|unknown (user|recipient|local|address|mailbox)|no such (user|recipient|person|mailbox|address)"
    rb"|does(n't| not) exist|not found|no mailbox|invalid (recipient|mailbox|address)|nxdomain|recipient.{0,20}unknown",
    re.IGNORECASE,
)
_FULL = re.compile(rb"quota|mailbox (is )?full|storage (limit|allocation)|over ?quota", re.IGNORECASE)
_POLICY = re.compile(
    rb"spam|policy|blocked|block ?list|blacklist|reputation|dmarc|\bspf\b|dkim|relay|denied|prohibited"
    rb"|rejected for|abuse",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(rb"too (large|big)|size (exceeds|limit)|exceeds.{0,30}size", re.IGNORECASE)
_GREYLIST = re.compile(rb"gr[ea]ylist", re.IGNORECASE)

_LOG_IN_FIRST = 530
_SENDER_FAULTS = {(1, 7), (1, 8)}
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
_BY_WORDS: tuple[tuple[re.Pattern[bytes], Reason], ...] = (
    (_FULL, Reason.MAILBOX_FULL),
    (_TOO_LARGE, Reason.MESSAGE_TOO_LARGE),
    (_UNKNOWN, Reason.UNKNOWN_ADDRESS),
    (_POLICY, Reason.POLICY),
)


def accepted(reply: Reply) -> Result:
    """The server took the message over."""
    return Result(Verdict.ACCEPTED, response=words(reply))


def refused(step: Step, reply: Reply) -> Result:
    """A 4yz or 5yz answer to one step of one message.

    A sender refused for good, or a server closing before it heard the recipient, is the account's matter: no
    recipient pays for it.
    """
    code, _ = reply
    if step is Step.MAIL and code == CLOSING:
        return Result(Verdict.NOT_TRIED, Reason.ACCOUNT, words(reply), account_trouble=True, throttled=True)
    if code < 500:
        return Result(Verdict.TEMPORARY, _temporary_reason(reply), words(reply), throttled=_is_push_back(reply))
    reason = permanent_reason(reply)
    if reason is not Reason.MESSAGE_TOO_LARGE and _is_about_us(step, reply):
        return Result(Verdict.NOT_TRIED, Reason.ACCOUNT, words(reply), account_trouble=True)
    if step in (Step.DATA, Step.DOT) and reason is Reason.UNKNOWN_ADDRESS and enhanced(reply[1]) is None:
        reason = Reason.REFUSED  # words about the content must not cost an address its good name
    return Result(Verdict.PERMANENT, reason, words(reply))


def speaks_of_grouping(reply: Reply) -> bool:
    """Whether the server's words are about commands that came together."""
    return bool(_GROUPING.search(reply[1]))


def may_mean_grouping(step: Step, reply: Reply) -> bool:
    """Whether a 5yz answer inside a group may be meant for the group: it names no fault of sender or recipient."""
    if step is Step.MAIL:
        return permanent_reason(reply) is not Reason.MESSAGE_TOO_LARGE
    status = enhanced(reply[1])
    return reply[0] in _NOT_ABOUT_PEOPLE and (status is None or status[1] in (0, 5))


def _is_about_us(step: Step, reply: Reply) -> bool:
    """Whether a refusal is of the sender or the log-in, at whatever command the server tells it (Postfix: at RCPT)."""
    if step in (Step.DOT, Step.LONE_DOT):
        return False
    if step is Step.MAIL or reply[0] == _LOG_IN_FIRST:
        return True
    status = enhanced(reply[1])
    return (status is not None and status[1:] in _SENDER_FAULTS) or bool(_SENDER_REJECTED.match(reply[1]))


def permanent_reason(reply: Reply) -> Reason:
    """Why a 5yz answer was given: by enhanced code, else by the server's words, else by the code alone."""
    code, text = reply
    status = enhanced(text)
    if status is not None:
        if (status[1], status[2]) in _BY_ENHANCED:
            return _BY_ENHANCED[status[1], status[2]]
        if status[1] == 7:
            return Reason.POLICY
    for pattern, reason in _BY_WORDS:
        if pattern.search(text):
            return reason
    return Reason.MESSAGE_TOO_LARGE if code == 552 and status is None else Reason.REFUSED


def _temporary_reason(reply: Reply) -> Reason:
    status = enhanced(reply[1])
    full = status is not None and (status[1], status[2]) == (2, 2)
    return Reason.MAILBOX_FULL if full or _FULL.search(reply[1]) else Reason.TEMPORARY


def _is_push_back(reply: Reply) -> bool:
    """Whether the server asks to slow down, rather than speaking of one mailbox (x.1.y, x.2.y) or greylisting."""
    code, text = reply
    if code not in _PUSH_BACK or _GREYLIST.search(text) or _FULL.search(text):
        return False
    status = enhanced(text)
    return status is None or status[1] not in (1, 2)
