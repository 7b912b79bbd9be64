"""What the circuit resumes and what it leaves alone, and whose fault a lost connection is."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels.base import Result, Verdict
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import completion, repository, service
from campaign_app.delivery.launch.refusals import BRAKE
from campaign_app.delivery.runtime import circuit
from campaign_app.delivery.runtime.account_queue import TROUBLE_AT, AccountQueue
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from campaign_app.models.delivery import Reason
from campaign_app.models.user import Role
from campaign_app.rendering.errors import TooSlow
from tests.conftest import MakeActor
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.runtime.test_push_back import address, campaign_of, deliveries, status_of
from tests.delivery.scripted import Script

PAST = datetime(2026, 1, 1, tzinfo=UTC)
LOST = Result(Verdict.NOT_TRIED, Reason.CONNECTION_LOST, "closed", account_trouble=True)
REFUSED = Result(Verdict.NOT_TRIED, Reason.ACCOUNT, "535 no", account_trouble=True)


async def open_circuit(account_id: int) -> None:
    async with db.transaction() as session:
        account = await session.get(SendingAccount, account_id)
        assert account is not None
        account.circuit_failures, account.circuit_open_until = 1, PAST
        session.add(account)


@pytest.mark.parametrize("name", ["Ines Keller", SYSTEM.name, BRAKE.name])
async def test_the_circuit_resumes_what_it_paused_and_nothing_that_a_person_paused(
    engine: Engine, scripts: dict[int, Script], make_actor: MakeActor, name: str
) -> None:
    mine = await campaign_of(scripts, 3, Script())
    theirs = await factory.campaign(1, [await factory.audience(3, "other")])
    for campaign_id in (mine, theirs):
        await launch(campaign_id)
    person = replace(await make_actor(Role.ADMIN), name=name)
    async with db.transaction() as session:
        await service.pause(session, person, theirs, "Wait for the new prices")
    async with db.transaction() as session:
        await circuit.open_circuit(session, 1, "535 no")
    assert (await status_of(mine)).pauser is Pauser.CIRCUIT
    await open_circuit(1)
    assert await circuit.try_again(clock.now()) == 1
    assert (await status_of(mine)).status is CampaignStatus.RUNNING
    found = await status_of(theirs)
    assert (found.status, found.paused_by, found.status_reason) == (
        CampaignStatus.PAUSED,
        name,
        "Wait for the new prices",
    )


async def test_the_circuit_resumes_only_its_own_pauses_and_only_of_its_account(
    engine: Engine, scripts: dict[int, Script]
) -> None:
    scripts.update({1: Script(), 2: Script()})
    accounts = [await factory.account() for _ in range(2)]
    ids = [await factory.campaign(of, [await factory.audience(1, f"a{n}")]) for n, of in enumerate([*accounts, 1, 1])]
    for campaign_id in ids:
        await launch(campaign_id)
    mine, other, held, braked = ids
    await completion.stop_campaign(held, TooSlow("A message takes too long."))
    async with db.transaction() as session:
        await service.brake(session, braked, "5 of the first 5")
    for account_id in accounts:
        async with db.transaction() as session:
            await circuit.open_circuit(session, account_id, "535 no")
    await open_circuit(1)
    assert await circuit.try_again(clock.now()) == 1
    assert [(await status_of(found)).pauser for found in ids] == [
        None,
        Pauser.CIRCUIT,
        Pauser.SYSTEM,
        Pauser.BRAKE,
    ]
    assert (await status_of(mine)).status is CampaignStatus.RUNNING
    assert (await status_of(other)).status is CampaignStatus.PAUSED


async def test_what_changed_hands_meanwhile_is_left_alone(
    engine: Engine, scripts: dict[int, Script], make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await campaign_of(scripts, 1, Script())
    await launch(campaign_id)
    async with db.transaction() as session:
        await circuit.open_circuit(session, 1, "535 no")
    await open_circuit(1)
    person, found = await make_actor(Role.ADMIN), repository.get_campaign

    async def a_person_is_faster(session: AsyncSession, campaign_id: int, *, lock: bool = False) -> Campaign | None:
        monkeypatch.setattr(repository, "get_campaign", found)
        await service.resume(session, person, campaign_id)
        await service.pause(session, person, campaign_id)
        return await found(session, campaign_id, lock=lock)

    monkeypatch.setattr(repository, "get_campaign", a_person_is_faster)
    assert await circuit.try_again(clock.now()) == 1
    assert (await status_of(campaign_id)).pauser is Pauser.PERSON


async def test_an_account_that_logs_in_and_cannot_send_is_tried_less_and_less_often(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    for n in range(10):
        script.answer(address(n), *[REFUSED] * 30)
    campaign_id = await campaign_of(scripts, 10, script)
    await launch(campaign_id)
    for failures in (1, 2, 3):
        await drive(campaign_id)
        await asyncio.gather(*engine.tasks.running)
        async with db.transaction() as session:
            account = await session.get(SendingAccount, 1)
            assert account is not None
            assert account.circuit_failures == failures, "the test of the connection passes, and says little"
            assert account.circuit_open_until is not None
            account.circuit_open_until = PAST
            session.add(account)
        assert await circuit.try_again(clock.now()) == 1
    script.answers = {}
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 10, "total": 10}
    async with db.transaction() as session:
        assert await circuit.open_circuit(session, 1, "535 no")
        account = await session.get(SendingAccount, 1)
        assert account is not None
        assert account.circuit_failures == 1, "it has sent since"


async def test_when_a_message_failed_is_written(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    script.answer(address(0), Result(Verdict.PERMANENT, Reason.REFUSED, "550 no"))
    script.answer(address(1), *[Result(Verdict.TEMPORARY, Reason.TEMPORARY, "450 later")] * 3)
    campaign_id = await campaign_of(scripts, 4, script)
    began = clock.now()
    await launch(campaign_id)
    await drive(campaign_id)
    rows = await deliveries(campaign_id)
    for failed in (rows.pop(address(0)), rows.pop(address(1))):
        assert failed.failed_at is not None
        assert began <= failed.failed_at <= clock.now()
        assert failed.sent_at is None
    assert {(row.failed_at, row.sent_at is None) for row in rows.values()} == {(None, False)}


class Office:
    """A desk that notes which trouble it was told."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def account_trouble(self, account_id: int, words: str) -> None:
        self.troubles.append(f"{account_id} {words}")

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        work.close()


@pytest.fixture
async def queue() -> AccountQueue:
    return AccountQueue(9, Office(), [60.0])  # type: ignore[arg-type]


def told(queue: AccountQueue) -> list[str]:
    office: Any = queue._engine
    return list(office.troubles)


async def test_connections_lost_at_one_name_are_not_held_against_the_account(queue: AccountQueue) -> None:
    for _ in range(TROUBLE_AT * 10):
        queue._trouble(1, LOST)
    assert told(queue) == []


async def test_connections_lost_at_many_names_are(queue: AccountQueue) -> None:
    for key in range(TROUBLE_AT):
        queue._trouble(key, LOST)
    assert told(queue) == ["9 closed"]


async def test_the_account_s_own_refusals_count_whoever_they_are_told_to(queue: AccountQueue) -> None:
    for _ in range(TROUBLE_AT):
        queue._trouble(1, REFUSED)
    assert told(queue) == ["9 535 no"]


async def test_success_clears_the_blame(queue: AccountQueue) -> None:
    for _ in range(TROUBLE_AT - 1):
        queue._trouble(1, LOST)
    queue._works()
    queue._trouble(2, LOST)
    queue._trouble(3, LOST)
    assert told(queue) == []
    queue._trouble(1, LOST)
    assert told(queue) == ["9 closed"], "it begins anew for everybody"
