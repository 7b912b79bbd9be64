"""The actor of a session, for edges without a transaction. Also records that the session is used.

Every handler and route gets its actor from here, so a required second factor that is missing is checked here: then
only its set-up is allowed.
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
"""The key in a socket's ASGI scope by which the guard marks a socket without a session."""


async def current_actor(digest: str, ip: str = "", *, in_use: bool = True, for_set_up: bool = False) -> Actor | None:
    """The actor of the session with this token digest; None when the session is not valid.

    Records the use at most once a minute per session. `in_use` False: the request was not made by a person and does
    not keep the session alive. `for_set_up`: also for people who must set up a second factor first; then their actor
    has no permissions.

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
