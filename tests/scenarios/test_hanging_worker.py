"""One of two workers hangs while it sends: its watchdog ends it, the others settle and send what it held."""

import os
import signal

import pytest

from tests import hanging
from tests.hanging import descendants
from tests.scenarios.scene import Scene, eventually

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
CONNECTIONS = 5


def watched_worker(scene: Scene, name: str) -> None:
    environment = {"BEACON_HANG_SECONDS": "2", **hanging.environment(scene.stack.var / "site")}
    scene.stack.start(name, "campaign_app.launcher.watched", "campaign_app.worker", environment=environment)


def process_of(scene: Scene, name: str) -> int:
    """The worker's own process, below its watchdog."""
    return descendants(scene.stack.processes[name].pid, such=lambda line: "campaign_app.worker" in line)[0]


@pytest.mark.parametrize("how", [signal.SIGSTOP, hanging.HANG], ids=["stopped", "computing"])
async def test_the_others_take_over_what_a_hanging_worker_held(scene: Scene, how: signal.Signals) -> None:
    campaign_id = await scene.campaign(3_000, connections=CONNECTIONS)
    scene.faults(slow_ms=20)
    for name in ("worker0", "worker1"):
        watched_worker(scene, name)
    await scene.ready("worker0", "worker1")
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 200)

    async def both_hold_something() -> bool:
        return await scene.held_leases() >= 2

    await eventually(both_hold_something)
    victim = process_of(scene, "worker0")
    os.kill(victim, how)
    scene.faults(slow_ms=0)

    async def killed() -> bool:
        return f"worker (process {victim}) did not answer" in scene.stack.log("worker0")

    await eventually(killed, 60.0)
    found = await scene.check_accounts(campaign_id, uncertain_at_most=CONNECTIONS)
    assert found["sent"] + found["uncertain"] == 3_000
