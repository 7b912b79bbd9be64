"""Tokens: stored as digests, valid only with sessions of active people, revocable, use recorded once a minute."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import select

from campaign_app.auth import current, service
from campaign_app.auth.errors import WrongCredentials
from campaign_app.auth.schemas import UserPatch
from campaign_app.core import crypto, db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import Invalid, NotFound
from campaign_app.models.user import Role, UserSession
from tests.auth.conftest import PASSWORD, add, enter, who

pytestmark = pytest.mark.usefixtures("redis_url")
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def stored_sessions() -> list[UserSession]:
    async with db.reading() as session:
        return list((await session.exec(select(UserSession).order_by(sa.column("id")))).all())


async def test_sign_in_gives_a_token_that_is_stored_nowhere(database: str) -> None:
    user = await add("ines@example.com", Role.MARKETER)
    signed_in = await enter("  Ines@Example.com ")
    actor = await who(signed_in.token)
    assert actor is not None
    assert (actor.user_id, actor.role, actor.ip) == (user.id, "marketer", "203.0.113.9")
    (stored,) = await stored_sessions()
    assert stored.token_digest == crypto.digest(signed_in.token)
    assert signed_in.token not in str(stored.model_dump())
    assert len(signed_in.token) >= 43


async def test_tokens_differ_and_garbage_lets_nobody_in(database: str) -> None:
    await add("ines@example.com")
    first, second = await enter("ines@example.com"), await enter("ines@example.com")
    assert first.token != second.token
    for garbage in ("", "x", crypto.digest(first.token), first.token[:-1], "ü\x00"):
        assert await who(garbage) is None


async def test_sign_out_ends_only_this_session(database: str) -> None:
    await add("ines@example.com")
    first, second = await enter("ines@example.com"), await enter("ines@example.com")
    async with db.transaction() as session:
        await service.sign_out(session, crypto.digest(first.token))
        await service.sign_out(session, "unknown")
    assert await who(first.token) is None
    assert await who(second.token) is not None


async def test_a_session_ends_by_itself(database: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await add("ines@example.com")
        signed_in = await enter("ines@example.com")
        for half_days in range(1, 28):
            clock.move_to(START + timedelta(hours=12 * half_days, seconds=-half_days))
            assert await who(signed_in.token) is not None
        clock.move_to(START + timedelta(days=14) - timedelta(seconds=29))
        assert await who(signed_in.token) is not None
        clock.move_to(START + timedelta(days=14))
        assert await who(signed_in.token) is None


async def test_a_session_that_nobody_uses_ends_after_half_a_day(database: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await add("ines@example.com")
        here, away = await enter("ines@example.com"), await enter("ines@example.com")
        digest = crypto.digest(here.token)
        for hour in range(1, 12):  # an open page that only receives a campaign's progress
            clock.move_to(START + timedelta(hours=hour))
            assert await current.current_actor(digest, in_use=False) is not None
        clock.move_to(START + timedelta(hours=12) - timedelta(seconds=1))
        assert await who(away.token) is not None
        clock.move_to(START + timedelta(hours=12))
        assert await current.current_actor(digest) is None
        actor = await who(away.token)
        assert actor is not None
        async with db.reading() as session:
            assert len(await service.sessions_of(session, actor)) == 1


async def test_use_is_noted_at_most_once_a_minute(database: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await add("ines@example.com")
        signed_in = await enter("ines@example.com")
        for seconds, noted in ((59, 0), (61, 61), (100, 61), (122, 122)):
            clock.move_to(START + timedelta(seconds=seconds))
            actor = await current.current_actor(crypto.digest(signed_in.token), "198.51.100.1")
            assert actor is not None
            assert actor.ip == "198.51.100.1"
            (stored,) = await stored_sessions()
            assert stored.last_used_at == START + timedelta(seconds=noted)
        assert await current.current_actor("") is None
        assert await current.current_actor("unknown") is None


async def test_changing_the_password_ends_the_other_sessions(database: str) -> None:
    await add("ines@example.com")
    here, there = await enter("ines@example.com"), await enter("ines@example.com")
    actor = await who(here.token)
    assert actor is not None
    async with db.transaction() as session:
        await service.change_password(session, actor, PASSWORD, "another long one", crypto.digest(here.token))
    assert await who(here.token) is not None
    assert await who(there.token) is None
    with pytest.raises(WrongCredentials):
        await enter("ines@example.com")
    assert (await enter("ines@example.com", "another long one")).token


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("wrong", "another long one", "old"), (PASSWORD, "too short", "new"), (PASSWORD, "INES@example.com", "new")],
)
async def test_a_password_change_that_will_not_do(sqlite_database: str, old: str, new: str, field: str) -> None:
    await add("ines@example.com")
    signed_in = await enter("ines@example.com")
    actor = await who(signed_in.token)
    assert actor is not None
    with pytest.raises(Invalid) as caught:
        async with db.transaction() as session:
            await service.change_password(session, actor, old, new)
    assert list(caught.value.fields) == [field]
    assert await who(signed_in.token) is not None
    assert (await enter("ines@example.com")).token


async def test_own_sessions_are_listed_and_ended(database: str) -> None:
    await add("ines@example.com")
    await add("eve@example.com")
    here, there = await enter("ines@example.com"), await enter("ines@example.com")
    other = await enter("eve@example.com")
    ines, eve = await who(here.token), await who(other.token)
    assert ines is not None
    assert eve is not None
    async with db.reading() as session:
        rows = await service.sessions_of(session, ines, crypto.digest(here.token))
    assert [row.is_current for row in sorted(rows, key=lambda row: row.id)] == [True, False]
    theirs = next(row.id for row in rows if not row.is_current)
    with pytest.raises(NotFound):
        async with db.transaction() as session:
            await service.revoke_session(session, eve, theirs)
    assert await who(there.token) is not None
    async with db.transaction() as session:
        await service.revoke_session(session, ines, theirs)
    assert await who(there.token) is None
    third = await enter("ines@example.com")
    async with db.transaction() as session:
        assert await service.revoke_other_sessions(session, ines, crypto.digest(here.token)) == 1
    assert await who(third.token) is None
    assert await who(here.token) is not None


async def test_who_is_switched_off_is_out_at_once(database: str) -> None:
    user = await add("ines@example.com")
    signed_in = await enter("ines@example.com")
    async with db.transaction() as session:
        await service.update_user(session, SYSTEM, user.id or 0, UserPatch(is_active=False))
    assert await who(signed_in.token) is None
    with pytest.raises(WrongCredentials):
        await enter("ines@example.com")
    async with db.transaction() as session:
        await service.update_user(session, SYSTEM, user.id or 0, UserPatch(is_active=True))
    assert await who(signed_in.token) is None  # an ended session stays ended


async def test_a_new_role_counts_at_once(database: str) -> None:
    user = await add("ines@example.com", Role.VIEWER)
    signed_in = await enter("ines@example.com")
    async with db.transaction() as session:
        await service.update_user(session, SYSTEM, user.id or 0, UserPatch(role=Role.ADMIN))
    actor = await who(signed_in.token)
    assert actor is not None
    assert actor.can("users:write")


async def test_dead_sessions_are_forgotten_after_a_month(sqlite_database: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await add("ines@example.com")
        await enter("ines@example.com")
        clock.move_to(START + timedelta(days=45))
        await enter("ines@example.com")
        assert len(await stored_sessions()) == 1
