"""The second step of signing in, as a browser takes it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
import time_machine

from campaign_app.auth import pending, second_factor
from campaign_app.auth.current import current_actor
from campaign_app.core import crypto, db
from campaign_app.core.actor import Actor
from tests.api.conftest import PASSWORD, set_up


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Frozen in the middle of a time step."""
    with time_machine.travel(datetime(2026, 11, 26, 12, 0, 15, tzinfo=UTC), tick=False) as traveller:
        yield traveller


async def me(client: httpx.AsyncClient) -> Actor | None:
    return await current_actor(crypto.digest(client.cookies.get("beacon_session", "")))


async def protect(client: httpx.AsyncClient) -> tuple[pyotp.TOTP, list[str]]:
    """The owner, signed in, sets a factor up."""
    await set_up(client)
    actor = await me(client)
    assert actor is not None
    async with db.transaction() as session:
        await second_factor.begin(session, actor)
        app = pyotp.TOTP((await second_factor.setup(session, actor)).secret)
        codes = await second_factor.confirm(session, actor, app.at(datetime.now(UTC)))
    return app, codes


async def first_step(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    return await client.post("/auth/login", data={"email": "ines@example.com", "password": PASSWORD, **more})


async def test_the_password_alone_opens_nothing(client: httpx.AsyncClient, clock: time_machine.Traveller) -> None:
    app, _ = await protect(client)
    await client.post("/auth/logout")
    assert pending.COOKIE not in client.cookies
    answer = await first_step(client, next="/contacts?page=2")
    assert answer.headers["location"] == "/login/code?next=%2Fcontacts%3Fpage%3D2"
    cookie = answer.headers["set-cookie"]
    assert "beacon_session" not in cookie
    assert "HttpOnly" in cookie
    assert "Max-Age=300" in cookie
    assert (await client.post("/_upload", content=b"x")).status_code == 401
    clock.move_to(datetime.now(UTC) + timedelta(seconds=30))
    form = {"code": app.at(datetime.now(UTC)), "next": "/contacts?page=2"}
    answer = await client.post("/auth/code", data=form)
    assert answer.headers["location"] == "/contacts?page=2"
    assert await me(client) is not None
    assert pending.COOKIE not in client.cookies


async def test_a_known_browser_needs_the_code_too(
    sqlite_client: httpx.AsyncClient, clock: time_machine.Traveller
) -> None:
    _, codes = await protect(sqlite_client)
    assert "beacon_device" in sqlite_client.cookies
    await sqlite_client.post("/auth/logout")
    assert (await first_step(sqlite_client)).headers["location"] == "/login/code"
    answer = await sqlite_client.post("/auth/code", data={"code": codes[0], "next": "//evil.example.net"})
    assert answer.headers["location"] == "/"
    assert await me(sqlite_client) is not None


async def test_failures_lead_back_with_their_reason(
    sqlite_client: httpx.AsyncClient, clock: time_machine.Traveller
) -> None:
    _, codes = await protect(sqlite_client)
    await sqlite_client.post("/auth/logout")

    async def give(code: str) -> str:
        answer = await sqlite_client.post("/auth/code", data={"code": code, "next": "/contacts"})
        return answer.headers["location"]

    assert await give(codes[0]) == "/login?error=code_over&next=%2Fcontacts"
    await first_step(sqlite_client)
    for _ in range(5):
        assert await give("000000") == "/login/code?error=code&next=%2Fcontacts"
    assert (await give(codes[0])).startswith("/login/code?error=throttled&wait=")
    clock.move_to(datetime.now(UTC) + timedelta(seconds=301))
    assert await give(codes[0]) == "/login?error=code_over&next=%2Fcontacts"


async def test_the_picture_is_shown_only_while_it_is_set_up(
    sqlite_client: httpx.AsyncClient, clock: time_machine.Traveller
) -> None:
    assert (await sqlite_client.get("/files/second-factor.svg")).status_code == 401
    await set_up(sqlite_client)
    assert (await sqlite_client.get("/files/second-factor.svg")).status_code == 409
    actor = await me(sqlite_client)
    assert actor is not None
    async with db.transaction() as session:
        await second_factor.begin(session, actor)
    answer = await sqlite_client.get("/files/second-factor.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"
    assert b"<path" in answer.content
