"""For edges that hold no transaction: who is at the other end of a session, noting its use.

Every handler and route gets its actor from here. So this is where a second factor that is required and missing stops
everything but its set-up.
"""

from dataclasses import replace
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import repository, service
from campaign_app.auth.errors import FactorRequired
from campaign_app.auth.permissions import actor_of
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor

STRANGER: Final = "beacon.stranger"
"""Where the guard says in the ASGI scope of a socket that it came without a session."""


async def current_actor(digest: str, ip: str = "", *, in_use: bool = True, for_set_up: bool = False) -> Actor | None:
    """The actor of a session by its token's digest, None when it lets nobody in.

    Notes the use at most once a minute and session; what nobody asked for (`in_use` False) keeps no session alive.
    `for_set_up`: for what somebody may do who has to set up a second factor; such an actor has no permissions.

    Raises:
        FactorRequired: a second factor is required and missing, and this is not `for_set_up`.
    """
    if not digest:
        return None
    async with db.reading() as session:
        actor, stale, lacks_factor = await _look_up(session, digest, ip)
    if actor and lacks_factor:
        if not for_set_up:
            raise FactorRequired
        actor = replace(actor, permissions=frozenset())
    if stale and in_use:
        async with db.transaction() as session:
            await service.touch(session, digest)
    return actor


async def _look_up(session: AsyncSession, digest: str, ip: str) -> tuple[Actor | None, bool, bool]:
    now = clock.now()
    found = await repository.session_and_user(session, digest, now)
    if found is None:
        return None, False, False
    living, user, lacks_factor = found
    return actor_of(user, ip or living.ip), living.last_used_at < now - service.TOUCH_AFTER, lacks_factor
