"""Two workers really share the work: both hold leases of one campaign at the same time."""

import pytest
import sqlalchemy as sa

from campaign_app.core import db
from tests.scenarios.scene import Scene, eventually

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]


async def test_two_workers_share_one_campaign(scene: Scene) -> None:
    campaign_id = await scene.campaign(6_000, connections=3)
    scene.faults(slow_ms=10)
    await scene.ready(scene.start_worker(), scene.start_worker())
    await scene.launch(campaign_id)

    async def both_hold_leases() -> bool:
        async with db.reading() as session:
            held = await session.execute(sa.text("SELECT COUNT(DISTINCT owner) FROM lease WHERE state = 'held'"))
            return int(held.scalar_one()) == 2

    await eventually(both_hold_leases)
    assert (await scene.check_accounts(campaign_id))["sent"] == 6_000
