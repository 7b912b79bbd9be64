"""Redis at its memory limit refuses to store: sending stops, nothing is lost, and all goes on once there is room."""

import pytest

from campaign_app.core import redis
from campaign_app.ops import checkup, memory
from tests.scenarios.scene import Scene, eventually

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]


async def test_sending_stops_at_the_limit_and_goes_on_after_it(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    campaign_id = await scene.campaign(2_000, connections=5)
    scene.faults(slow_ms=20)
    worker = scene.start_worker()
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 100)
    client = redis.client()
    await client.config_set("maxmemory-policy", "noeviction")
    await client.config_set("maxmemory", "1mb")

    async def refused() -> bool:
        return "OutOfMemoryError" in scene.stack.log(worker)

    await eventually(refused, 60.0)
    found = {finding.part: finding for finding in await checkup.examine()}["Redis"]
    assert found.state == "problem"
    assert memory.AT_THE_LIMIT in found.words
    assert scene.stack.processes[worker].poll() is None
    await client.config_set("maxmemory", "0")
    over = await scene.check_accounts(campaign_id)
    assert over["sent"] == 2_000
