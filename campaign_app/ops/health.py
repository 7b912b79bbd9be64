"""Whether the parts of the installation answer. For /api/health, the launcher and `doctor`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from campaign_app.core import db, queue, redis
from campaign_app.core.config import ROOT

TIMEOUT_S = 5.0
OK = "ok"
WORKER_KEYS = (f"{queue.WORK}:health-check", f"{queue.SEND}:health-check")


@dataclass(frozen=True, slots=True)
class Health:
    """Each part is "ok" or a short word for the fault; never an error's text, which may contain a password."""

    database: str
    redis: str
    migrations: str
    worker: str

    @property
    def can_serve(self) -> bool:
        """Whether a web process can work: pages need database and Redis, but no worker."""
        return self.database == self.redis == OK

    @property
    def complete(self) -> bool:
        """Whether everything works, including workers."""
        return self.can_serve and self.migrations == self.worker == OK


async def report() -> Health:
    """Ask all parts at the same time; a part that does not answer within 5 s counts as silent."""
    return Health(*await asyncio.gather(*(_state(probe) for probe in (_database, _redis, _migrations, _worker))))


async def _state(probe: Callable[[], Awaitable[str]]) -> str:
    try:
        return await asyncio.wait_for(probe(), TIMEOUT_S)
    except Exception as error:  # drivers raise many types; the part does not work
        return type(error).__name__


async def _database() -> str:
    async with db.reading() as session:
        await session.execute(sa.text("SELECT 1"))
    return OK


async def _redis() -> str:
    await redis.client().exists("health")
    return OK


async def _migrations() -> str:
    async with db.reading() as session:
        found = (await session.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    return OK if set(found) == newest_revisions() else "pending"


async def _worker() -> str:
    return OK if await redis.client().exists(*WORKER_KEYS) == len(WORKER_KEYS) else "missing"


def newest_revisions(folder: Path = ROOT / "alembic") -> set[str]:
    """The heads of the migration scripts."""
    from alembic.script import ScriptDirectory

    return set(ScriptDirectory(str(folder)).get_heads())
