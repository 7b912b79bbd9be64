"""Every SQL statement about users and sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import factor_repository, permissions
from campaign_app.core.config import settings
from campaign_app.models.setting import Setting
from campaign_app.models.user import Role, User, UserSession

_LOCK = 0x55534552
_SETUP = "setup_link"


async def lock_users(session: AsyncSession) -> None:
    """Only one transaction at a time decides about owners (PostgreSQL; SQLite has only one writer)."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def any_user(session: AsyncSession) -> bool:
    """Whether anyone exists."""
    return (await session.exec(select(User.id).limit(1))).first() is not None


async def stored_setup(session: AsyncSession) -> dict[str, Any]:
    """What is stored of the link for the first owner; {} when there is none."""
    found = await session.get(Setting, _SETUP, populate_existing=True)
    return found.value if found else {}


async def keep_setup(session: AsyncSession, value: dict[str, Any]) -> None:
    """Store the link, replacing the one before. The caller holds the lock."""
    found = await session.get(Setting, _SETUP) or Setting(key=_SETUP)
    found.value = value
    session.add(found)
    await session.flush()


async def forget_setup(session: AsyncSession) -> None:
    """Delete the link: it was used or is no longer needed."""
    await session.execute(sa.delete(Setting).where(col(Setting.key) == _SETUP))


async def by_email(session: AsyncSession, email: str) -> User | None:
    """The user who signs in with this address (lower case)."""
    return (await session.exec(select(User).where(User.email == email))).first()


async def by_id(session: AsyncSession, user_id: int) -> User | None:
    """One user, read from the database again."""
    return await session.get(User, user_id, populate_existing=True)


async def all_users(session: AsyncSession) -> Sequence[User]:
    """Everyone: active first, then by name."""
    query = select(User).order_by(col(User.is_active).desc(), sa.func.lower(User.name), col(User.id))
    return (await session.exec(query)).all()


async def other_owners(session: AsyncSession, user_id: int) -> int:
    """How many active owners there are, not counting this user."""
    query = select(sa.func.count(col(User.id))).where(User.role == Role.OWNER, col(User.is_active), User.id != user_id)
    return (await session.exec(query)).one()


def _is_living(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions of a valid session: not revoked, not expired, not idle for too long."""
    idle = timedelta(hours=settings().session_idle_hours)
    return (
        col(UserSession.revoked_at).is_(None),
        col(UserSession.expires_at) > now,
        col(UserSession.last_used_at) > now - idle,
    )


async def session_and_user(session: AsyncSession, digest: str, now: datetime) -> tuple[UserSession, User, bool] | None:
    """The valid session of a token digest, its active user, and whether a required second factor is missing."""
    query = (
        select(UserSession, User, factor_repository.is_missing(permissions.FACTOR_ROLES))
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(
            UserSession.token_digest == digest,
            *_is_living(now),
            col(User.is_active),
        )
    )
    return (await session.exec(query)).first()


async def living_sessions(session: AsyncSession, user_id: int, now: datetime) -> Sequence[UserSession]:
    """The user's valid sessions, last used first."""
    query = (
        select(UserSession)
        .where(UserSession.user_id == user_id, *_is_living(now))
        .order_by(col(UserSession.last_used_at).desc(), col(UserSession.id).desc())
    )
    return (await session.exec(query)).all()


async def touch(session: AsyncSession, digest: str, now: datetime, unless_since: datetime) -> bool:
    """Record that a session is used; False when that was recorded after `unless_since`."""
    statement = (
        sa.update(UserSession)
        .where(col(UserSession.token_digest) == digest, col(UserSession.last_used_at) < unless_since)
        .values(last_used_at=now)
        .returning(col(UserSession.user_id))
    )
    user_id = (await session.execute(statement)).scalar_one_or_none()
    if user_id is None:
        return False
    await session.execute(sa.update(User).where(col(User.id) == user_id).values(last_seen_at=now))
    return True


async def revoke(
    session: AsyncSession, user_id: int, now: datetime, *, session_id: int | None = None, keep_digest: str = ""
) -> int:
    """End one session, or all of the user's except the one with `keep_digest`; returns how many were ended."""
    statement = sa.update(UserSession).where(
        col(UserSession.user_id) == user_id,
        col(UserSession.revoked_at).is_(None),
        col(UserSession.token_digest) != keep_digest,
    )
    if session_id is not None:
        statement = statement.where(col(UserSession.id) == session_id)
    done = await session.execute(statement.values(revoked_at=now).returning(col(UserSession.id)))
    return len(done.scalars().all())


async def forget_dead_sessions(session: AsyncSession, user_id: int, before: datetime) -> None:
    """Delete the user's sessions that ended before an instant."""
    await session.execute(
        sa.delete(UserSession).where(
            col(UserSession.user_id) == user_id,
            sa.or_(col(UserSession.expires_at) < before, col(UserSession.revoked_at) < before),
        )
    )
