"""Every SQL statement about second factors and recovery codes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.setting import Setting
from campaign_app.models.user import RecoveryCode, Role, SecondFactor, User

_REQUIRED: Final = "second_factor_required"  # required if the row exists


async def find(session: AsyncSession, user_id: int) -> SecondFactor | None:
    """The person's factor, confirmed or not."""
    return await session.get(SecondFactor, user_id, populate_existing=True)


async def begin(session: AsyncSession, user_id: int, sealed: str) -> bool:
    """Store an unconfirmed secret, replacing an earlier unconfirmed one; False when a factor is in use."""
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
    """Confirm the factor, so that it is asked for; False when it was already confirmed."""
    statement = (
        sa.update(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id, col(SecondFactor.enabled_at).is_(None))
        .values(enabled_at=now)
        .returning(col(SecondFactor.user_id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def take_step(session: AsyncSession, user_id: int, step: int) -> bool:
    """Accept the code of a time step; False when this or a later one was already accepted."""
    statement = (
        sa.update(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id, col(SecondFactor.last_step) < step)
        .values(last_step=step)
        .returning(col(SecondFactor.user_id))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def take_recovery_code(session: AsyncSession, user_id: int, digest: str, now: datetime) -> bool:
    """Use up a recovery code; False when there is no such unused code."""
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
    """Replace all recovery codes by these."""
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
    """Delete the factor and its codes; False when no factor was in use."""
    await session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    statement = sa.delete(SecondFactor).where(col(SecondFactor.user_id) == user_id)
    found = await session.execute(statement.returning(col(SecondFactor.enabled_at)))
    return found.scalar_one_or_none() is not None


async def is_required(session: AsyncSession) -> bool:
    """Whether the workspace requires a factor of some roles."""
    return (await session.exec(select(Setting.key).where(Setting.key == _REQUIRED))).first() is not None


async def require(session: AsyncSession, required: bool) -> bool:
    """Change whether it is required; False when nothing changed."""
    statement: Any = sa.delete(Setting).where(col(Setting.key) == _REQUIRED)
    if required:
        dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        statement = dialect.insert(Setting).values(key=_REQUIRED, value={}).on_conflict_do_nothing()
    done = await session.execute(statement.returning(col(Setting.key)))
    return done.scalar_one_or_none() is not None


def is_missing(roles: Collection[Role]) -> sa.ColumnElement[bool]:
    """Condition for a query over users: a factor is required of the user, who has one of `roles`, and is missing."""
    required = sa.exists().where(col(Setting.key) == _REQUIRED)
    return sa.and_(col(User.role).in_(roles), required, ~_has_one())


async def count(session: AsyncSession, roles: Collection[Role]) -> tuple[int, int]:
    """(number of active people with one of the roles, number of them without a factor)."""
    without = sa.func.count(sa.case((~_has_one(), 1)))
    query = select(sa.func.count(col(User.id)), without).where(col(User.role).in_(roles), col(User.is_active))
    people, lacking = (await session.exec(query)).one()
    return people, lacking


def _has_one() -> sa.ColumnElement[bool]:
    enabled = col(SecondFactor.enabled_at).is_not(None)
    return sa.exists().where(col(SecondFactor.user_id) == col(User.id), enabled)
