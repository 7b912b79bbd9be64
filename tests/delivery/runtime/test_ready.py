"""No way into sending passes a workspace without an address that recipients can open, or without a postal one."""

import json
from typing import Any

import pytest

from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.delivery import service
from campaign_app.delivery.errors import SetupIncomplete
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.campaign import Campaign, CampaignStatus
from tests.delivery import factory
from tests.delivery.conftest import launch
from tests.delivery.scripted import Script
from tests.settled import PUBLIC_URL, settle

pytestmark = pytest.mark.usefixtures("redis_url", "database")
ELSEWHERE = "https://news.meridian-supply.com"


async def _ready(**values: Any) -> int:
    return await factory.campaign(await factory.account(), [await factory.audience(3)], **values)


async def _settle(**values: Any) -> None:
    async with db.transaction() as session:
        await settle(session, **values)


async def _get(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
    assert found is not None
    return found


@pytest.mark.parametrize(("missing", "words"), [("public_url", "cannot open"), ("postal_address", "postal address")])
async def test_a_launch_is_refused(missing: str, words: str) -> None:
    campaign_id = await _ready()
    await _settle(**{missing: ""})
    with pytest.raises(SetupIncomplete, match=words):
        await launch(campaign_id)
    assert await factory.statuses_of(campaign_id) == {}


async def test_no_postal_address_is_fine_when_the_workspace_says_so() -> None:
    campaign_id = await _ready()
    await _settle(postal_address="", needs_postal_address=False)
    await launch(campaign_id)
    assert (await _get(campaign_id)).status is CampaignStatus.RUNNING


async def test_the_sandbox_needs_no_public_address() -> None:
    campaign_id = await _ready()
    await _settle(public_url="")
    (settings().var_dir / "sandbox").mkdir()
    (settings().var_dir / "sandbox" / "ports.json").write_text(json.dumps({"smtp_port": 2525}))
    await launch(campaign_id)
    assert (await _get(campaign_id)).status is CampaignStatus.RUNNING


async def test_nothing_goes_on_either() -> None:
    campaign_id = await _ready()
    await launch(campaign_id)
    async with db.transaction() as session:
        await service.pause(session, SYSTEM, campaign_id)
    await _settle(public_url="")
    for act in (service.resume, service.launch):
        with pytest.raises(SetupIncomplete):
            async with db.transaction() as session:
                await act(session, SYSTEM, campaign_id)
    assert (await _get(campaign_id)).status is CampaignStatus.PAUSED


async def test_a_schedule_holds_it_back_with_the_reason() -> None:
    at = clock.now()
    campaign_id = await _ready(status=CampaignStatus.SCHEDULED, send_at=at)
    await _settle(public_url="")
    await service.start_scheduled(at)
    held = await _get(campaign_id)
    assert held.status is CampaignStatus.PAUSED
    assert "cannot open the links" in held.status_reason


async def test_a_worker_takes_up_a_new_address_between_two_messages(engine: Engine, scripts: dict[int, Script]) -> None:
    """The lane of a running campaign is kept from lease to lease; a change in the settings makes a new one."""
    campaign_id = await _ready()
    scripts[int((await _get(campaign_id)).account_id or 0)] = Script()
    await launch(campaign_id)
    runner = await engine.registry.get(campaign_id)
    assert runner.addresses.make(1).variables["unsubscribe_url"].startswith(f"{PUBLIC_URL}/u/")  # type: ignore[union-attr]
    await _settle(public_url=ELSEWHERE, postal_address="Street 2")
    runner = await engine.registry.get(campaign_id)
    assert runner.addresses.make(1).variables["unsubscribe_url"].startswith(f"{ELSEWHERE}/u/")  # type: ignore[union-attr]
    assert runner.common == {"postal_address": "Street 2"}  # type: ignore[union-attr]
