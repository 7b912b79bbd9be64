"""For edges that hold no transaction: who is at the other end of a session, noting its use."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import repository, service
from campaign_app.auth.permissions import actor_of
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor

STRANGER: Final = "beacon.stranger"
"""Where the guard says in the ASGI scope of a socket that it came without a session."""


async def current_actor(digest: str, ip: str = "", *, in_use: bool = True) -> Actor | None:
    """The actor of a session by its token's digest, None when it lets nobody in.

    Notes the use at most once a minute and session; what nobody asked for (`in_use` False) keeps no session alive.
    """
    if not digest:
        return None
    async with db.reading() as session:
        actor, stale = await _look_up(session, digest, ip)
    if stale and in_use:
        async with db.transaction() as session:
            await service.touch(session, digest)
    return actor


async def _look_up(session: AsyncSession, digest: str, ip: str) -> tuple[Actor | None, bool]:
    now = clock.now()
    found = await repository.session_and_user(session, digest, now)
    if found is None:
        return None, False
    living, user = found
    return actor_of(user, ip or living.ip), living.last_used_at < now - service.TOUCH_AFTER
