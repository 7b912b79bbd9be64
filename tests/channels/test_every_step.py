"""A server that leaves or talks nonsense at each command, in each grouping: who is charged, and the others go on."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp.items import Item
from campaign_app.channels.email_smtp.replies import MAX_LINES
from campaign_app.models.delivery import Reason
from tests.channels.desk import Desk, honest
from tests.channels.helpers import message
from tests.channels.model_server import Behaviour, Fault

MODES = ["auto", "envelope", "off"]
BYE = b"421 4.3.2 closing\r\n"
N, T, U, A = Verdict.NOT_TRIED, Verdict.TEMPORARY, Verdict.UNCERTAIN, Verdict.ACCEPTED


def once(step: str, number: int, **fault) -> Callable[[str, int], Fault | None]:
    return lambda found, seen: Fault(**fault) if (found, seen) == (step, number) else None


def run(wanted: str, step: str, number: int, **fault) -> Desk:
    desk = Desk(7, wanted, Behaviour(once(step, number, **fault))).run()
    honest(desk, 7)
    assert not desk.broken, "one incident proves nothing"
    return desk


@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize(
    ("step", "fault", "fresh", "warm"),
    [
        # what the first message of a connection ends as, and one on a connection that has worked
        ("mail", {"then": "drop"}, N, A),
        ("rcpt", {"then": "drop"}, N, A),  # between the answers to MAIL and RCPT
        ("data", {"then": "drop"}, N, A),
        ("dot", {"then": "drop"}, U, U),  # after the dot, before the answer
        ("dot", {"then": "drop", "keeps": True}, U, U),
        ("mail", {"reply": BYE, "then": "drop"}, N, A),
        ("rcpt", {"reply": BYE, "then": "drop"}, T, T),
        ("data", {"reply": BYE, "then": "drop"}, T, T),
        ("dot", {"reply": BYE, "then": "drop"}, T, T),
        ("dot", {"reply": b"250 ok\r\n", "then": "drop", "keeps": True}, A, A),  # after the first of two groups
        ("rcpt", {"reply": b"250 ok\r\n", "then": "drop"}, N, A),
        ("mail", {"reply": b"250 ok\r\n", "then": "drop"}, N, A),
        ("data", {"reply": b"354 go\r\n", "then": "drop"}, U, U),  # in the middle of the body, for all we know
    ],
)
def test_who_is_charged(wanted: str, step: str, fault: dict, fresh: Verdict, warm: Verdict) -> None:
    for number, expected in ((0, fresh), (3, warm)):
        desk = run(wanted, step, number, **fault)
        assert desk.results[number].verdict is expected
        others = {key: result.verdict for key, result in desk.results.items() if key != number}
        assert set(others.values()) == {A}, "nobody else pays"
        blamed = desk.results[number]
        if expected is not A:
            assert blamed.response, "in words"
        if expected in (T, A):
            assert not blamed.account_trouble
        if expected is N:
            assert blamed.account_trouble
        if expected is U:
            assert blamed.account_trouble == (number == 0), "the account's only if it never took a message"


@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_wrong_code_hands_nothing_over(wanted: str, step: str) -> None:
    wrong = [
        b"000 x",
        b"199 x",
        b"600 x",
        b"999 x",
        b"311 x",
        b"25 x",
        b"2500 x",
        b"\x00\x00\x00\x00",
        b"\xff\xfe250 x",
    ]
    wrong += [b"250 x"] if step == "data" else [b"354 go"]
    for reply in wrong:
        for number in (0, 3):
            desk = Desk(7, wanted, Behaviour(once(step, number, reply=reply + b"\r\n"))).run()
            honest(desk, 7)
            assert desk.results[number].verdict is (N if (number, wanted) == (0, "off") else A), reply
            assert desk.verdicts()["accepted"] >= 6


@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("reply", [b"000 x", b"199 x", b"354 go", b"300 x", b"600 x", b"999 x", b"\x00\xff\xfe", b""])
def test_a_wrong_code_to_the_dot_leaves_it_uncertain(wanted: str, reply: bytes, keeps: bool) -> None:
    for number in (0, 3):
        desk = Desk(7, wanted, Behaviour(once("dot", number, reply=reply + b"\r\n", keeps=keeps))).run()
        honest(desk, 7)
        assert desk.results[number].verdict is U
        assert desk.verdicts()["accepted"] == 6


@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_what_a_lenient_reader_takes(wanted: str, step: str) -> None:
    code = b"354" if step == "data" else b"250"
    for reply in (
        code + b"\r\n",
        code + b" bare line feed\n",
        code + b" a NUL \x00 and \xff\r\n",
        code + b"-first\r\n" + code + b" second\r\n",
        code + b"-first\n" + code + b"\n",
        (code + b"-" + b"x" * 500 + b"\r\n") * (MAX_LINES - 1) + code + b" end\r\n",
    ):
        desk = Desk(4, wanted, Behaviour(once(step, 1, reply=reply, keeps=True))).run()
        honest(desk, 4)
        assert desk.verdicts() == {"accepted": 4}
        assert all(result.response.isprintable() for result in desk.results.values())


@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize("reply", [b"250 " + b"x" * 100_000, b"250-x\r\n" * 100_000, b"x" * 100_000, b"\x00" * 100_000])
def test_a_flood_ends_the_connection(wanted: str, reply: bytes) -> None:
    for step, expected in (("rcpt", {A, N}), ("dot", {U})):
        desk = Desk(4, wanted, Behaviour(once(step, 1, reply=reply, keeps=True))).run()
        honest(desk, 4)
        assert desk.results[1].verdict in expected
        assert len(desk.results[1].response) <= 500


@pytest.mark.parametrize("wanted", MODES)
def test_junk_behind_the_go_ahead_keeps_the_body_here(wanted: str) -> None:
    for number in (0, 2):
        desk = Desk(4, wanted, Behaviour(once("data", number, reply=b"354 go\r\njunk\r\n"))).run()
        honest(desk, 4)
        assert number not in desk.handed or desk.results[number].verdict is A
        assert "uncertain" not in desk.verdicts()


@pytest.mark.parametrize("wanted", MODES)
def test_no_empty_mail_to_a_recipient_whose_sender_was_refused(wanted: str) -> None:
    def plan(step: str, number: int) -> Fault | None:
        if (step, number) == ("mail", 2):
            return Fault(b"451 4.3.0 later\r\n")
        return Fault(b"250 fine\r\n") if step == "no_mail" else None

    desk = Desk(5, wanted, Behaviour(plan, takes_data_anyway=True)).run()
    honest(desk, 5)
    assert desk.results[2].verdict is T
    assert not desk.witness.steps["lone_dot"]


@pytest.mark.parametrize(
    ("reply", "verdict", "reason"),
    [
        (b"552 5.3.4 too big", Verdict.PERMANENT, Reason.MESSAGE_TOO_LARGE),
        (b"451 4.3.0 disk", T, Reason.TEMPORARY),
        (b"421 4.3.2 closing", T, Reason.TEMPORARY),
        (b"250 early", N, Reason.CONNECTION_LOST),
        (b"junk", N, Reason.CONNECTION_LOST),
    ],
)
def test_an_answer_in_the_middle_of_a_large_body(reply: bytes, verdict: Verdict, reason: Reason) -> None:
    from campaign_app.channels.email_smtp.dialogue import LARGE, Dialogue
    from campaign_app.channels.email_smtp.grouping import Evidence
    from campaign_app.channels.email_smtp.handshake import Extensions
    from campaign_app.channels.email_smtp.replies import ReplyParser

    desk, parser = Desk(0, "off", Behaviour()), ReplyParser()
    desk.queue.append(Item(message(1, b"x" * (LARGE + 1))))
    dialogue = Dialogue(desk, desk.grouping, Extensions({}), lambda data: None)
    dialogue.proceed()
    dialogue.paused = True
    dialogue.receive([(250, b""), (250, b""), (354, b"")])
    assert dialogue.awaits_dot
    dialogue.receive(parser.feed(reply + b"\r\n"))
    if parser.error:
        dialogue.lost(parser.error, Evidence.CONFUSION)
    assert dialogue.finished
    assert (desk.results[1].verdict, desk.results[1].reason) == (verdict, reason)
    dialogue.resume()
    assert desk.handed == [], "its end stays here"


SLICES = st.lists(st.integers(0, 60), max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MODES), SLICES, st.booleans(), st.integers(1, 7))
def test_cuts_and_merges_change_nothing(wanted: str, cuts: list[int], merged: bool, count: int) -> None:
    def plan(step: str, number: int) -> Fault | None:
        told = {("rcpt", 1): b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", ("dot", 2): b"451 4.3.0 later\r\n"}
        return Fault(told[step, number]) if (step, number) in told else None

    reference = Desk(count, wanted, Behaviour(plan)).run()
    desk = Desk(count, wanted, Behaviour(plan)).run(cuts, merged)
    honest(desk, count)
    assert desk.results == reference.results
    assert desk.writes == reference.writes
