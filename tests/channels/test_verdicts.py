"""Replies to verdicts and reasons, as tables."""

import pytest

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp.pushback import Pushback, backoff
from campaign_app.channels.email_smtp.verdicts import Step, refused
from campaign_app.models.delivery import Reason

P, T, N = Verdict.PERMANENT, Verdict.TEMPORARY, Verdict.NOT_TRIED


@pytest.mark.parametrize(
    ("step", "code", "text", "verdict", "reason"),
    [
        (Step.RCPT, 550, b"5.1.1 <a@b>: Recipient address rejected: User unknown", P, Reason.UNKNOWN_ADDRESS),
        (Step.RCPT, 550, b"No such user here", P, Reason.UNKNOWN_ADDRESS),
        (Step.RCPT, 553, b"5.1.3 bad address", P, Reason.ADDRESS_INVALID),
        (Step.RCPT, 550, b"5.7.1 Service unavailable; client host blocked", P, Reason.POLICY),
        (Step.RCPT, 554, b"Relay access denied", P, Reason.POLICY),
        (Step.RCPT, 552, b"5.2.2 over quota", P, Reason.MAILBOX_FULL),
        (Step.RCPT, 552, b"mailbox full", P, Reason.MAILBOX_FULL),
        (Step.RCPT, 550, b"no", P, Reason.REFUSED),
        (Step.RCPT, 452, b"4.2.2 mailbox full", T, Reason.MAILBOX_FULL),
        (Step.RCPT, 450, b"4.2.0 greylisted", T, Reason.TEMPORARY),
        (Step.DOT, 552, b"5.3.4 message too big", P, Reason.MESSAGE_TOO_LARGE),
        (Step.DOT, 552, b"no", P, Reason.MESSAGE_TOO_LARGE),
        (Step.DOT, 554, b"5.7.1 spam detected", P, Reason.POLICY),
        (Step.DOT, 554, b"link not found", P, Reason.REFUSED),
        (Step.DOT, 421, b"4.3.2 closing", T, Reason.TEMPORARY),
        (Step.DATA, 554, b"5.5.1 no valid recipients", P, Reason.REFUSED),
        (Step.MAIL, 550, b"5.7.1 sender not allowed", N, Reason.ACCOUNT),
        (Step.MAIL, 530, b"5.7.0 authentication required", N, Reason.ACCOUNT),
        (Step.MAIL, 552, b"5.3.4 size exceeds limit", P, Reason.MESSAGE_TOO_LARGE),
        (Step.MAIL, 451, b"4.3.0 try later", T, Reason.TEMPORARY),
        (Step.MAIL, 421, b"4.7.0 too many messages", N, Reason.ACCOUNT),
    ],
)
def test_refusals(step: Step, code: int, text: bytes, verdict: Verdict, reason: Reason) -> None:
    result = refused(step, (code, text))
    assert (result.verdict, result.reason) == (verdict, reason)
    assert result.account_trouble == (verdict is N)
    assert result.response.startswith(str(code))


@pytest.mark.parametrize(
    ("code", "text", "asked"),
    [
        (421, b"4.7.0 too fast", True),
        (451, b"4.3.2 overloaded", True),
        (452, b"4.3.1 insufficient storage", True),
        (450, b"4.2.1 mailbox busy", False),
        (451, b"4.7.1 greylisted, try again", False),
        (452, b"mailbox full", False),
        (455, b"cannot", False),
    ],
)
def test_who_asks_to_slow_down(code: int, text: bytes, asked: bool) -> None:
    assert refused(Step.RCPT, (code, text)).throttled is asked


def test_push_back_halves_then_pauses_then_recovers() -> None:
    push = Pushback(8)
    for _ in range(3):
        push.throttled(10.0)
    assert push.limit == 4
    for _ in range(20):
        push.throttled(11.0)
    assert push.limit == 1
    assert push.paused_until > 11.0
    for _ in range(20):
        push.accepted()
    assert push.pressure == 0.0
    push.recover(12.0)
    assert push.limit == 1
    for second in range(17, 200, 6):
        push.recover(float(second))
    assert push.limit == 8


def test_a_few_refusals_in_a_hundred_change_nothing() -> None:
    push = Pushback(10)
    for n in range(10_000):
        if n % 20 == 0:
            push.throttled(float(n))
        else:
            push.accepted()
    assert push.limit == 10


def test_backoff_grows_to_a_minute() -> None:
    assert [backoff(n) for n in (0, 1, 2, 3, 20, 5_000)] == [0.0, 1.0, 2.0, 4.0, 60.0, 60.0]
