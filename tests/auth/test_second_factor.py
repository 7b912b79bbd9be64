"""Codes of an app and recovery codes: each works once, attempts are limited, and only for their own person."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from campaign_app.audit import service as audit
from campaign_app.auth import pending, second_factor, service
from campaign_app.auth.errors import (
    FactorInUse,
    NoFactor,
    PendingOver,
    SecondFactorNeeded,
    SignInThrottled,
    WrongCode,
)
from campaign_app.auth.permissions import actor_of
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden, Invalid, NotFound
from campaign_app.models.user import Role
from tests.auth.conftest import IP, PASSWORD, add, enter, protect, who
from tests.conftest import MakeActor

pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Frozen in the middle of a time step."""
    with time_machine.travel(datetime(2026, 11, 26, 12, 0, 15, tzinfo=UTC), tick=False) as coordinates:
        yield coordinates


def later(seconds: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def finish(token: str, code: str, ip: str = IP) -> int:
    async with db.transaction() as session:
        return await second_factor.finish_sign_in(session, token, code, ip)


async def test_a_code_lets_in_once(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    app, _ = await protect(user)
    with pytest.raises(SecondFactorNeeded):
        await enter("ines@example.com")
    used = app.at(datetime.now(UTC))
    with pytest.raises(WrongCode):  # the code of the set-up
        await finish(pending.make(user), used)
    clock.move_to(later(30))
    code = app.at(datetime.now(UTC))
    assert await finish(pending.make(user), f" {code[:3]} {code[3:]} ") == user.id
    for replayed in (code, used):
        with pytest.raises(WrongCode):
            await finish(pending.make(user), replayed)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_one_step_before_and_after_is_right(
    sqlite_database: str, clock: time_machine.Traveller, steps: int, accepted: bool
) -> None:
    user = await add("ines@example.com")
    app, _ = await protect(user)
    clock.move_to(later(300))
    code = app.at(later(30 * steps))
    if accepted:
        assert await finish(pending.make(user), code) == user.id
    else:
        with pytest.raises(WrongCode):
            await finish(pending.make(user), code)


async def test_of_two_at_once_one_gets_in(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    app, codes = await protect(user)
    clock.move_to(later(60))
    for code in (app.at(datetime.now(UTC)), codes[0]):
        tries = (finish(pending.make(user), code) for _ in range(3))
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(map(str, found), key=len)[0] == str(user.id)
        assert sum(isinstance(one, WrongCode) for one in found) == 2


async def test_a_pending_token_works_once_for_five_minutes_and_one_password(
    sqlite_database: str, clock: time_machine.Traveller
) -> None:
    user = await add("ines@example.com")
    _, codes = await protect(user)
    token = pending.make(user)
    assert await finish(token, codes[0]) == user.id
    with pytest.raises(PendingOver):
        await finish(token, codes[1])
    token = pending.make(user)
    clock.move_to(later(301))
    for wrong in (token, "", "x" * 5_000, token[:-1]):
        with pytest.raises(PendingOver):
            await finish(wrong, codes[2])
    token = pending.make(user)
    async with db.transaction() as session:
        await service.set_password(session, "ines@example.com", "from the command line")
    with pytest.raises(PendingOver):
        await finish(token, codes[3])


async def test_wrong_codes_are_slowed_down_from_everywhere(sqlite_database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    _, codes = await protect(user)
    for _ in range(5):
        with pytest.raises(WrongCode):
            await finish(pending.make(user), "000000")
    with pytest.raises(SignInThrottled):
        await finish(pending.make(user), codes[0])
    for number in range(15):
        with pytest.raises(WrongCode):
            await finish(pending.make(user), "000000", f"198.51.{number}.1")
    with pytest.raises(SignInThrottled):
        await finish(pending.make(user), codes[0], "192.0.2.1")
    clock.move_to(later(60))
    assert await finish(pending.make(user), codes[0], "192.0.2.1") == user.id


async def test_recovery_codes_are_replaced(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    _, codes = await protect(user)
    assert len(set(codes)) == 10
    actor = actor_of(user, IP)
    async with db.transaction() as session:
        fresh = await second_factor.new_codes(session, actor, codes[0].upper())
    with pytest.raises(WrongCode):
        await finish(pending.make(user), codes[1])
    assert await finish(pending.make(user), fresh[0].replace("-", "")) == user.id
    async with db.reading() as session:
        assert (await second_factor.state(session, actor)).codes_left == 9


async def test_nothing_is_asked_before_it_is_confirmed(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    actor = actor_of(user, IP)
    async with db.transaction() as session:
        await second_factor.begin(session, actor)
    with pytest.raises(WrongCode):
        async with db.transaction() as session:
            await second_factor.confirm(session, actor, "123")
    assert (await enter("ines@example.com")).token
    with pytest.raises(PendingOver):
        await finish(pending.make(user), "000000")
    await protect(user)
    with pytest.raises(FactorInUse):
        async with db.transaction() as session:
            await second_factor.begin(session, actor)
    with pytest.raises(NoFactor):  # the secret of a factor in use is never shown
        async with db.reading() as session:
            await second_factor.setup(session, actor)


async def test_switching_off_needs_password_and_code(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    _, codes = await protect(user)
    actor = actor_of(user, IP)

    async def disable(password: str, code: str) -> None:
        async with db.transaction() as session:
            await second_factor.disable(session, actor, password, code)

    with pytest.raises(Invalid):
        await disable("wrong", codes[0])
    with pytest.raises(WrongCode):
        await disable(PASSWORD, "000000")
    await disable(PASSWORD, codes[0])
    assert (await enter("ines@example.com")).token


async def test_an_admin_takes_away_a_lost_one_up_to_the_own_rank(
    database: str, clock: time_machine.Traveller, make_actor: MakeActor
) -> None:
    user = await add("ines@example.com")
    signed_in = await enter("ines@example.com")
    await protect(user)

    async def reset(actor: Actor, user_id: int | None) -> bool:
        async with db.transaction() as session:
            return await second_factor.reset(session, actor, user_id or 0)

    owner = await make_actor(Role.OWNER)
    admin = await make_actor(Role.ADMIN)
    for actor, target in ((await make_actor(Role.MANAGER), user.id), (admin, owner.user_id)):
        with pytest.raises(Forbidden):
            await reset(actor, target)
    assert await reset(admin, user.id)
    assert not await reset(admin, user.id)
    assert await who(signed_in.token) is None
    assert (await enter("ines@example.com")).token
    with pytest.raises(NotFound):
        async with db.transaction() as session:
            await second_factor.reset_by_email(session, "nobody@example.com")


async def test_acts_are_logged_and_secrets_are_nowhere(database: str, clock: time_machine.Traveller) -> None:
    user = await add("ines@example.com")
    app, codes = await protect(user)
    await finish(pending.make(user), codes[0])
    async with db.transaction() as session:
        assert await second_factor.reset_by_email(session, "Ines@example.com")
    async with db.reading() as session:
        rows = (await audit.search(session, SYSTEM, object_type="user")).rows
    assert [row.action for row in rows][:3] == [
        "second_factor.reset",
        "second_factor.use_recovery_code",
        "second_factor.enable",
    ]
    kept = str([row.details for row in rows])
    assert app.secret not in kept
    await protect(user)
    async with db.reading() as session:
        stored = str((await session.execute(sa.text("SELECT secret FROM second_factor"))).all())
        stored += str((await session.execute(sa.text("SELECT digest FROM recovery_code"))).all())
    assert "gAAAA" in stored
    assert not any(code.replace("-", "") in stored for code in codes)
