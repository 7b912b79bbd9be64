"""People to sign in."""

from datetime import UTC, datetime

import pyotp

from campaign_app.auth import second_factor, service
from campaign_app.auth.current import current_actor
from campaign_app.auth.permissions import actor_of
from campaign_app.auth.schemas import NewUser, SignedIn
from campaign_app.core import crypto, db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.models.user import Role, User

PASSWORD = "correct horse battery"
IP = "203.0.113.9"


async def add(email: str, role: Role = Role.VIEWER, name: str = "Ines Keller") -> User:
    """Store a person whose password is PASSWORD."""
    async with db.transaction() as session:
        new = NewUser(email=email, name=name, role=role, password=PASSWORD)
        return (await service.create_user(session, SYSTEM, new)).user


async def enter(email: str, password: str = PASSWORD, ip: str = IP, marks: str = "") -> SignedIn:
    """Sign in."""
    async with db.transaction() as session:
        user = await service.check_credentials(session, email, password, ip, marks)
        return await service.open_session(session, user.id or 0, ip, "Firefox")


async def who(token: str) -> Actor | None:
    """The actor of a token; records the use of its session."""
    return await current_actor(crypto.digest(token))


async def protect(user: User) -> tuple[pyotp.TOTP, list[str]]:
    """Set the second factor up like its card does; returns the app and the recovery codes."""
    actor = actor_of(user, IP)
    async with db.transaction() as session:
        await second_factor.begin(session, actor)
        app = pyotp.TOTP((await second_factor.setup(session, actor)).secret)
    async with db.transaction() as session:
        codes = await second_factor.confirm(session, actor, app.at(datetime.now(UTC)))
    return app, codes
