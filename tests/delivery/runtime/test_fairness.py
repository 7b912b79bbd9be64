"""Many campaigns in one worker: nobody waits for jobs, room or questions that others take up."""

import asyncio
import math
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from types import SimpleNamespace

import pytest

from campaign_app.core import clock, queue, redis
from campaign_app.core.rate_limit import Limits
from campaign_app.delivery.ledger import leases
from campaign_app.delivery.ledger.leases import Outlook
from campaign_app.delivery.runtime import job_chain
from campaign_app.delivery.runtime.account_queue import AccountQueue
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.held_lease import LeasePhase
from campaign_app.delivery.runtime.lease_keeper import REGIONS
from campaign_app.delivery.runtime.lease_returns import LeaseReturnNotifier
from campaign_app.rendering.templating import compile_message
from campaign_app.worker.settings import SEND_JOBS
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import ACCEPTED, Script


async def _campaign(scripts: dict[int, Script], count: int, script: Script, prefix: str = "person") -> int:
    account_id = await factory.account()
    scripts[account_id] = script
    campaign_id = await factory.campaign(account_id, [await factory.audience(count, prefix)])
    await launch(campaign_id)
    return campaign_id


async def test_an_account_is_not_forgotten_while_its_first_lease_is_claimed(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    campaign_id = await _campaign(scripts, 10, Script())
    claim = engine.leases.store.claim

    async def slow(*arguments: object) -> object:
        await engine.registry.tidy()  # with fifty campaigns a claim takes seconds
        return await claim(*arguments)  # type: ignore[arg-type]

    engine.leases.store.claim = slow  # type: ignore[method-assign, assignment]
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 10, "total": 10}


async def test_an_account_that_nobody_uses_is_let_go(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    campaign_id = await _campaign(scripts, 10, Script())
    await drive(campaign_id)
    await engine.registry.tidy()
    assert engine.registry.queues
    engine.registry.runners[campaign_id]._idle_since = monotonic() - 120
    await engine.registry.tidy()
    assert not engine.registry.runners
    assert not engine.registry.queues


async def test_the_second_job_of_a_campaign_asks_nothing_while_the_first_sends_the_last_lease(
    engine: Engine, drive: Drive, scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    outlook = leases.outlook

    async def counted(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return await outlook(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(leases, "outlook", counted)
    script = Script(connections=1)
    script.answer("person0@d0.example", None)  # no answer for a while
    campaign_id = await _campaign(scripts, 3, script)
    first = asyncio.create_task(engine.run_batch(campaign_id))
    await script.keeps_waiting(1)  # its claim is committed: before, PostgreSQL would show the second one an open lease
    both = [first, asyncio.create_task(engine.run_batch(campaign_id))]
    async with asyncio.timeout(20):
        while not asked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.6)  # nothing more is asked: this is what is being shown
    assert asked == 1
    assert not any(task.done() for task in both)
    sender = next(iter(engine.registry.queues.values())).sender
    sender._settle(next(iter(sender.open)), ACCEPTED)  # type: ignore[union-attr]
    sender.wake()  # type: ignore[union-attr]
    await asyncio.gather(*both)
    await drive(campaign_id)
    assert (await factory.counters_of(campaign_id))["sent"] == 3


async def test_what_others_hold_is_theirs_to_go_on_with(engine: Engine, scripts: dict[int, Script]) -> None:
    campaign_id = await _campaign(scripts, 3, Script())
    claimed = await engine.leases.store.claim(
        campaign_id, engine.leases.owner, 10, clock.now()
    )  # as another worker would
    assert claimed is not None
    assert (await engine.run_batch(campaign_id)).at is None


async def test_what_comes_back_for_later_has_a_job_then(engine: Engine) -> None:
    later = clock.now() + timedelta(seconds=90)
    assert await job_chain.start(7, later)
    assert not await job_chain.start(7, clock.now())
    ((job, score),) = await redis.client().zrange(queue.SEND, 0, -1, withscores=True)
    assert job.startswith(b"send:7:0:")
    assert abs(score / 1000 - later.timestamp()) < 1


async def test_the_journal_keeps_room_for_claims_under_way(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    first = await _campaign(scripts, 10, Script(), "anna")
    second = await _campaign(scripts, 10, Script(), "ben")
    taken = [engine.leases.journal.acquire(1_000_000 + n, 1) for n in range(REGIONS - 1)]
    assert engine.leases.journal.free == 1
    await drive(first, second)  # both want the one region that is left
    for campaign_id in (first, second):
        assert await factory.counters_of(campaign_id) == {"sent": 10, "total": 10}
    for region in taken:
        assert region is not None
        region.release()


def test_every_job_finds_room_for_its_lease() -> None:
    assert SEND_JOBS >= 50 * job_chain.PER_WORKER
    assert REGIONS >= SEND_JOBS


async def test_waiting_for_a_lease_to_come_back() -> None:
    returns = LeaseReturnNotifier()
    seen = returns.count(1)
    waiting = [asyncio.create_task(returns.wait(1, seen, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    returns.note(2)
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    returns.note(1)
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    await asyncio.wait_for(returns.wait(1, seen, 60), 5)  # it came before anybody waited
    started = monotonic()
    await returns.wait(1, returns.count(1), 0.05)
    assert monotonic() - started >= 0.04


class _Nobody:
    """A Desk that nothing is asked of."""

    def __getattr__(self, name: str) -> Callable[..., bool]:
        return lambda *_: False


@pytest.mark.parametrize(("per_minute", "made_up"), [(0, 20), (60_000, 0)])
async def test_a_late_limiter_is_made_up_for_and_limits_of_its_own_are_not(per_minute: int, made_up: int) -> None:
    queue, message = AccountQueue(1, _Nobody(), [1.0]), compile_message("Hi", "", "<p>Hi</p>")  # type: ignore[arg-type]
    runners = []
    for campaign_id in (1, 2):
        limits = Limits(campaign_id, 1, per_minute=per_minute if campaign_id == 2 else 0)
        options = {"message": message, "composer": None, "sender": "a@b.example", "common": {}, "base": ""}
        options["priority"] = 5
        runner = CampaignRunner(campaign_id, 0, limits=limits, **options)  # type: ignore[arg-type]
        runner.leases.append(SimpleNamespace(rows=[1], phase=LeasePhase.READ, valid_until=math.inf))  # type: ignore[arg-type]
        queue.enter(runner)
        runners.append(runner)

    def picked(count: int) -> list[int]:
        return [found[0].campaign_id for _ in range(count) if (found := queue._pick(monotonic()))]

    runners[0].slots.free(math.inf)
    assert picked(21) == [1] * 21  # the other one has not been granted anything yet
    runners[1].slots.free(math.inf)
    assert picked(100).count(2) == pytest.approx(50 + made_up / 2, abs=1)


async def test_a_lease_that_comes_back_during_the_look_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, the chain of jobs ended there: the look still saw the lease as held, and it was held no more."""
    returns = LeaseReturnNotifier()

    async def outlook(_session: object, campaign_id: int) -> Outlook:
        returns.note(campaign_id)  # given back behind the look
        return Outlook(available_at=None, held=1)

    monkeypatch.setattr(leases, "outlook", outlook)
    assert await returns.nothing_open(1, returns.count(1), 20.0, lambda _campaign: False) is not None


async def test_what_others_hold_is_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def outlook(_session: object, _campaign: int) -> Outlook:
        return Outlook(available_at=None, held=1)

    monkeypatch.setattr(leases, "outlook", outlook)
    assert await LeaseReturnNotifier().nothing_open(1, 0, 20.0, lambda _campaign: False) is None
