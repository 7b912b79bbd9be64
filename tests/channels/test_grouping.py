"""Servers that say they take groups of commands and do not: found out, said, and nobody pays for it."""

from collections.abc import Callable

import pytest

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp.grouping import Evidence, Grouping, Mode
from campaign_app.models.delivery import Reason
from tests.channels.desk import Desk, honest
from tests.channels.model_server import LIES, Behaviour, Fault

AT_ONCE = {"scolds", "refuses without a word", "calls the order wrong", "falls silent", "talks junk", "first only"}


def faulty(step: str, *numbers: int, **fault) -> Callable[[str, int], Fault | None]:
    return lambda found, number: Fault(**fault) if found == step and number in numbers else None


@pytest.mark.parametrize("wanted", ["auto", "envelope"])
@pytest.mark.parametrize("grouping", ["first only", *LIES])
def test_a_server_that_breaks_on_groups_is_found_out(grouping: str, wanted: str) -> None:
    desk = Desk(6, wanted, Behaviour(grouping=grouping)).run()
    honest(desk, 6)
    assert [mode for mode, _ in desk.broken] == [Mode.SERIAL]
    verdicts = desk.verdicts()
    if grouping in AT_ONCE:
        assert verdicts == {"accepted": 6}
    else:  # the first time might be anything: that message costs no attempt and is given again by the engine
        assert verdicts == {"accepted": 5, "not_tried": 1}
    said = {"scolds": "synchronization", "refuses without a word": "554 5.5.0", "calls the order wrong": "503",
            "closes with 421": "421 4.7.0", "talks junk": "not an SMTP reply", "falls silent": "silence",
            "first only": "silence", "hangs up": "closed", "refuses and hangs up": "closed"}[grouping]  # fmt: skip
    assert said in desk.broken[0][1], "the server's words, or ours where it had none"


def test_a_server_that_breaks_only_on_full_groups_keeps_the_small_ones() -> None:
    desk = Desk(6, "auto", Behaviour(grouping="needs quiet dot")).run()
    honest(desk, 6)
    assert [mode for mode, _ in desk.broken] == [Mode.ENVELOPE]
    assert desk.verdicts() == {"accepted": 5, "uncertain": 1}, "the probe costs one message at most"


@pytest.mark.parametrize("reply", [b"554 5.5.0 Error\r\n", b"550 5.7.1 sender not allowed\r\n", b"501 who?\r\n"])
def test_a_sender_refused_alone_too_is_the_accounts_matter(reply: bytes) -> None:
    desk = Desk(3, "auto", Behaviour(lambda step, number: Fault(reply) if step == "mail" else None)).run()
    honest(desk, 3)
    assert desk.verdicts() == {"not_tried": 3}
    assert all(result.account_trouble for result in desk.results.values())
    assert not desk.broken, "the server refuses single commands as well: groups are not what it minds"


def test_a_recipient_refused_in_a_strange_way_is_asked_again_alone_once() -> None:
    desk = Desk(4, "auto", Behaviour(faulty("rcpt", 0, 1, reply=b"554 no\r\n"))).run()
    honest(desk, 4)
    assert desk.results[0].verdict is Verdict.PERMANENT
    assert desk.results[0].response == "554 no"
    assert desk.witness.steps["rcpt"] == 5
    assert not desk.broken
    assert desk.writes[-2].count(b"RCPT"), "groups go on"


def test_a_plain_refusal_is_not_asked_twice() -> None:
    desk = Desk(3, "auto", Behaviour(faulty("rcpt", 0, reply=b"550 5.1.1 no such user\r\n"))).run()
    honest(desk, 3)
    assert desk.witness.steps["rcpt"] == 3
    assert desk.results[0].reason is Reason.UNKNOWN_ADDRESS


def test_connections_cut_at_once_are_one_incident() -> None:
    told: list[Mode] = []
    grouping = Grouping("auto", lambda mode, why: told.append(mode))
    grouping.offered(True)
    for _ in range(10):
        assert not grouping.failed(Mode.ENVELOPE, Evidence.DROP, "closed")
    assert not told
    grouping.worked(Mode.SERIAL)
    assert grouping.failed(Mode.ENVELOPE, Evidence.DROP, "closed again")
    assert told == [Mode.SERIAL]


def test_a_suspected_server_is_asked_one_by_one_until_that_works() -> None:
    class Talker:
        in_group, finished = Mode.SERIAL, False

    grouping = Grouping("auto", lambda mode, why: None)
    grouping.offered(True)
    assert grouping.mode_for(Talker()) is Mode.ENVELOPE
    grouping.failed(Mode.ENVELOPE, Evidence.DROP, "closed")
    assert grouping.mode_for(Talker()) is Mode.SERIAL
    grouping.worked(Mode.SERIAL)
    assert grouping.mode_for(Talker()) is Mode.ENVELOPE
    grouping.worked(Mode.ENVELOPE)
    assert grouping.mode_for(Talker()) is Mode.FULL
    grouping.failed(Mode.FULL, Evidence.DROP, "closed")
    assert grouping.mode_for(Talker()) is Mode.ENVELOPE, "what has worked before is not given up with it"


def test_one_connection_tries_for_all() -> None:
    class Talker:
        in_group, finished = Mode.SERIAL, False

    grouping, first, second = Grouping("auto", lambda mode, why: None), Talker(), Talker()
    grouping.offered(True)
    assert grouping.mode_for(first) is Mode.ENVELOPE
    first.in_group = Mode.ENVELOPE
    assert grouping.mode_for(second) is Mode.SERIAL, "until the first group has worked"
    first.finished = True
    assert grouping.mode_for(second) is Mode.ENVELOPE
    grouping.worked(Mode.ENVELOPE)
    assert grouping.mode_for(second) is Mode.FULL
    second.in_group = Mode.FULL
    assert grouping.mode_for(Talker()) is Mode.ENVELOPE
    grouping.worked(Mode.FULL)
    assert grouping.mode_for(Talker()) is Mode.FULL


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("refusal", [None, b"451 4.3.0 later\r\n", b"550 5.7.1 no\r\n"])
def test_an_answer_to_the_next_command_is_not_taken_for_the_one_that_is_missing(
    keeps: bool, refusal: bytes | None
) -> None:
    """The server never answers one dot; what it says to the group behind it moves up by one."""

    def plan(step: str, number: int) -> Fault | None:
        if (step, number) == ("dot", 4):
            return Fault(b"", keeps=keeps)
        return Fault(refusal) if refusal and (step, number) == ("mail", 5) else None

    desk = Desk(8, "auto", Behaviour(plan)).run()
    honest(desk, 8)
    assert desk.results[4].verdict is Verdict.UNCERTAIN


def test_a_proven_server_that_drops_is_not_accused() -> None:
    desk = Desk(12, "auto", Behaviour(faulty("rcpt", 4, 8, 13, then="drop"))).run()
    honest(desk, 12)
    assert desk.verdicts() == {"accepted": 12}
    assert not desk.broken


def test_the_off_switch_and_a_server_without_pipelining_send_single_commands() -> None:
    for wanted, offers in (("off", (b"PIPELINING",)), ("auto", (b"8BITMIME",)), ("envelope", ())):
        desk = Desk(5, wanted, Behaviour(capabilities=offers, grouping="scolds")).run()
        honest(desk, 5)
        assert desk.verdicts() == {"accepted": 5}
        assert not desk.broken
        assert all(write.endswith(b".\r\n") or write.count(b"\r\n") == 1 for write in desk.writes)
