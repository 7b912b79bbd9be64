"""The workspace requires a second factor of owners and admins: whom this stops, when, and how people get in again."""

import pytest

from campaign_app.audit import service as audit
from campaign_app.auth import factor_policy, second_factor
from campaign_app.auth.current import current_actor
from campaign_app.auth.errors import FactorRequired, OwnFactorFirst
from campaign_app.auth.permissions import actor_of
from campaign_app.core import crypto, db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden
from campaign_app.models.user import Role, User
from tests.auth.conftest import add, enter, protect, who

pytestmark = pytest.mark.usefixtures("redis_url")


async def require(actor: Actor, required: bool = True) -> None:
    async with db.transaction() as session:
        await factor_policy.require(session, actor, required)


async def required_by(email: str = "tom@example.com") -> User:
    """Let somebody with a factor switch the requirement on."""
    boss = await add(email, Role.OWNER, "Tom Berg")
    await protect(boss)
    await require(actor_of(boss))
    return boss


async def changes() -> list[object]:
    async with db.reading() as session:
        rows = (await audit.search(session, SYSTEM, action="workspace.update")).rows
    return [row.details["second_factor_required"] for row in rows]


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
async def test_whoever_has_none_can_only_set_it_up(database: str, role: Role) -> None:
    user = await add("ines@example.com", role)
    token = (await enter("ines@example.com")).token
    assert await who(token) == actor_of(user, "203.0.113.9")  # off by default
    await required_by()
    with pytest.raises(FactorRequired):
        await who(token)
    setting_up = await current_actor(crypto.digest(token), for_set_up=True)
    assert setting_up is not None
    assert setting_up.user_id == user.id
    assert setting_up.permissions == frozenset()
    await protect(user)
    assert await who(token) == actor_of(user, "203.0.113.9")


async def test_one_that_was_only_begun_is_none(sqlite_database: str) -> None:
    user = await add("ines@example.com", Role.ADMIN)
    async with db.transaction() as session:
        await second_factor.begin(session, actor_of(user))
    with pytest.raises(OwnFactorFirst):
        await require(actor_of(user))
    await required_by()
    with pytest.raises(FactorRequired):
        await who((await enter("ines@example.com")).token)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.MARKETER, Role.VIEWER])
async def test_other_roles_are_not_asked(sqlite_database: str, role: Role) -> None:
    await required_by()
    user = await add("ines@example.com", role)
    actor = await who((await enter("ines@example.com")).token)
    assert actor is not None
    assert actor.permissions == actor_of(user).permissions


async def test_who_has_none_cannot_switch_it_on(database: str) -> None:
    user = await add("ines@example.com", Role.OWNER)
    with pytest.raises(OwnFactorFirst) as refused:
        await require(actor_of(user))
    assert "Your profile" in refused.value.fields["require_factor"]
    await protect(user)
    await require(actor_of(user))


async def test_only_who_changes_the_workspace_may_switch_it_and_it_is_logged(database: str) -> None:
    boss = await required_by()
    manager = await add("mia@example.com", Role.MANAGER)
    await protect(manager)
    for wanted in (True, False):
        with pytest.raises(Forbidden):
            await require(actor_of(manager), wanted)
    await require(actor_of(boss))  # it is already on: nothing to log
    await require(actor_of(boss), False)
    await require(actor_of(boss), False)
    assert await changes() == [{"from": True, "to": False}, {"from": False, "to": True}]


async def test_switched_off_it_stops_nobody(sqlite_database: str) -> None:
    boss = await required_by()
    await add("ines@example.com", Role.ADMIN)
    token = (await enter("ines@example.com")).token
    await require(actor_of(boss), False)
    assert await who(token) is not None


async def test_the_page_says_how_many_have_none(database: str) -> None:
    boss = await required_by()
    await add("ines@example.com", Role.ADMIN)
    await add("vera@example.com", Role.VIEWER)
    async with db.reading() as session:
        found = await factor_policy.get(session, actor_of(boss))
    assert (found.required, found.without, found.people) == (True, 1, 2)


async def test_an_owner_who_lost_everything_gets_in_again(database: str) -> None:
    """`./campaign user reset-second-factor`, then the password, then a new factor."""
    boss = await required_by("tom@example.com")
    async with db.transaction() as session:
        assert await second_factor.reset_by_email(session, "tom@example.com")
    token = (await enter("tom@example.com")).token
    with pytest.raises(FactorRequired):
        await who(token)
    await protect(boss)
    actor = await who(token)
    assert actor is not None
    await require(actor, False)
