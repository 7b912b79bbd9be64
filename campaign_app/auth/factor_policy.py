"""The workspace's setting that owners and admins must have a second factor."""

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.auth import factor_repository, people
from campaign_app.auth.errors import OwnFactorFirst
from campaign_app.auth.permissions import FACTOR_ROLES
from campaign_app.auth.schemas import FactorPolicy
from campaign_app.core.actor import Actor


async def get(session: AsyncSession, actor: Actor) -> FactorPolicy:
    """Whether the setting is on, and how many people have no factor."""
    actor.require("workspace:read")
    everybody, without = await factor_repository.count(session, FACTOR_ROLES)
    return FactorPolicy(await factor_repository.is_required(session), without, everybody)


async def require(session: AsyncSession, actor: Actor, required: bool) -> None:
    """Switch it on or off. It takes effect at once, also for people who are signed in (`current.current_actor`).

    Raises:
        OwnFactorFirst: the actor wants to switch it on and has no factor.
    """
    actor.require("workspace:write")
    if required and not await factor_repository.is_required(session):
        own = await factor_repository.find(session, people.own_id(actor))
        if own is None or own.enabled_at is None:
            raise OwnFactorFirst
    if await factor_repository.require(session, required):
        change = {"from": not required, "to": required}
        await audit.record(session, actor, "workspace.update", "workspace", "", "", second_factor_required=change)
