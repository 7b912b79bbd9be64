"""Whole campaigns through mail servers that behave badly: everyone in one state, nobody twice, the account says why."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from campaign_app.channels import registry, service
from campaign_app.channels.email_smtp import transport
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.email_smtp.connection import Options
from campaign_app.channels.schemas import AccountForm
from campaign_app.core import clock, db
from campaign_app.delivery.runtime import circuit
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, Reason
from campaign_app.ui.accounts.labels import standing
from tests.channels.accounts import smtp
from tests.channels.model_server import LIES, Behaviour, Fault, Witness, no_faults, running
from tests.conftest import MakeActor
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch

PAST = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT = Options(leave=0.2, tick=0.02)
OPTIONS = replace(PATIENT, greeting=1.0, command=1.0, stall=0.8, dot=1.5)


@pytest.fixture
def database(sqlite_database: str) -> str:
    """What servers do is the same over either database."""
    return sqlite_database


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real adapter with short time limits; a dead server is asked again soon."""
    wait_at_most(OPTIONS, monkeypatch)
    monkeypatch.setattr(transport, "backoff", lambda failures: 0.02 if failures else 0.0)


def wait_at_most(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is silent for ever needs a short limit. What answers needs a long one: a busy machine may be slow."""
    adapter = SmtpAdapter(options)
    monkeypatch.setattr(registry, "adapter", lambda _channel: adapter)


def at(step: str, *numbers: int, **fault) -> Callable[[str, int], Fault | None]:
    return lambda found, number: Fault(**fault) if found == step and (not numbers or number in numbers) else None


async def campaign_at(port: int, count: int, connections: int = 2, prefix: str = "person", **values) -> int:
    account_id = await factory.account(port=port, connections=connections)
    return await factory.campaign(account_id, [await factory.audience(count, prefix)], **values)


async def campaign_row(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
        assert found is not None
        return found


async def rows(campaign_id: int) -> dict[str, Delivery]:
    async with db.reading() as session:
        found = await session.execute(sa.select(Delivery).where(Delivery.campaign_id == campaign_id))
        return {row.address: row for row in found.scalars()}


async def check(campaign_id: int, witness: Witness) -> dict[str, Delivery]:
    """Nobody twice; sent means that the server has it; not sent and not uncertain means that it has not."""
    await factory.assert_sound(campaign_id)
    found = await rows(campaign_id)
    assert set(witness.accepted.values()) <= {1}, "a person got it twice"
    for address, row in found.items():
        if row.status != "uncertain":
            assert (address in witness.accepted) == (row.status == "sent"), address
    return found


async def learned(engine: Engine, account_id: int = 1) -> dict[str, str]:
    async with asyncio.timeout(20):
        await asyncio.gather(*engine.tasks.running)
    async with db.reading() as session:
        account = await session.get(SendingAccount, account_id)
        assert account is not None
        return dict(account.capabilities)


async def all_is_over(engine: Engine) -> None:
    """No dialogue goes on, and what the last ones meant is known: one that fails later would open the circuit again."""
    async with asyncio.timeout(60):
        while engine.registry.in_flight:  # noqa: ASYNC110  (its senders tell nobody when their last dialogue ends)
            await asyncio.sleep(0.02)
    assert await engine.writer.settle(60)
    await asyncio.gather(*engine.tasks.running)


async def works_again(campaign_id: int, engine: Engine, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The circuit's time has come, the server works: the campaign goes on by itself, over new connections."""
    await all_is_over(engine)
    wait_at_most(PATIENT, monkeypatch)
    async with db.transaction() as session:
        await session.execute(
            sa.text("UPDATE sending_account SET circuit_open_until = :at, version = version + 1"),
            {"at": f"{PAST:%Y-%m-%d %H:%M:%S.%f}"},
        )
    assert await circuit.try_again(clock.now()) == 1
    await drive(campaign_id)


@pytest.mark.parametrize(("step", "then"), [("greeting", "mute"), ("ehlo", "mute"), ("mail", "mute"), ("rcpt", "drop")])
async def test_a_server_that_accepts_connections_and_no_mail(
    engine: Engine, drive: Drive, monkeypatch: pytest.MonkeyPatch, step: str, then: str
) -> None:
    behaviour = Behaviour(at(step, then=then))
    async with running(behaviour) as (port, witness):
        campaign_id = await campaign_at(port, 20)
        await launch(campaign_id)
        await drive(campaign_id)
        paused = await campaign_row(campaign_id)
        assert paused.status is CampaignStatus.PAUSED
        assert "does not work" in paused.status_reason
        counters = await factory.counters_of(campaign_id)
        assert counters == {"pending": 20, "total": 20}, "nobody was reached, nobody is in doubt"
        behaviour.plan = no_faults
        await works_again(campaign_id, engine, drive, monkeypatch)
        found = await check(campaign_id, witness)
    assert {row.status for row in found.values()} == {"sent"}
    if step != "rcpt":  # there it may have been the recipient: at most one attempt
        assert {row.attempts for row in found.values()} == {1}


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_server_that_takes_mail_and_never_answers(
    engine: Engine, drive: Drive, monkeypatch: pytest.MonkeyPatch, keeps: bool
) -> None:
    wait_at_most(replace(PATIENT, dot=1.5), monkeypatch)
    behaviour = Behaviour(at("dot", then="mute", keeps=keeps))
    async with running(behaviour) as (port, witness):
        campaign_id = await campaign_at(port, 30)
        await launch(campaign_id)
        await drive(campaign_id)
        assert (await campaign_row(campaign_id)).status is CampaignStatus.PAUSED, "the circuit opens in the end"
        behaviour.plan = no_faults
        await works_again(campaign_id, engine, drive, monkeypatch)
        await check(campaign_id, witness)
    after = await factory.counters_of(campaign_id)
    assert 3 <= after["uncertain"] <= 8
    assert after == {"sent": 30 - after["uncertain"], "uncertain": after["uncertain"], "total": 30}
    assert len(witness.accepted) == (30 if keeps else after["sent"])


@pytest.mark.parametrize(
    "fault",
    [
        {"then": "mute", "keeps": True},
        {"then": "drop"},
        {"then": "reset", "keeps": True},
        {"delay": 2.5, "keeps": True},  # the answer comes after the time-out
        {"reply": b"354 what\r\n", "keeps": True},
        {"reply": b"\x00\xff\r\n", "keeps": True},
    ],
)
async def test_one_answer_that_never_comes_is_one_uncertain(engine: Engine, drive: Drive, fault: dict) -> None:
    async with running(Behaviour(at("dot", 7, **fault))) as (port, witness):
        campaign_id = await campaign_at(port, 40)
        await launch(campaign_id)
        await drive(campaign_id)
        found = await check(campaign_id, witness)
        assert (await campaign_row(campaign_id)).status is CampaignStatus.COMPLETED
    assert await factory.counters_of(campaign_id) == {"sent": 39, "uncertain": 1, "total": 40}
    doubtful = next(row for row in found.values() if row.status == "uncertain")
    assert doubtful.reason is Reason.CONNECTION_LOST
    assert doubtful.response
    assert {row.attempts for row in found.values()} == {1}


async def test_accepted_then_reset_again_and_again(engine: Engine, drive: Drive) -> None:
    def plan(step: str, number: int) -> Fault | None:
        return Fault(b"250 2.0.0 queued\r\n", "reset", keeps=True) if step == "dot" and number % 4 == 3 else None

    async with running(Behaviour(plan)) as (port, witness):
        campaign_id = await campaign_at(port, 40)
        await launch(campaign_id)
        await drive(campaign_id)
        await check(campaign_id, witness)
    counters = await factory.counters_of(campaign_id)
    assert counters == {"sent": 40, "total": 40}


async def test_a_recipient_at_whose_name_the_server_hangs_up_holds_nobody_up(engine: Engine, drive: Drive) -> None:
    behaviour = Behaviour()
    async with running(behaviour) as (port, witness):

        def plan(step: str, number: int) -> Fault | None:
            last = witness.commands[-1] if witness.commands else b""
            return Fault(then="drop") if step == "rcpt" and b"person5@" in last else None

        behaviour.plan = plan
        campaign_id = await campaign_at(port, 30)
        await launch(campaign_id)
        await drive(campaign_id)
        found = await check(campaign_id, witness)
    assert await factory.counters_of(campaign_id) == {"sent": 29, "failed": 1, "total": 30}
    assert found["person5@d2.example"].reason is Reason.RETRIES_USED_UP
    assert "closed" in found["person5@d2.example"].response


SAID = {"scolds": "synchronization", "refuses without a word": "554 5.5.0", "calls the order wrong": "503",
        "closes with 421": "421 4.7.0", "talks junk": "not an SMTP reply", "falls silent": "No answer",
        "first only": "answered in part", "hangs up": "closed", "refuses and hangs up": "closed"}  # fmt: skip


TWICE = {"hangs up", "refuses and hangs up", "closes with 421", "falls silent"}  # might be anything the first time


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("lie", ["first only", *LIES])
async def test_a_server_that_lies_about_pipelining(
    engine: Engine, drive: Drive, make_actor: MakeActor, lie: str, connections: int
) -> None:
    actor = await make_actor()
    async with running(Behaviour(grouping=lie)) as (port, witness):
        campaign_id = await campaign_at(port, 25, connections=connections)
        await launch(campaign_id)
        await drive(campaign_id)
        found = await check(campaign_id, witness)
    assert await factory.counters_of(campaign_id) == {"sent": 25, "total": 25}
    assert {row.attempts for row in found.values()} == {1}, "it costs nobody an attempt"
    known = await learned(engine)
    if connections > 1 and lie in TWICE and "pipelining_broken" not in known:
        return  # the others were through, one command at a time, before the second group had failed
    assert known["pipelining_broken"] == "off"
    assert SAID[lie] in known["pipelining_words"]
    async with db.reading() as session:
        shown = standing(await service.get(session, actor, 1), clock.now(), "UTC")
    assert "one command at a time" in shown.broken
    assert shown.broken_words == known["pipelining_words"]


async def test_only_full_groups_break_and_an_edit_tries_again(
    engine: Engine, drive: Drive, make_actor: MakeActor
) -> None:
    actor = await make_actor()
    behaviour = Behaviour(grouping="needs quiet dot")
    async with running(behaviour) as (port, witness):
        first = await campaign_at(port, 25)
        await launch(first)
        await drive(first)
        await check(first, witness)
        counters = await factory.counters_of(first)
        assert (counters["sent"], counters["uncertain"]) == (24, 1), "the probe costs one message at most"
        assert (await learned(engine))["pipelining_broken"] == "envelope"
        async with db.reading() as session:
            account = await service.get(session, actor, 1)
            assert smtp(await service.config(session, 1)).pipelining == "envelope"
        assert "only sender and recipient" in standing(account, clock.now(), "UTC").broken
        behaviour.grouping = "right"
        settings = {**account.settings, "port": port, "connections": 1}
        form = AccountForm(provider="smtp", name=account.name, settings={**settings, "pipelining": "envelope"})
        second = AccountForm(provider="smtp", name=account.name, settings={**settings, "pipelining": "auto"})
        async with db.transaction() as session:
            version = await service.update(session, actor, 1, account.version, form)
            await service.update(session, actor, 1, version, second)
        again = await factory.campaign(1, [await factory.audience(25, "second")])
        await launch(again)
        await drive(again)
        await check(
            again,
            Witness(
                accepted=type(witness.accepted)({k: v for k, v in witness.accepted.items() if k.startswith("second")})
            ),
        )
        assert "pipelining_broken" not in await learned(engine)
        async with db.reading() as session:
            assert smtp(await service.config(session, 1)).pipelining == "auto"
    assert (await factory.counters_of(again)) == {"sent": 25, "total": 25}
