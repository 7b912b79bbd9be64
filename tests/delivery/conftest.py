"""An engine in this process, against scripted servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from campaign_app.channels import registry
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.delivery import service
from campaign_app.delivery.runtime.engine import Engine
from tests.delivery.scripted import Script, ScriptedAdapter

Drive = Callable[..., Awaitable[None]]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[int, Script]:
    """Account id → what its server does."""
    found: dict[int, Script] = {}
    adapter = ScriptedAdapter(found)
    monkeypatch.setattr(registry, "adapter", lambda _channel: adapter)
    return found


@pytest.fixture
async def engine(redis_url: str, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """A running engine on either database; retries are due after a few hundredths of a second."""
    monkeypatch.setenv("BEACON_RETRY_SECONDS", "[0.05, 0.05]")
    settings.cache_clear()
    made = Engine()
    made.start()
    yield made
    await made.drain(1.0)
    await made.close()


@pytest.fixture
def drive(engine: Engine) -> Drive:
    """Run a campaign's chain to its end, as the jobs would."""

    async def run(*campaigns: int, seconds: float = 100.0) -> None:
        async def chain(campaign_id: int) -> None:
            again = await engine.run_batch(campaign_id)
            while again.at is not None:
                await asyncio.sleep(max(0.0, (again.at - clock.now()).total_seconds()))  # as a deferred job would
                again = await engine.run_batch(campaign_id)

        async with asyncio.timeout(seconds):
            await asyncio.gather(*(chain(campaign_id) for campaign_id in campaigns))
            await engine.writer.settle(5.0)

    return run


async def launch(campaign_id: int) -> None:
    """Launch as the system."""
    async with db.transaction() as session:
        await service.launch(session, SYSTEM, campaign_id)
