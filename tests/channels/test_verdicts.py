"""Replies to verdicts and reasons, as tables."""

import pytest

from campaign_app.channels.base import Outgoing, Party, Verdict
from campaign_app.channels.email_smtp.verdicts import Step, refused
from campaign_app.models.delivery import Reason

P, T, N = Verdict.PERMANENT, Verdict.TEMPORARY, Verdict.NOT_TRIED


@pytest.mark.parametrize(
    ("step", "code", "text", "verdict", "reason"),
    [
        (Step.RCPT, 550, b"5.1.1 <a@b>: Recipient address rejected: User unknown", P, Reason.UNKNOWN_ADDRESS),
        (Step.RCPT, 550, b"No such user here", P, Reason.UNKNOWN_ADDRESS),
        (Step.RCPT, 553, b"5.1.3 bad address", P, Reason.ADDRESS_INVALID),
        (Step.RCPT, 550, b"5.7.1 Service unavailable; client host blocked", N, Reason.ACCOUNT),
        (Step.RCPT, 550, b"5.7.1 Message refused by policy", P, Reason.POLICY),
        (Step.RCPT, 554, b"Relay access denied", N, Reason.ACCOUNT),
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


ACCOUNT = Reason.ACCOUNT
TABLE = {  # the enhanced code without its class → what a permanent refusal of the recipient or the message means
    "1.0": Reason.UNKNOWN_ADDRESS, "1.1": Reason.UNKNOWN_ADDRESS, "1.2": Reason.UNKNOWN_ADDRESS,
    "1.3": Reason.ADDRESS_INVALID, "1.6": Reason.UNKNOWN_ADDRESS, "1.10": Reason.UNKNOWN_ADDRESS,
    "2.1": Reason.UNKNOWN_ADDRESS, "2.2": Reason.MAILBOX_FULL, "2.3": Reason.MESSAGE_TOO_LARGE,
    "3.4": Reason.MESSAGE_TOO_LARGE, "7.0": Reason.POLICY, "7.1": Reason.POLICY, "7.26": ACCOUNT, "1.8": ACCOUNT,
    "7.509": ACCOUNT, "3.0": Reason.REFUSED, "5.1": Reason.REFUSED, "6.0": Reason.REFUSED,
}  # fmt: skip


@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA, Step.DOT])
@pytest.mark.parametrize(("status", "reason"), TABLE.items())
def test_enhanced_codes_at_each_command(step: Step, status: str, reason: Reason) -> None:
    lasting = refused(step, (550, f"5.{status} words".encode()))
    ours = reason is ACCOUNT
    assert (lasting.verdict, lasting.reason, lasting.account_trouble) == (N if ours else P, reason, ours)
    assert lasting.is_dead == (reason in {Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID})
    passing = refused(step, (451, f"4.{status} words".encode()))
    assert passing.verdict is not P
    assert not passing.is_dead
    assert not passing.throttled


@pytest.mark.parametrize("status", TABLE)
def test_who_is_refused_before_the_recipient_is_named_is_the_account(status: str) -> None:
    result = refused(Step.MAIL, (550, f"5.{status} words".encode()))
    assert (result.verdict, result.reason, result.account_trouble) == (N, ACCOUNT, True)


@pytest.mark.parametrize(
    ("step", "code", "text", "ours"),
    [
        (Step.RCPT, 550, b"5.1.8 <news@x>: Sender address rejected: Domain not found", True),
        (Step.RCPT, 553, b"5.7.1 <news@x>: Sender address rejected: not owned by user jo", True),
        (Step.RCPT, 550, b"Sender address rejected", True),
        (Step.RCPT, 530, b"5.7.0 Must issue a STARTTLS command first", True),
        (Step.DATA, 530, b"5.7.1 Authentication required", True),
        (Step.RCPT, 550, b"5.1.7 bad sender", True),
        (Step.RCPT, 550, b"5.1.1 <a@b>: rejected: host said: Sender address rejected", True),
        (Step.RCPT, 550, b"5.7.1 you may not write to this group", False),
        (Step.DOT, 550, b"5.1.8 <news@x>: Sender address rejected", True),
        (Step.DOT, 554, b"Message rejected: Email address is not verified", True),
        (Step.RCPT, 550, b"5.7.1 recipient only accepts mail from members", False),
    ],
)
def test_a_refusal_of_the_sender_is_the_accounts_wherever_it_is_told(
    step: Step, code: int, text: bytes, ours: bool
) -> None:
    result = refused(step, (code, text))
    assert (result.verdict is N) == result.account_trouble == ours
    assert result.verdict is (N if ours else P)


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
        (451, b"4.3.0 try later", False),
        (454, b"Throttling failure: Maximum sending rate exceeded", True),
        (432, b"4.3.2 concurrent connections limit exceeded", True),
        (550, b"5.4.5 Daily user sending limit exceeded", True),
        (450, b"4.7.1 rate limit exceeded", True),
    ],
)
def test_who_asks_to_slow_down(code: int, text: bytes, asked: bool) -> None:
    assert refused(Step.RCPT, (code, text)).throttled is asked


def test_push_back_costs_no_message_its_end_even_by_a_5yz() -> None:
    result = refused(Step.DOT, (550, b"5.4.5 Daily user sending limit exceeded"))
    assert (result.verdict, result.throttled, result.account_trouble) == (T, True, False)


def test_the_envelope_says_whom_the_words_name() -> None:
    message = Outgoing(1, "news@sender.example", "ann@d1.example", b"")
    ours = refused(Step.RCPT, (550, b"<news@sender.example>: mailbox unavailable"), message)
    theirs = refused(Step.RCPT, (550, b"<ann@d1.example>: mailbox unavailable"), message)
    assert (ours.party, ours.rule) == (Party.ACCOUNT, "names-the-sender")
    assert (theirs.party, theirs.is_dead) == (Party.RECIPIENT, True)
