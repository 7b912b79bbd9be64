"""An installation for stories of the engine: real worker processes, the sandbox as witness, one database, one Redis."""

import asyncio
import json
import os
import random
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Lease, LeaseState
from tests import servers
from tests.delivery import factory
from tests.stack import Stack

FINAL = {"sent", "failed", "skipped", "uncertain"}


async def eventually(true: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Return as soon as it is true. Other processes make it so: there is nothing to wait on but time."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class Scene:
    """Everything a scenario does, in its own words."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.workers = 0

    # ── processes ──

    def start_worker(self) -> str:
        """One more worker; its name."""
        name = f"worker{self.workers}"
        self.workers += 1
        self.stack.start_worker(name)
        return name

    def kill(self, name: str) -> None:
        """SIGKILL, at whatever it is doing."""
        self.stack.stop(name, signal.SIGKILL)

    def delete_journals(self) -> None:
        """As if the disk had been lost."""
        for path in (self.stack.var / "journal").glob("*"):
            path.unlink()

    # ── the sandbox ──

    def _call(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.stack.sandbox_url}{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())

    def faults(self, **settings: Any) -> None:
        """Set the sandbox's faults."""
        self._call("/api/faults", settings)

    def witness(self) -> dict[str, int]:
        """What the sandbox's own log says: accepted, distinct, duplicates."""
        found: dict[str, int] = json.loads(self._call("/api/log"))
        return found

    # ── campaigns ──

    async def campaign(self, count: int, prefix: str = "person", connections: int = 10, **values: Any) -> int:
        """A campaign ready to launch."""
        account_id = await factory.account(port=self.stack.smtp_port, connections=connections)
        return await factory.campaign(account_id, [await factory.audience(count, prefix)], **values)

    async def act(self, use_case: Callable[..., Awaitable[Any]], campaign_id: int) -> None:
        """launch, pause, resume, cancel."""
        async with db.transaction() as session:
            await use_case(session, SYSTEM, campaign_id)

    async def launch(self, campaign_id: int) -> None:
        """Begin."""
        await self.act(service.launch, campaign_id)

    async def counters(self, campaign_id: int) -> Counter[str]:
        """The counter row."""
        return Counter(await factory.counters_of(campaign_id))

    async def until(
        self, true: Callable[[Counter[str]], bool], campaign_id: int, seconds: float = 90.0
    ) -> Counter[str]:
        """Poll the counters until they are as wanted."""
        found: Counter[str] = Counter()

        async def reached() -> bool:
            nonlocal found
            found = await self.counters(campaign_id)
            return true(found)

        try:
            await eventually(reached, seconds)
        except TimeoutError:
            raise AssertionError(f"still {dict(found)} after {seconds} s\n{self.logs()}") from None
        return found

    def logs(self) -> str:
        """The end of every worker's log."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.stack.var.glob("worker*.log"))
        )

    async def sent(self, campaign_id: int, count: int) -> Counter[str]:
        """Wait until so many have gone."""
        return await self.until(lambda found: found["sent"] >= count, campaign_id)

    async def over(self, campaign_id: int, seconds: float = 90.0) -> Counter[str]:
        """Wait until nobody is pending and the campaign has ended."""
        found = await self.until(lambda found: found["total"] > 0 and not found["pending"], campaign_id, seconds)

        async def ended() -> bool:
            return await self.status(campaign_id) is not CampaignStatus.RUNNING

        await eventually(ended)
        await factory.assert_sound(campaign_id)
        return found

    async def status(self, campaign_id: int) -> CampaignStatus:
        """The campaign's status."""
        async with db.reading() as session:
            found = await session.get(Campaign, campaign_id)
            assert found is not None
            return found.status

    async def all_given_back(self) -> bool:
        """Whether nobody holds a lease."""
        return not await self.held_leases()

    async def ready(self, *names: str) -> None:
        """Wait until these workers have started."""

        async def started() -> bool:
            return all("worker ready" in self.stack.log(name) for name in names)

        await eventually(started, 60.0)

    async def says(self, name: str, words: str) -> None:
        """Wait until a worker's log has these words."""

        async def logged() -> bool:
            return words in self.stack.log(name)

        await eventually(logged, 60.0)

    async def held_leases(self) -> int:
        """How many leases somebody holds."""
        async with db.reading() as session:
            statement = sa.select(sa.func.count()).select_from(Lease).where(Lease.state == LeaseState.HELD)
            return int((await session.execute(statement)).scalar_one())

    async def leases_read(self) -> int:
        """How many leases somebody holds and has read rows of."""
        async with db.reading() as session:
            read = (Lease.state == LeaseState.HELD) & (Lease.read_through_id >= Lease.first_id)
            return int((await session.execute(sa.select(sa.func.count()).select_from(Lease).where(read))).scalar_one())

    async def random_moment(self, chance: random.Random, low: float = 0.05, high: float = 0.6) -> None:
        """An instant that nobody chose."""
        await asyncio.sleep(chance.uniform(low, high))

    async def check_accounts(self, campaign_id: int, uncertain_at_most: int = 0) -> Counter[str]:
        """Nobody twice, nobody lost: what the database says fits what the sandbox's log says."""
        found, seen = await self.over(campaign_id), self.witness()
        assert seen["duplicates"] == 0, self.logs()
        assert found["uncertain"] <= uncertain_at_most
        assert found["sent"] <= seen["distinct"] <= found["sent"] + found["uncertain"]
        assert sum(found[status] for status in FINAL) == found["total"]
        return found


class OwnRedis:
    """A Redis that can be stopped and started; it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = servers.free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", ""]
        self._process = subprocess.Popen(
            [servers.redis_binary(), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        servers.wait_for_port(self.port)

    def kill(self) -> None:
        """SIGKILL, without waiting for the end."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def environment(stack: Stack) -> Any:
    """This process sees what the workers see."""
    before = dict(os.environ)
    os.environ.update(stack.environment)
    os.environ["BEACON_RETRY_SECONDS"] = "[1, 2, 4, 4, 4, 4]"  # what is put off comes back within the story
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def postgres_away(database_url: str, *, away: bool) -> None:
    """Cut every connection to the database and let nobody in, or let them in again."""
    parts = urlsplit(database_url)
    server, name = database_url.replace(parts.path, "", 1), parts.path.lstrip("/")
    servers._execute(server, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS {"false" if away else "true"}')
    if away:
        servers._execute(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
