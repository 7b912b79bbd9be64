"""A message that takes too long for somebody: its campaign pauses with the reason, all others go on."""

from time import process_time

import pytest
import sqlalchemy as sa

from campaign_app.channels.email import rendering
from campaign_app.core import db
from campaign_app.delivery.runtime import slow_render
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason
from campaign_app.rendering import budget, isolated
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import Script

# The slowest that the rules allow: every step reads the longest text and makes none, so only the clock stops it.
SLOWEST = (
    "{% set a = note * 45 %}{% for i in range(20000) %}{% if a is upper or 'b' in a or a is upper or 'ab' in a %}x"
    "{% endif %}{% endfor %}"
)


async def _made_hostile(list_prefix: str) -> None:
    async with db.transaction() as session:
        await session.execute(
            sa.update(Contact)
            .where(Contact.email.like(f"{list_prefix}%"))
            .values(attributes={"note": "a" * 2_000, "items": ["x", ["y"]] * 500})
        )


async def _campaign(scripts: dict[int, Script], people: int, prefix: str, html: str) -> int:
    account_id = await factory.account()
    scripts[account_id] = Script()
    return await factory.campaign(account_id, [await factory.audience(people, prefix)], html=html)


async def test_the_slow_one_pauses_and_the_other_goes_on(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    hostile = await _campaign(scripts, 300, "mallory", SLOWEST)
    good = await _campaign(scripts, 300, "anna", "<p>Dear {{ first_name }}</p>")
    await _made_hostile("mallory")
    await launch(hostile)
    await launch(good)
    began = process_time()
    await drive(hostile, good, seconds=100)
    used = process_time() - began
    async with db.reading() as session:
        slow, quick = await session.get(Campaign, hostile), await session.get(Campaign, good)
        rows = (await session.execute(sa.select(Delivery).where(Delivery.campaign_id == hostile))).scalars().all()
    assert slow is not None
    assert quick is not None
    assert quick.status is CampaignStatus.COMPLETED
    assert await factory.counters_of(good) == {"sent": 300, "total": 300}
    assert slow.status is CampaignStatus.PAUSED
    assert "takes too long" in slow.status_reason
    assert "simpler" in slow.status_reason
    skip = [row for row in rows if row.status is DeliveryStatus.SKIPPED]
    assert {row.reason for row in skip} == {Reason.RENDER_ERROR}
    assert all("takes too long" in row.response for row in skip)
    assert 1 <= len(skip) <= 5  # before the pause is in the database a job may try one more
    assert used < 20 * budget.RENDER_S + 10
    await factory.assert_sound(hostile)


async def test_many_that_stay_just_below_pause_it_too(
    engine: Engine, drive: Drive, scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_render, "SLOW_S", 0.0)  # every message is a slow one
    campaign_id = await _campaign(scripts, 50, "otto", "<p>{{ first_name }}</p>")
    await launch(campaign_id)
    await drive(campaign_id)
    async with db.reading() as session:
        campaign = await session.get(Campaign, campaign_id)
    assert campaign is not None
    assert campaign.status is CampaignStatus.PAUSED
    assert "in a row" in campaign.status_reason
    counted = await factory.counters_of(campaign_id)
    assert counted["sent"] == slow_render.IN_A_ROW - 1
    assert counted["pending"] + counted["skipped"] == 50 - counted["sent"]


def test_the_watch_counts_processor_time_and_only_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = used = 0.0
    monkeypatch.setattr(slow_render, "monotonic", lambda: wall)
    monkeypatch.setattr(slow_render, "thread_time", lambda: used)
    watch = slow_render.SlowRenderWatch()

    def one(seconds: float, of_them_used: float) -> bool:
        nonlocal wall, used
        watch.start()
        wall += seconds
        used += of_them_used
        return watch.is_too_slow()

    assert [one(1.0, 0.001) for _ in range(30)] == [False] * 30  # a busy machine
    assert not one(0.001, 0.001)
    assert [one(0.1, 0.1) for _ in range(9)] == [False] * 9
    assert not one(0.001, 0.001)
    assert [one(0.1, 0.1) for _ in range(10)] == [False] * 9 + [True]


async def test_a_failure_of_one_recipient_pauses_nobody(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    html = "<p>{% if first_name == 'First3' %}{{ 1 / 0 }}{% endif %}{{ first_name }}</p>"
    campaign_id = await _campaign(scripts, 20, "ben", html)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 19, "skipped": 1, "total": 20}


async def test_while_the_process_that_reads_is_away_the_campaign_waits(
    engine: Engine, drive: Drive, scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await _campaign(scripts, 5, "eva", "<p>{{ first_name }}</p>")
    await launch(campaign_id)
    prepare, calls = rendering.prepare, 0

    async def away_once(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise isolated.NotRunning
        return await prepare(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rendering, "prepare", away_once)
    await drive(campaign_id)
    assert calls == 2
    assert await factory.counters_of(campaign_id) == {"sent": 5, "total": 5}
