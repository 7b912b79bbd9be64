"""For edges that hold no transaction: who is at the other end of a token, noting the use of the session."""

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import repository, service
from campaign_app.auth.permissions import actor_of
from campaign_app.core import clock, crypto, db
from campaign_app.core.actor import Actor


async def current_actor(token: str, ip: str = "") -> Actor | None:
    """The actor of a token, None when it lets nobody in. Writes at most once a minute and session."""
    if not token:
        return None
    async with db.reading() as session:
        actor, stale = await _look_up(session, token, ip)
    if stale:
        async with db.transaction() as session:
            await service.touch(session, token)
    return actor


async def _look_up(session: AsyncSession, token: str, ip: str) -> tuple[Actor | None, bool]:
    now = clock.now()
    found = await repository.session_and_user(session, crypto.digest(token), now)
    if found is None:
        return None, False
    living, user = found
    return actor_of(user, ip or living.ip), living.last_used_at < now - service.TOUCH_AFTER
