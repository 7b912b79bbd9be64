"""Use cases of people and their sessions."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.auth import (
    factor_repository,
    known_devices,
    passwords,
    people,
    permissions,
    repository,
    rules,
    setup_link,
    throttle,
)
from campaign_app.auth.errors import (
    AddressTaken,
    AlreadySetUp,
    LastOwner,
    NoSetupLink,
    SecondFactorNeeded,
    WrongCredentials,
)
from campaign_app.auth.schemas import CreatedUser, NewUser, SessionRow, SignedIn, UserPatch
from campaign_app.core import clock, crypto
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.config import settings
from campaign_app.core.errors import NotFound
from campaign_app.models.user import Role, User, UserSession

_TOKEN_BYTES = 32
_KEEP_DEAD_SESSIONS = timedelta(days=30)
TOUCH_AFTER = timedelta(minutes=1)


async def has_users(session: AsyncSession) -> bool:
    """Whether the first owner exists."""
    return await repository.any_user(session)


async def create_owner(session: AsyncSession, email: str, name: str, password: str, time_zone: str = "") -> User:
    """Create the first user.

    Raises:
        AlreadySetUp: a user exists.
        Invalid: address, name or password is not accepted.
    """
    new = rules.checked(NewUser(email=email, name=name, role=Role.OWNER, password=password, time_zone=time_zone))
    hashed = await passwords.hash_password(new.password)
    await repository.lock_users(session)
    if await repository.any_user(session):
        raise AlreadySetUp(
            "This installation has an owner already. Sign in, or ask the owner to add you.", title="Already set up"
        )
    user = await _store(session, new, hashed)
    await audit.record(session, permissions.actor_of(user), "user.create", "user", user.id, user.name, role=user.role)
    return user


async def claim(session: AsyncSession, token: str, email: str, name: str, password: str) -> User:
    """Create the first owner with the one-time link. Of several simultaneous claims exactly one succeeds.

    Raises:
        AlreadySetUp: a user exists.
        NoSetupLink: the token is not that of the current link.
        Invalid: address, name or password is not accepted; the link stays valid.
    """
    if not await repository.any_user(session) and not await setup_link.allows(session, token):
        raise NoSetupLink
    owner = await create_owner(session, email, name, password)
    await repository.forget_setup(session)
    return owner


async def create_user(session: AsyncSession, actor: Actor, new: NewUser) -> CreatedUser:
    """Add a person; without a password one is generated and is in the answer.

    Raises:
        Forbidden: the role is above the actor's own.
        AddressTaken: somebody already signs in with this address.
    """
    actor.require("users:write")
    people.check_reach(actor, new.role)
    made_up = "" if new.password else passwords.made_up()
    new = rules.checked(new.model_copy(update={"password": new.password or made_up}))
    hashed = await passwords.hash_password(new.password)
    await _check_free(session, new.email)
    user = await _store(session, new, hashed)
    await audit.record(session, actor, "user.create", "user", user.id, user.name, role=user.role, email=user.email)
    return CreatedUser(user, made_up)


async def _store(session: AsyncSession, new: NewUser, hashed: str) -> User:
    user = User(email=new.email, name=new.name, password_hash=hashed, role=new.role, time_zone=new.time_zone)
    session.add(user)
    await session.flush()
    return user


async def list_users(session: AsyncSession, actor: Actor) -> Sequence[User]:
    """Everyone; people who may sign in come first."""
    actor.require("users:read")
    return await repository.all_users(session)


async def get_user(session: AsyncSession, actor: Actor, user_id: int) -> User:
    """One person. Everybody may see themselves."""
    if user_id != actor.user_id:
        actor.require("users:read")
    return await people.found(session, user_id)


async def update_user(session: AsyncSession, actor: Actor, user_id: int, patch: UserPatch) -> User:
    """Change a person. A person who is switched off is signed out everywhere at once.

    Raises:
        Forbidden: the person or the new role is above the actor's own role.
        LastOwner: no active owner would be left.
    """
    actor.require("users:write")
    await repository.lock_users(session)
    user = await people.found(session, user_id)
    changes = rules.checked_patch(user, patch)
    people.check_reach(actor, user.role)
    people.check_reach(actor, changes.get("role", user.role))
    await _check_last_owner(session, user, changes)
    if "email" in changes:
        await _check_free(session, changes["email"])
    details = {field: {"from": getattr(user, field), "to": value} for field, value in changes.items()}
    if not changes:
        return user
    user.sqlmodel_update(changes)
    session.add(user)
    if changes.get("is_active") is False:
        await repository.revoke(session, user_id, clock.now())
    await audit.record(session, actor, "user.update", "user", user_id, user.name, **details)
    return user


async def reset_password(session: AsyncSession, actor: Actor, user_id: int) -> str:
    """A generated password for someone who forgot theirs, to be shown once; signs them out everywhere."""
    actor.require("users:write")
    made_up = passwords.made_up()
    hashed = await passwords.hash_password(made_up)
    user = await people.found(session, user_id)
    people.check_reach(actor, user.role)
    user.password_hash = hashed
    session.add(user)
    await repository.revoke(session, user_id, clock.now())
    await audit.record(session, actor, "user.reset_password", "user", user_id, user.name)
    return made_up


async def set_password(session: AsyncSession, email: str, password: str) -> User:
    """Set anyone's password, for the command line; signs them out everywhere."""
    user = await repository.by_email(session, rules.normal_email(email))
    if user is None or user.id is None:
        raise NotFound("Nobody signs in with this address.", title="No such person")
    rules.check_password(password, user)
    user.password_hash = await passwords.hash_password(password)
    session.add(user)
    await repository.revoke(session, user.id, clock.now())
    await audit.record(session, SYSTEM, "user.reset_password", "user", user.id, user.name)
    return user


async def update_profile(session: AsyncSession, actor: Actor, *, name: str, time_zone: str) -> User:
    """Change the actor's own name and time zone."""
    user = await people.found(session, people.own_id(actor))
    changes = rules.checked_patch(user, UserPatch(name=name, time_zone=time_zone))
    if changes:
        user.sqlmodel_update(changes)
        session.add(user)
        await audit.record(session, actor, "user.update_profile", "user", user.id, user.name, **changes)
    return user


async def check_credentials(session: AsyncSession, email: str, password: str, ip: str, marks: str = "") -> User:
    """The user with these credentials. Counts the attempt. An unknown address gives the same answer in the same time as
    a wrong password.

    `marks` are the browser's (known_devices): if one belongs to the account, only attempts of this browser count.

    Raises:
        WrongCredentials, SignInThrottled, Unavailable.
    """
    address = email.strip().lower()[:254]
    user = await repository.by_email(session, address)
    device = known_devices.find(marks, user.id or 0) if user else ""
    counters = throttle.known_device(device) if device else throttle.stranger(address, ip)
    await throttle.count(counters)
    right = await passwords.matches(user.password_hash if user else None, password)
    if user is None or not right or not user.is_active:
        raise WrongCredentials
    await throttle.forgive(counters)
    return user


async def open_session(
    session: AsyncSession, user_id: int, ip: str, user_agent: str, *, code_was_right: bool = False
) -> SignedIn:
    """A new session with a new token, for someone whose password was right.

    Raises:
        SecondFactorNeeded: the person has a factor, and no code was checked.
    """
    user = await repository.by_id(session, user_id)
    if user is None or user.id is None or not user.is_active:
        raise WrongCredentials
    factor = await factor_repository.find(session, user.id)
    if factor is not None and factor.enabled_at is not None and not code_was_right:
        raise SecondFactorNeeded
    now = clock.now()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    fresh = UserSession(
        user_id=user.id,
        token_digest=crypto.digest(token),
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=settings().session_days),
        ip=ip[:64],
        user_agent=rules.plain(user_agent, 255),
    )
    session.add(fresh)
    user.last_seen_at = now
    session.add(user)
    await repository.forget_dead_sessions(session, user.id, now - _KEEP_DEAD_SESSIONS)
    await audit.record(session, permissions.actor_of(user, ip), "session.sign_in", "user", user.id, user.name)
    return SignedIn(token, user, fresh.expires_at)


async def sign_in(session: AsyncSession, email: str, password: str, ip: str, user_agent: str) -> SignedIn:
    """Check and open in one transaction. Web edges call the two separately, so that hashing holds no write lock."""
    user = await check_credentials(session, email, password, ip)
    assert user.id is not None
    return await open_session(session, user.id, ip, user_agent)


async def sign_out(session: AsyncSession, digest: str, ip: str = "") -> None:
    """End the session with this token digest; an unknown digest is ignored."""
    found = await repository.session_and_user(session, digest, clock.now())
    if found is None:
        return
    ended, user, _ = found
    await repository.revoke(session, ended.user_id, clock.now(), session_id=ended.id)
    await audit.record(session, permissions.actor_of(user, ip), "session.sign_out", "user", user.id, user.name)


async def change_password(session: AsyncSession, actor: Actor, old: str, new: str, current: str = "") -> None:
    """Set the actor's password; all sessions end except the one with the digest `current`.

    Raises:
        Invalid: the old password is wrong, or the new one is not accepted.
        SignInThrottled: there were too many attempts.
    """
    user = await people.found(session, people.own_id(actor))
    await people.check_own_password(user, old, field="old", title="Password not changed")
    rules.check_password(new, user, field="new")
    user.password_hash = await passwords.hash_password(new)
    session.add(user)
    ended = await repository.revoke(session, people.own_id(actor), clock.now(), keep_digest=current)
    await audit.record(session, actor, "user.change_password", "user", user.id, user.name, sessions_ended=ended)


async def sessions_of(session: AsyncSession, actor: Actor, current: str = "") -> list[SessionRow]:
    """The actor's own valid sessions, last used first; `current` is the digest of the current one."""
    rows = await repository.living_sessions(session, people.own_id(actor), clock.now())
    return [
        SessionRow(
            id=row.id or 0,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            ip=row.ip,
            user_agent=row.user_agent,
            is_current=row.token_digest == current,
        )
        for row in rows
    ]


async def revoke_session(session: AsyncSession, actor: Actor, session_id: int) -> None:
    """End one of the actor's own sessions.

    Raises:
        NotFound: the session is somebody else's or has ended.
    """
    if not await repository.revoke(session, people.own_id(actor), clock.now(), session_id=session_id):
        raise NotFound("This session has ended already.", title="Nothing to end")
    await audit.record(session, actor, "session.revoke", "session", session_id)


async def revoke_other_sessions(session: AsyncSession, actor: Actor, current: str) -> int:
    """End all of the actor's sessions except the one with the digest `current`; returns how many."""
    ended = await repository.revoke(session, people.own_id(actor), clock.now(), keep_digest=current)
    if ended:
        await audit.record(session, actor, "session.revoke_others", "user", actor.user_id, actor.name, ended=ended)
    return ended


async def touch(session: AsyncSession, digest: str) -> bool:
    """Record that the session is in use, at most once a minute."""
    now = clock.now()
    return await repository.touch(session, digest, now, now - TOUCH_AFTER)


async def _check_free(session: AsyncSession, email: str) -> None:
    if await repository.by_email(session, email) is not None:
        raise AddressTaken(
            f"Somebody signs in with {email} already. Use another address, or change that person.",
            title="Address in use",
        )


async def _check_last_owner(session: AsyncSession, user: User, changes: dict[str, object]) -> None:
    stays = changes.get("role", user.role) is Role.OWNER and changes.get("is_active", user.is_active)
    if user.role is not Role.OWNER or not user.is_active or stays:
        return
    if not await repository.other_owners(session, user.id or 0):
        raise LastOwner(f"{user.name} is the only owner. Make somebody else owner first.", title="The last owner stays")
