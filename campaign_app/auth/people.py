"""The person of a use case: the actor, or somebody whom the actor may change."""

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
        raise Unauthenticated("Nobody is signed in.", title="Not signed in")
    return actor.user_id


async def found(session: AsyncSession, user_id: int) -> User:
    """The person with this id.

    Raises:
        NotFound: there is nobody with this id.
    """
    user = await repository.by_id(session, user_id)
    if user is None:
        raise NotFound("This person is not in the workspace any more. Reload the page.", title="No such person")
    return user


async def check_own_password(user: User, given: str, *, field: str, title: str) -> None:
    """Check the password of somebody who is signed in, and count the attempt. `field` and `title` are the form's.

    Raises:
        Invalid: the password is wrong.
        SignInThrottled: there were too many attempts.
    """
    counters = throttle.own_password(user.id or 0)
    await throttle.count(counters)
    if not await passwords.matches(user.password_hash, given):
        sentence = "This is not your current password."
        raise Invalid(sentence, {field: sentence}, title=title)
    await throttle.forgive(counters)


def check_reach(actor: Actor, role: Role) -> None:
    """Check that the actor may give this role and change people who have it.

    Raises:
        Forbidden: the role is above the actor's own.
    """
    if role not in permissions.grantable(actor):
        raise Forbidden(
            f"Your role ({actor.role}) cannot change people with the role {role.value}. Ask an owner.",
            title="Not allowed",
            code="forbidden:role",
        )
