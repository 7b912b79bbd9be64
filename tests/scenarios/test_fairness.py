"""Many campaigns in one worker, by the sandbox's own log: in which order did their messages arrive?"""

import asyncio
import socket
from collections import Counter

import pytest

from campaign_app.core import db
from campaign_app.delivery import service
from campaign_app.models.campaign import Campaign, CampaignStatus
from tests import servers
from tests.delivery import factory
from tests.scenarios.scene import Scene, eventually

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
SHARED, ALONE, EACH = 22, 18, 50


def _order(scene: Scene) -> list[str]:
    """Whose messages arrived, in their order: an address is its campaign's name and a number, @…"""
    lines = scene._call("/api/log.txt").decode().splitlines()
    return [line.split("\t")[1].partition("-")[0] for line in lines]


async def _on(account_id: int, name: str, count: int, **values: object) -> int:
    return await factory.campaign(account_id, [await factory.audience(count, f"{name}-")], **values)


async def _reason(campaign_id: int) -> str:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
        assert found is not None
        return found.status_reason


async def test_forty_campaigns_at_once(scene: Scene) -> None:
    """Some on one account, some on their own. The server answers nobody before every campaign has begun."""
    account_id = await factory.account(port=scene.stack.smtp_port, connections=10)
    names = [f"shared{n}" for n in range(SHARED)]
    campaigns = [await _on(account_id, name, EACH) for name in names]
    for n in range(ALONE):
        own = await factory.account(port=scene.stack.smtp_port, connections=1)
        names.append(f"alone{n}")
        campaigns.append(await _on(own, names[-1], EACH))
    scene.faults(hold=True)
    for campaign_id in campaigns:
        await scene.launch(campaign_id)
    scene.start_worker()

    async def all_have_read_their_rows() -> bool:
        return await scene.leases_read() == len(campaigns)

    await eventually(all_have_read_their_rows, 120)
    held = len(_order(scene))
    scene.faults(hold=False, slow_ms=10)
    for campaign_id in campaigns:
        assert await scene.over(campaign_id) == {"sent": EACH, "total": EACH}
    order = _order(scene)
    assert scene.witness() == {"accepted": len(order), "distinct": len(order), "duplicates": 0}
    assert Counter(order) == dict.fromkeys(names, EACH)
    sharing = names[:SHARED]
    turns = [name for name in order[held:] if name in sharing]
    begun = max(map(turns.index, sharing))
    first_over = min(len(turns) - turns[::-1].index(name) for name in sharing)
    together = Counter(turns[begun:first_over])
    assert together.total() >= SHARED * EACH / 2, "most of the time all of them send"
    assert max(together.values()) - min(together[name] for name in sharing) <= 3, together


async def test_priorities_on_one_account(scene: Scene) -> None:
    account_id = await factory.account(port=scene.stack.smtp_port, connections=4)
    campaigns = {name: await _on(account_id, name, 400, priority=p) for name, p in (("high", 4), ("low", 6))}
    scene.faults(slow_ms=10)
    for campaign_id in campaigns.values():
        await scene.launch(campaign_id)
    scene.start_worker()
    for campaign_id in campaigns.values():
        assert (await scene.over(campaign_id))["sent"] == 400
    order = _order(scene)
    begin = max(order.index(name) for name in campaigns)
    both = Counter(order[begin : len(order) - order[::-1].index("high")])
    assert both["high"] / both["low"] == pytest.approx(4, rel=0.15)


async def test_a_late_urgent_campaign_passes_a_large_one(scene: Scene) -> None:
    account_id = await factory.account(port=scene.stack.smtp_port, connections=4)
    large = await _on(account_id, "large", 3_000, priority=5)
    urgent = await _on(account_id, "urgent", 40, priority=1)
    scene.faults(slow_ms=15)
    scene.start_worker()
    await scene.launch(large)
    await scene.sent(large, 100)
    await scene.launch(urgent)
    assert (await scene.over(urgent))["sent"] == 40
    assert await scene.status(large) is CampaignStatus.RUNNING
    order = _order(scene)
    first, last = order.index("urgent"), len(order) - order[::-1].index("urgent")
    assert last - first <= 2 * 40  # sixteen turns to one, and what was under way already
    await scene.act(service.cancel, large)


async def test_a_dead_account_stops_its_own_campaigns_only(scene: Scene) -> None:
    dead = await factory.account(port=servers.free_port(), name="Dead")
    stopped = [await _on(dead, f"dead{n}", 20) for n in range(2)]
    good = await scene.campaign(1_500, "good-", connections=5)
    scene.faults(slow_ms=5)
    scene.start_worker()
    for campaign_id in (*stopped, good):
        await scene.launch(campaign_id)
    assert (await scene.over(good))["sent"] == 1_500

    async def paused() -> bool:
        return all([await scene.status(campaign_id) is CampaignStatus.PAUSED for campaign_id in stopped])

    await eventually(paused, 60)
    for campaign_id in stopped:
        assert "“Dead” does not work" in await _reason(campaign_id)
        assert await scene.counters(campaign_id) == {"pending": 20, "total": 20}


async def test_an_account_whose_server_says_nothing_holds_up_nobody(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:  # connects, and never greets
        silent = await _on(await factory.account(port=listening.getsockname()[1]), "silent", 700)
        good = await scene.campaign(1_500, "good-", connections=5)
        scene.faults(slow_ms=5)
        scene.start_worker()
        await scene.launch(silent)
        with (await asyncio.to_thread(listening.accept))[0]:  # the first account has begun to wait
            await scene.launch(good)
            assert (await scene.over(good))["sent"] == 1_500
            assert await scene.counters(silent) == {"pending": 700, "total": 700}
            await scene.act(service.cancel, silent)
