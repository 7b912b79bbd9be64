"""Whom a use case is about: the actor, or somebody whom the actor may change."""

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import passwords, permissions, repository, throttle
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from campaign_app.models.user import Role, User


def own_id(actor: Actor) -> int:
    """The actor's own id.

    Raises:
        Unauthenticated: the actor is no person.
    """
    if actor.user_id is None:
        raise Unauthenticated("This is about a person, and nobody is signed in.", title="Not signed in")
    return actor.user_id


async def found(session: AsyncSession, user_id: int) -> User:
    """Somebody.

    Raises:
        NotFound: there is nobody with this id.
    """
    user = await repository.by_id(session, user_id)
    if user is None:
        raise NotFound("This person is not in the workspace any more. Reload the page.", title="No such person")
    return user


async def check_own_password(user: User, given: str, *, field: str, title: str) -> None:
    """Whether somebody who is signed in knows their password. `field` and `title` are the form's. Counts the attempt.

    Raises:
        Invalid: it is another one.
        SignInThrottled: too many wrong ones.
    """
    counters = throttle.own_password(user.id or 0)
    await throttle.count(counters)
    if not await passwords.matches(user.password_hash, given):
        sentence = "This is not your present password."
        raise Invalid(sentence, {field: sentence}, title=title)
    await throttle.forgive(counters)


def check_reach(actor: Actor, role: Role) -> None:
    """Whether the actor may give this role, and change people who have it.

    Raises:
        Forbidden: it is above the actor's own.
    """
    if role not in permissions.grantable(actor):
        raise Forbidden(
            f"Your role ({actor.role}) cannot change people with the role {role.value}. Ask an owner.",
            title="Not allowed",
            code="forbidden:role",
        )
