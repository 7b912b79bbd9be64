"""The sender over real sockets: bad servers, drops everywhere, connections that come and go."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp.connection import Options
from campaign_app.channels.email_smtp.transport import SmtpSender
from campaign_app.models.delivery import Reason
from tests.channels.helpers import FAST, Checked, account, message, send_all
from tests.channels.loops import event_loop_policy  # noqa: F401  (a fixture)
from tests.channels.model_server import Behaviour, Fault, Witness, running


def messages(count: int) -> Checked:
    return Checked(*(message(key) for key in range(count)))


def at(step: str, *numbers: int, **fault) -> Callable[[str, int], Fault | None]:
    return lambda found, number: Fault(**fault) if found == step and (not numbers or number in numbers) else None


def honest(source: Checked, witness: Witness) -> None:
    assert len(source.results) == source.total, "every message taken is settled"
    assert all(times == 1 for times in witness.accepted.values()), "a person got it twice"
    for key, result in source.results.items():
        got = f"p{key}@example.org" in witness.accepted
        if result.verdict is Verdict.ACCEPTED:
            assert got
        elif result.verdict is not Verdict.UNCERTAIN:
            assert not got, f"{key} arrived and is called {result.verdict}"


@pytest.mark.parametrize("pipelining", ["auto", "envelope", "off"])
@pytest.mark.parametrize("connections", [1, 4])
async def test_all_arrive_once(pipelining: str, connections: int) -> None:
    async with running(Behaviour()) as (port, witness):
        source = await send_all(port, messages(300), pipelining=pipelining, connections=connections)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
    assert witness.connections == connections
    assert source.results[0].response == "250 2.0.0 queued"


async def test_a_server_without_pipelining_gets_one_command_at_a_time() -> None:
    behaviour = Behaviour(capabilities=(b"8BITMIME",), grouping="first only")
    async with running(behaviour) as (port, witness):
        source = await send_all(port, messages(20), connections=2)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}


@pytest.mark.parametrize(
    ("step", "fault", "verdict"),
    [
        ("mail", {"then": "drop"}, Verdict.NOT_TRIED),
        ("mail", {"then": "mute"}, Verdict.NOT_TRIED),
        ("mail", {"reply": b"421 4.3.2 bye\r\n", "then": "drop"}, Verdict.NOT_TRIED),
        ("mail", {"reply": b"530 5.7.0 log in first\r\n"}, Verdict.NOT_TRIED),
        ("rcpt", {"then": "drop"}, Verdict.NOT_TRIED),
        ("rcpt", {"then": "reset"}, Verdict.NOT_TRIED),
        ("rcpt", {"reply": b"421 4.3.2 bye\r\n", "then": "drop"}, Verdict.TEMPORARY),
        ("rcpt", {"reply": b"550 5.1.1 unknown\r\n", "then": "drop"}, Verdict.PERMANENT),
        ("data", {"then": "drop"}, Verdict.NOT_TRIED),
        ("data", {"reply": b"250 what\r\n"}, Verdict.NOT_TRIED),
        ("dot", {"then": "drop"}, Verdict.UNCERTAIN),
        ("dot", {"then": "drop", "keeps": True}, Verdict.UNCERTAIN),
        ("dot", {"then": "reset", "keeps": True}, Verdict.UNCERTAIN),
        ("dot", {"then": "mute", "keeps": True}, Verdict.UNCERTAIN),
        ("dot", {"reply": b"421 4.3.2 bye\r\n", "then": "drop"}, Verdict.TEMPORARY),
        ("dot", {"reply": b"354 what\r\n", "keeps": True}, Verdict.UNCERTAIN),
        ("dot", {"reply": b"\x00\xffjunk\r\n", "keeps": True}, Verdict.UNCERTAIN),
        ("dot", {"delay": 1.5, "keeps": True}, Verdict.UNCERTAIN),  # answers after the time-out
    ],
)
@pytest.mark.parametrize("pipelining", ["auto", "off"])
async def test_who_pays_when_a_fresh_connection_fails(
    step: str, fault: dict, verdict: Verdict, pipelining: str
) -> None:
    async with running(Behaviour(at(step, **fault))) as (port, witness):
        source = await send_all(port, messages(1), pipelining=pipelining)
    honest(source, witness)
    assert source.results[0].verdict is verdict
    trouble = source.results[0].account_trouble
    assert trouble == (verdict in (Verdict.NOT_TRIED, Verdict.UNCERTAIN)), "the circuit breaker must hear of it"


async def test_accepted_then_reset_counts_as_accepted() -> None:
    plan = at("dot", 1, reply=b"250 queued\r\n", then="drop", keeps=True)
    async with running(Behaviour(plan)) as (port, witness):
        source = await send_all(port, messages(6), pipelining="auto")
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("then", ["drop", "reset", "mute"])
async def test_a_drop_in_mid_stream_costs_one_message_at_most(step: str, then: str) -> None:
    async with running(Behaviour(at(step, 7, then=then, keeps=True))) as (port, witness):
        source = await send_all(port, messages(30))
    honest(source, witness)
    verdicts = list(source.verdicts().values())
    assert verdicts.count(Verdict.UNCERTAIN) == (1 if step == "dot" else 0)
    assert verdicts.count(Verdict.ACCEPTED) == 30 - verdicts.count(Verdict.UNCERTAIN)
    assert witness.connections == 2


FAULTS = st.one_of(
    st.sampled_from([b"450 4.2.0 x\r\n", b"451 slow\r\n", b"550 5.1.1 no\r\n", b"554-a\r\n554 b\r\n"]).map(Fault),
    st.sampled_from(["drop", "reset", "mute"]).flatmap(
        lambda then: st.booleans().map(lambda keeps: Fault(then=then, keeps=keeps))
    ),
    st.just(Fault(b"421 4.3.2 closing\r\n", then="drop")),
)
STEPS = ["greeting", "ehlo", "mail", "rcpt", "data", "dot", "rset"]
QUICK = Options(connect=1, tls=1, greeting=0.1, command=0.08, stall=0.06, dot=0.08, idle=0.1, leave=0.05, tick=0.01)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.tuples(st.sampled_from(STEPS), st.integers(0, 9)), FAULTS, max_size=5),
    st.sampled_from(["auto", "envelope", "off"]),
    st.integers(1, 3),
    st.integers(1, 12),
)
def test_faults_anywhere(faults: dict, pipelining: str, connections: int, count: int) -> None:
    async def story() -> None:
        behaviour = Behaviour(lambda step, number: faults.get((step, number)))
        async with running(behaviour) as (port, witness):
            source = messages(count)
            await send_all(port, source, options=QUICK, wait_s=1.5, pipelining=pipelining, connections=connections)
            source.total = len(source.state)
            honest(source, witness)

    asyncio.run(story())


@settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 6)),
        st.one_of(st.binary(min_size=1, max_size=60), st.integers(200, 599).map(lambda n: b"%d x\r\n" % n)).map(Fault),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["auto", "off"]),
)
def test_junk_and_wrong_codes_anywhere(faults: dict, pipelining: str) -> None:
    async def story() -> None:
        behaviour = Behaviour(lambda step, number: faults.get((step, number)))
        async with running(behaviour) as (port, witness):
            source = messages(8)
            await send_all(port, source, options=QUICK, wait_s=1.5, pipelining=pipelining, connections=2)
            assert len(source.results) == len(source.state), "every message taken is settled"
            assert all(times == 1 for times in witness.accepted.values()), "a person got it twice"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("grouping", "falls_to", "uncertain"),
    [("first only", "off", 0), ("scolds", "off", 0), ("needs quiet dot", "envelope", 1)],
)
async def test_broken_pipelining_is_found_and_reported(grouping: str, falls_to: str, uncertain: int) -> None:
    found: list[dict[str, str]] = []
    async with running(Behaviour(grouping=grouping)) as (port, witness):
        source = await send_all(port, messages(40), connections=3, found=found)
    honest(source, witness)
    verdicts = list(source.verdicts().values())
    assert verdicts.count(Verdict.UNCERTAIN) == uncertain
    assert verdicts.count(Verdict.ACCEPTED) == 40 - uncertain
    assert found[-1]["pipelining_broken"] == falls_to
    assert found[-1]["pipelining_words"]
    assert "PIPELINING" in found[0]


async def test_a_slow_but_sound_server_keeps_its_groups() -> None:
    found: list[dict[str, str]] = []
    async with running(Behaviour(at("rcpt", delay=0.1))) as (port, witness):
        source = await send_all(port, messages(4), found=found)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
    assert "pipelining_broken" not in found[-1]


async def test_one_connection_tries_a_dead_server_and_backs_off() -> None:
    async with running(Behaviour(at("greeting", reply=b"554 no\r\n", then="drop"))) as (port, witness):
        source = messages(50)
        sender = SmtpSender(account(port, connections=10), source, options=FAST)
        for _ in range(20):
            sender.wake()
            await asyncio.sleep(0.01)
        assert witness.connections == 1
        assert len(source.results) == 1
        assert source.results[0].account_trouble
        assert source.results[0].reason is Reason.ACCOUNT
        assert "554 no" in source.results[0].response
        assert source.results[0].retry_after == 1.0
        await sender.close()
        assert len(source.waiting) == 49


async def test_wrong_password_is_tried_once_then_left_alone_for_long() -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": "right"})) as (port, witness):
        source = messages(5)
        sender = SmtpSender(account(port, username="jo", password="wrong", connections=5), source, options=FAST)
        sender.wake()
        await asyncio.sleep(0.2)
        sender.wake()
        await asyncio.sleep(0.1)
        await sender.close()
        assert witness.connections == 1
        assert source.results[0].retry_after == 30.0


async def test_a_server_that_allows_fewer_connections() -> None:
    async with running(Behaviour(max_connections=2)) as (port, witness):
        source = await send_all(port, messages(200), connections=8)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
    assert witness.most_connections == 2


async def test_too_many_connections_are_closed_and_the_others_take_over() -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"451 4.7.1 Too many concurrent connections\r\n") if step == "rcpt" and number < 8 else None

    async with running(Behaviour(plan)) as (port, witness):
        source = messages(200)
        sender = SmtpSender(account(port, connections=8), source, options=FAST)
        sender.wake()
        await source.done.wait()
        assert sender._pushback.limit < 8
        await sender.close()
    honest(source, witness)
    put_off = [found for found in source.results.values() if found.verdict is not Verdict.ACCEPTED]
    assert len(put_off) < 8, "what one connection may not send, another one does"
    assert all(found.throttled for found in put_off)


async def test_a_burst_that_is_put_off_is_one_signal_and_every_message_of_it_is_told() -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"451 4.7.1 slow down\r\n") if step == "rcpt" and number < 8 else None

    async with running(Behaviour(plan)) as (port, witness):
        source = messages(200)
        sender = SmtpSender(account(port, connections=8), source, options=FAST)
        sender.wake()
        await source.done.wait()
        assert sender._pushback.step < 8
        await sender.close()
    honest(source, witness)
    put_off = [found for found in source.results.values() if found.verdict is Verdict.TEMPORARY]
    assert len(put_off) == 8
    assert all(found.throttled for found in put_off)


async def test_idle_connections_leave_and_come_back() -> None:
    async with running(Behaviour()) as (port, witness):
        source = messages(1)
        sender = SmtpSender(account(port), source, options=FAST)
        sender.wake()
        await source.done.wait()
        async with asyncio.timeout(5):
            await witness.reached["quit"].wait()
        source.add(message(100))
        sender.wake()
        await source.done.wait()
        await sender.close()
        assert witness.connections == 2
        honest(source, witness)


async def test_idle_connections_are_used_again() -> None:
    async with running(Behaviour()) as (port, witness):
        source = messages(1)
        sender = SmtpSender(account(port, connections=5), source, options=FAST)
        for key in range(100, 110):
            sender.wake()
            await source.done.wait()
            source.add(message(key))
        sender.wake()
        await source.done.wait()
        await sender.close()
        assert witness.connections == 1
        honest(source, witness)


async def test_a_server_that_closes_idle_connections_costs_nothing() -> None:
    plan = at("mail", 1, 3, reply=b"421 4.4.2 idle too long\r\n", then="drop")
    async with running(Behaviour(plan)) as (port, witness):
        source = await send_all(port, messages(6), pipelining="off")
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}


async def test_connections_are_renewed_after_so_many_messages() -> None:
    options = Options(max_messages=10, tick=0.02)
    async with running(Behaviour()) as (port, witness):
        source = await send_all(port, messages(35), options=options)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
    assert witness.connections == 4


async def test_drain_waits_for_answers_and_takes_no_more() -> None:
    async with running(Behaviour(at("dot", delay=0.1))) as (port, witness):
        source = messages(50)
        sender = SmtpSender(account(port, connections=2), source, options=FAST)
        sender.wake()
        await witness.reached["dot"].wait()
        await sender.drain(5)
        assert sender.in_flight == 0
        assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
        assert len(source.waiting) >= 40
        left = len(source.waiting)
        sender.wake()
        assert len(source.waiting) == left
        await sender.close()
        source.total = len(source.state)
        honest(source, witness)


async def test_drain_with_no_time_left_says_what_is_unknown() -> None:
    async with running(Behaviour(at("dot", then="mute", keeps=True))) as (port, witness):
        source = messages(3)
        sender = SmtpSender(account(port, pipelining="auto"), source, options=Options())
        sender.wake()
        await witness.reached["dot"].wait()
        await sender.drain(0.05)
        await sender.close()
        assert sender.in_flight == 0
        assert source.results[0].verdict is Verdict.UNCERTAIN
        assert source.verdicts().get(1) in (None, Verdict.NOT_TRIED)


async def test_drain_while_connecting_gives_the_message_back_untried() -> None:
    async with running(Behaviour(at("greeting", then="mute"))) as (port, _):
        source = messages(3)
        sender = SmtpSender(account(port), source, options=Options())
        sender.wake()
        await asyncio.sleep(0.05)
        await sender.drain(0.05)
        await sender.close()
        assert source.verdicts() == {0: Verdict.NOT_TRIED}
        assert not source.results[0].account_trouble


async def test_large_messages_over_a_slow_reader() -> None:
    body = b"Subject: big\r\n\r\n" + b"line of text\r\n" * 60_000
    async with running(Behaviour(capabilities=(b"PIPELINING", b"SIZE 0"))) as (port, witness):
        source = await send_all(port, Checked(*(message(k, body) for k in range(4))), connections=2)
    honest(source, witness)
    assert set(source.verdicts().values()) == {Verdict.ACCEPTED}
    assert witness.contents["p2@example.org"] == body
