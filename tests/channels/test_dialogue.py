"""The dialogue against a model server in memory: any grouping, any cut of the replies, faults anywhere."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp.dialogue import LARGE, Dialogue
from campaign_app.channels.email_smtp.handshake import Extensions
from campaign_app.channels.email_smtp.items import Item
from campaign_app.channels.email_smtp.replies import ReplyParser
from campaign_app.models.delivery import Reason
from tests.channels.desk import CAPABILITIES, Desk, honest
from tests.channels.helpers import message
from tests.channels.model_server import LIES, Behaviour, Fault, ModelServer

MODES = ["auto", "envelope", "off"]
STEPS = ["mail", "rcpt", "data", "dot", "rset", "lone_dot"]
FAULTS = st.one_of(
    st.sampled_from(
        [b"450 4.2.0 later\r\n", b"451 try later\r\n", b"550 5.1.1 unknown\r\n", b"554-no\r\n554 way\r\n"]
    ).map(Fault),
    st.sampled_from([b"421 4.3.2 closing\r\n"]).map(lambda reply: Fault(reply, then="drop")),
    st.booleans().map(lambda keeps: Fault(then="drop", keeps=keeps)),
    st.booleans().map(lambda keeps: Fault(then="mute", keeps=keeps)),
)
PLANS = st.dictionaries(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), FAULTS, max_size=6)
CUTS = st.lists(st.integers(0, 200), max_size=6)


@pytest.mark.parametrize("wanted", MODES)
def test_all_arrive(wanted: str) -> None:
    desk = Desk(5, wanted, Behaviour()).run()
    assert desk.verdicts() == {"accepted": 5}
    honest(desk, 5)
    assert desk.witness.contents["p3@example.org"].endswith(b"Hello\r\n..dot\r\n")


def test_what_goes_out_in_one_write() -> None:
    full, envelope, serial = (Desk(3, wanted, Behaviour()).run().writes for wanted in MODES)
    assert len(full) == 4
    assert full[1].endswith(b".\r\nMAIL FROM:<news@example.com> SIZE=27\r\nRCPT TO:<p1@example.org>\r\nDATA\r\n")
    assert len(envelope) == 6
    assert len(serial) == 12
    assert not any(b"RSET" in write for write in (*full, *envelope, *serial))


@pytest.mark.parametrize("wanted", MODES)
def test_a_refused_recipient_costs_only_that_one(wanted: str) -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"550 5.1.1 no such user\r\n") if (step, number) == ("rcpt", 1) else None

    desk = Desk(4, wanted, Behaviour(plan)).run()
    honest(desk, 4)
    assert desk.results[1].reason is Reason.UNKNOWN_ADDRESS
    assert desk.results[1].response == "550 5.1.1 no such user"
    assert desk.verdicts() == {"accepted": 3, "permanent": 1}
    assert not desk.broken


@pytest.mark.parametrize("wanted", ["auto", "envelope"])
def test_data_taken_without_a_recipient_ends_with_a_lone_dot(wanted: str) -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"550 5.1.1 no such user\r\n") if (step, number) == ("rcpt", 1) else None

    desk = Desk(3, wanted, Behaviour(plan, takes_data_anyway=True)).run()
    honest(desk, 3)
    assert desk.witness.steps["lone_dot"] == 1
    assert desk.verdicts() == {"accepted": 2, "permanent": 1}
    assert set(desk.witness.accepted) == {"p0@example.org", "p2@example.org"}


@pytest.mark.parametrize("wanted", ["auto", "envelope"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(then="drop"),
        Fault(then="mute"),
        Fault(b"421 4.3.2 bye\r\n", then="drop"),
        Fault(b"354 what\r\n"),
        Fault(b"x\r\n"),
    ],
)
def test_what_goes_wrong_at_a_lone_dot_charges_nobody_again(wanted: str, fault: Fault) -> None:
    def plan(step: str, number: int) -> Fault | None:
        if (step, number) == ("rcpt", 1):
            return Fault(b"550 5.1.1 no such user\r\n")
        return fault if step == "lone_dot" else None

    desk = Desk(3, wanted, Behaviour(plan, takes_data_anyway=True)).run()
    honest(desk, 3)
    assert desk.verdicts() == {"accepted": 2, "permanent": 1}


def test_a_refused_recipient_stays_refused_when_the_connection_ends() -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"550 5.1.1 no such user\r\n", then="drop") if (step, number) == ("rcpt", 1) else None

    desk = Desk(3, "auto", Behaviour(plan)).run()
    honest(desk, 3)
    assert desk.results[1].response == "550 5.1.1 no such user"
    assert desk.witness.steps["rcpt"] == 3, "asked once for each"


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(MODES), PLANS, CUTS, st.integers(1, 8), st.booleans(), st.booleans(),
    st.sampled_from(["right", "right", "first only", "needs quiet dot", *LIES]),
)  # fmt: skip
def test_each_message_ends_once_and_truly(
    wanted: str, faults: dict, cuts: list[int], count: int, naive: bool, merged: bool, grouping: str
) -> None:
    behaviour = Behaviour(lambda step, number: faults.get((step, number)), takes_data_anyway=naive, grouping=grouping)
    desk = Desk(count, wanted, behaviour).run(cuts, merged)
    honest(desk, count)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MODES),
    st.dictionaries(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 7)),
        st.one_of(
            st.integers(200, 599).map(lambda code: Fault(b"%d whatever\r\n" % code)),
            st.binary(min_size=1, max_size=30).map(Fault),
            st.sampled_from([b"250 one\r\n250 two\r\n", b"354 go\r\n250 early\r\n", b"250-half"]).map(Fault),
        ),
        max_size=6,
    ),
    CUTS,
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
)
def test_wrong_codes_and_junk_still_end_every_message_once(
    wanted: str, faults: dict, cuts: list[int], count: int, naive: bool, merged: bool
) -> None:
    behaviour = Behaviour(lambda step, number: faults.get((step, number)), takes_data_anyway=naive)
    desk = Desk(count, wanted, behaviour).run(cuts, merged)
    honest(desk, count)


def test_a_large_body_is_handed_over_with_its_last_octets() -> None:
    desk = Desk(0, "auto", Behaviour())
    desk.queue.append(Item(message(1, b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * LARGE)))
    outbox: deque[bytes] = deque()
    dialogue = Dialogue(desk, desk.grouping, Extensions({"PIPELINING": ""}), outbox.append)
    dialogue.proceed()
    dialogue.paused = True
    dialogue.receive([(250, b""), (250, b""), (354, b"")])
    assert not desk.handed
    assert dialogue.awaits_dot
    dialogue.resume()
    assert desk.handed == [1]
    assert outbox[-1] == b".\r\n"
    dialogue.receive([(250, b"ok")])
    assert desk.verdicts() == {"accepted": 1}


def test_a_large_body_cut_off_before_its_dot_was_not_tried() -> None:
    desk = Desk(0, "auto", Behaviour())
    desk.queue.append(Item(message(1, b"x" * (LARGE + 1))))
    dialogue = Dialogue(desk, desk.grouping, Extensions({"PIPELINING": ""}), lambda data: None)
    dialogue.proceed()
    dialogue.paused = True
    dialogue.receive([(250, b""), (250, b""), (354, b"")])
    dialogue.lost("cut")
    assert desk.results[1].verdict is Verdict.NOT_TRIED


@pytest.mark.parametrize(
    ("content", "recipient", "reason"),
    [
        (b"x" * 1_000_001, "a@example.org", Reason.MESSAGE_TOO_LARGE),
        (b"x", "a@example.org>\r\nRCPT TO:<b@example.org", Reason.ADDRESS_INVALID),
        (b"x", "müller@example.org", Reason.ADDRESS_INVALID),
        (b"x", "nobody", Reason.ADDRESS_INVALID),
    ],
)
def test_what_cannot_go_to_this_server_is_not_offered(content: bytes, recipient: str, reason: Reason) -> None:
    from campaign_app.channels.base import Outgoing

    desk = Desk(0, "auto", Behaviour())
    desk.queue += [Item(Outgoing(1, "news@example.com", recipient, content)), Item(message(2))]
    desk.run()
    assert desk.results[1].verdict is Verdict.PERMANENT
    assert desk.results[1].reason is reason
    assert desk.results[2].verdict is Verdict.ACCEPTED


def test_premature_answers_are_not_taken_for_an_acceptance() -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"354 go on\r\n250 already queued\r\n") if step == "data" else None

    desk = Desk(1, "off", Behaviour(plan)).run()
    assert desk.verdicts() == {"not_tried": 1}
    assert desk.results[0].account_trouble


def test_421_between_messages_moves_the_next_one_on() -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"421 4.7.0 too many messages\r\n", then="drop") if step == "mail" and number % 3 == 2 else None

    desk = Desk(6, "auto", Behaviour(plan)).run()
    honest(desk, 6)
    assert desk.verdicts() == {"accepted": 6}
    assert desk.moved


def test_eight_bit_and_size_are_declared_only_when_offered() -> None:
    for words, expected in (({}, b""), ({"8BITMIME": ""}, b" BODY=8BITMIME"), ({"SIZE": "0"}, b" SIZE=2")):
        desk = Desk(0, "off", Behaviour())
        desk.queue.append(Item(message(1, "é".encode())))
        outbox: list[bytes] = []
        Dialogue(desk, desk.grouping, Extensions(words), outbox.append).proceed()
        assert outbox == [b"MAIL FROM:<news@example.com>" + expected + b"\r\n"]


def test_after_so_many_messages_the_connection_leaves() -> None:
    desk = Desk(5, "auto", Behaviour())
    outbox: deque[bytes] = deque()
    server, parser = ModelServer(desk.behaviour, desk.witness), ReplyParser()
    dialogue = Dialogue(desk, desk.grouping, CAPABILITIES, outbox.append, max_messages=2)
    dialogue.proceed()
    while outbox and not dialogue.finished:
        for act in server.feed(outbox.popleft()):
            dialogue.receive(parser.feed(act[1]))
    assert dialogue.sent == 2
    assert outbox.pop() == b"QUIT\r\n"
    assert len(desk.queue) == 3
