"""Sign in, out and first start as a browser does it."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
import time_machine

from campaign_app.api.sign_in import AFTER_OWNER, SETUP_COOKIE
from campaign_app.audit import service as audit
from campaign_app.auth import known_devices, setup_link
from campaign_app.auth import service as auth
from campaign_app.auth.schemas import NewUser
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.models.user import Role
from tests.api.conftest import PASSWORD, open_link, set_up
from tests.conftest import count_rows

HTTPS = {"X-Forwarded-Proto": "https"}


async def login(client: httpx.AsyncClient, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await client.post("/auth/login", data={"email": "ines@example.com", "password": password, **more})


async def may_upload(client: httpx.AsyncClient) -> bool:
    return (await client.post("/_upload", content=b"x")).status_code == 200


async def test_first_start_once_then_signed_in(client: httpx.AsyncClient) -> None:
    answer = await set_up(client)
    assert (answer.status_code, answer.headers["location"]) == (303, AFTER_OWNER)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert await may_upload(client)
    again = await set_up(client, "eve@example.com")
    assert again.headers["location"] == "/login?error=exists"
    assert await count_rows("app_user") == 1


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("name", " "), ("password", "short"), ("password", "ines@example.com")]
)
async def test_first_start_says_what_will_not_do(sqlite_client: httpx.AsyncClient, field: str, value: str) -> None:
    form = {"email": "ines@example.com", "name": "Ines", "password": PASSWORD, field: value}
    await open_link(sqlite_client)
    answer = await sqlite_client.post("/auth/setup", data=form)
    assert answer.headers["location"] == f"/setup?link=1&error={field}"
    assert await count_rows("app_user") == 0


async def test_sign_in_and_out(client: httpx.AsyncClient) -> None:
    await set_up(client)
    first = client.cookies["beacon_session"]
    answer = await login(client, next="/campaigns?status=running")
    assert answer.headers["location"] == "/campaigns?status=running"
    second = client.cookies["beacon_session"]
    assert second != first
    assert await may_upload(client)
    client.cookies.clear()
    old = {"Cookie": f"beacon_session={first}"}
    assert (await client.post("/_upload", content=b"x", headers=old)).status_code == 401  # rotated
    now = {"Cookie": f"beacon_session={second}"}
    out = await client.post("/auth/logout", headers=now)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert (await client.post("/_upload", content=b"x", headers=now)).status_code == 401
    async with db.reading() as session:
        actions = [row.action for row in (await audit.search(session, SYSTEM)).rows]
    assert actions[0] == "session.sign_out"
    assert "session.sign_in" in actions


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\\b", "/a\nb", ""])
async def test_sign_in_never_leads_elsewhere(sqlite_client: httpx.AsyncClient, path: str) -> None:
    await set_up(sqlite_client)
    assert (await login(sqlite_client, next=path)).headers["location"] == "/"


async def test_wrong_password_and_unknown_address_answer_the_same(client: httpx.AsyncClient) -> None:
    await set_up(client)
    wrong = await login(client, "not the password")
    unknown = await client.post("/auth/login", data={"email": "eve@example.com", "password": PASSWORD})
    assert wrong.headers["location"] == unknown.headers["location"] == "/login?error=credentials"
    assert "set-cookie" not in wrong.headers


async def test_too_many_attempts_say_when_to_come_back(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    marks = sqlite_client.cookies["beacon_device"]
    sqlite_client.cookies.clear()
    answers = [await login(sqlite_client, "wrong again") for _ in range(6)]
    assert answers[-1].headers["location"] == "/login?error=throttled&wait=2+s"
    assert (await login(sqlite_client)).headers["location"].startswith("/login?error=throttled")
    known = {"Cookie": f"beacon_device=other.{marks}"}
    form = {"email": "ines@example.com", "password": PASSWORD}
    answer = await sqlite_client.post("/auth/login", data=form, headers=known)
    assert answer.headers["location"] == "/"
    assert "beacon_device" not in answer.headers["set-cookie"]  # it has one


async def test_a_browser_of_two_people_knows_both(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    async with db.transaction() as session:
        new = NewUser(email="vera@example.com", name="Vera", role=Role.VIEWER, password=PASSWORD)
        vera = (await auth.create_user(session, SYSTEM, new)).user
    await sqlite_client.post("/auth/login", data={"email": "vera@example.com", "password": PASSWORD})
    marks = sqlite_client.cookies["beacon_device"]
    assert known_devices.find(marks, vera.id or 0)
    assert known_devices.find(marks, 1)
    assert not known_devices.find(marks, 99)


async def test_cookie_is_secure_behind_tls(sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await set_up(sqlite_client)
    form = {"email": "ines@example.com", "password": PASSWORD}
    answer = await sqlite_client.post("/auth/login", data=form, headers=HTTPS)
    assert "Secure" not in answer.headers["set-cookie"]  # anybody could have said so
    monkeypatch.setenv("BEACON_TRUSTED_PROXIES", "127.0.0.1")
    settings.cache_clear()
    answer = await sqlite_client.post("/auth/login", data=form, headers=HTTPS)
    assert "Secure" in answer.headers["set-cookie"]


async def test_health_and_docs(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    page = (await client.get("/api/docs")).text
    assert "/auth/login" in page
    assert "//cdn" not in page


async def test_health_fails_without_redis(sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from campaign_app.core import redis

    await redis.dispose()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    answer = await sqlite_client.get("/api/health")
    assert (answer.status_code, answer.json()["database"]) == (503, "ok")
    assert answer.json()["redis"] != "ok"


async def claim(client: httpx.AsyncClient, token: str, email: str) -> str:
    form = {"email": email, "name": "Ines Keller", "password": PASSWORD}
    answer = await client.post("/auth/setup", data=form, headers={"Cookie": f"{SETUP_COOKIE}={token}".encode()})
    return answer.headers["location"]


async def issued() -> str:
    async with db.transaction() as session:
        return await setup_link.ensure(session)


@pytest.mark.parametrize("token", ["", "guessed", "ü", "0" * 2_000])
async def test_without_the_link_nobody_becomes_the_owner(client: httpx.AsyncClient, token: str) -> None:
    assert await claim(client, token, "eve@example.com") == "/setup?error=setup_link"  # nothing was issued yet
    right = await issued()
    assert await claim(client, token, "eve@example.com") == "/setup?error=setup_link"
    opened = await client.get("/auth/setup", params={"token": token})
    assert (opened.headers["location"], "set-cookie" in opened.headers) == ("/setup?error=setup_link", False)
    assert await count_rows("app_user") == 0
    opened = await client.get("/auth/setup", params={"token": right})
    assert opened.headers["location"] == "/setup?link=1"
    assert await claim(client, right, "ines@example.com") == AFTER_OWNER
    assert await claim(client, right, "eve@example.com") == "/login?error=exists"
    assert await issued() == ""
    assert await count_rows("app_user") == 1


async def test_of_many_claims_at_once_exactly_one_wins(client: httpx.AsyncClient) -> None:
    token = await issued()
    answers = await asyncio.gather(*(claim(client, token, f"p{number}@example.com") for number in range(8)))
    assert sorted(answers) == 7 * ["/login?error=exists"] + [AFTER_OWNER]
    assert await count_rows("app_user") == 1


async def test_all_hosts_print_one_link_until_it_has_expired(database: str) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), tick=False) as clock:
        first = await issued()
        clock.shift(setup_link.VALID_FOR - timedelta(seconds=1))
        assert await issued() == first
        clock.shift(setup_link.VALID_FOR)
        async with db.reading() as session:
            assert not await setup_link.allows(session, first)
            stored = (await session.execute(sa.text("SELECT value FROM setting"))).scalars().all()
        assert first not in str(stored)
        assert await issued() != first


async def test_a_host_with_another_key_makes_another_link(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await issued()
    monkeypatch.setenv("BEACON_SECRET_KEY", "another")
    settings.cache_clear()
    async with db.reading() as session:
        assert not await setup_link.allows(session, first)
    assert await issued() != first
