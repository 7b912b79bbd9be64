"""Every SQL statement about second factors and recovery codes."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.user import RecoveryCode, SecondFactor


async def find(session: AsyncSession, user_id: int) -> SecondFactor | None:
    """The person's factor, confirmed or only begun."""
    return await session.get(SecondFactor, user_id, populate_existing=True)


async def begin(session: AsyncSession, user_id: int, sealed: str) -> bool:
    """Keep a secret that is not confirmed, in the place of one that was not either; False when one is in use."""
    removed = sa.delete(SecondFactor).where(
        col(SecondFactor.user_id) == user_id, col(SecondFactor.enabled_at).is_(None)
    )
    await session.execute(removed)
    if await find(session, user_id) is not None:
        return False
    session.add(SecondFactor(user_id=user_id, secret=sealed))
    await session.flush()
    return True


async def enable(session: AsyncSession, user_id: int, now: datetime) -> bool:
    """Ask for it from now on; False when that was so already."""
    statement = (
        sa.update(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id, col(SecondFactor.enabled_at).is_(None))
        .values(enabled_at=now)
        .returning(col(SecondFactor.user_id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def take_step(session: AsyncSession, user_id: int, step: int) -> bool:
    """Accept the code of a time step; False when this one or a later one was accepted before."""
    statement = (
        sa.update(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id, col(SecondFactor.last_step) < step)
        .values(last_step=step)
        .returning(col(SecondFactor.user_id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def take_recovery_code(session: AsyncSession, user_id: int, digest: str, now: datetime) -> bool:
    """Use up a recovery code; False when there is no such one left."""
    statement = (
        sa.update(RecoveryCode)
        .where(
            col(RecoveryCode.user_id) == user_id,
            col(RecoveryCode.digest) == digest,
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=now)
        .returning(col(RecoveryCode.id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def replace_recovery_codes(session: AsyncSession, user_id: int, digests: list[str]) -> None:
    """These and no others."""
    await session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    session.add_all(RecoveryCode(user_id=user_id, digest=digest) for digest in digests)
    await session.flush()


async def codes_left(session: AsyncSession, user_id: int) -> int:
    """How many recovery codes are unused."""
    query = select(sa.func.count(col(RecoveryCode.id))).where(
        RecoveryCode.user_id == user_id, col(RecoveryCode.used_at).is_(None)
    )
    return (await session.exec(query)).one()


async def remove(session: AsyncSession, user_id: int) -> bool:
    """The factor and its codes; False when there was none in use."""
    await session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    statement = sa.delete(SecondFactor).where(col(SecondFactor.user_id) == user_id)
    found = await session.execute(statement.returning(col(SecondFactor.enabled_at)))
    return found.scalar_one_or_none() is not None
