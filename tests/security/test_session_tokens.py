"""Attack: read a session's token in Redis or its files and come in with it."""

from pathlib import Path

import httpx
from redis import asyncio as redis

from campaign_app.core import crypto
from campaign_app.ui.settings.profile_state import PersonForm, Profile
from campaign_app.ui.settings.users_state import People
from tests.security.installation import Installation
from tests.wsclient import Tab, handler


async def visit(installation: Installation, token: str) -> None:
    """Pages, a handler, HTTP: whatever leaves traces."""
    async with Tab(installation.url, token) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))
    async with Tab(installation.url, token) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(Profile, "sessions"))
        await tab.call(handler(PersonForm, "submit"), form={"name": "Ines", "time_zone": "UTC"})
        await tab.until(lambda t: t.value(Profile, "name") == "Ines")
    async with installation.browser(token) as browser:
        assert (await browser.get("/files/contacts.csv")).status_code == 200


async def everything_in_redis(url: str) -> bytes:
    found = []
    async with redis.from_url(url) as client:
        async for key in client.scan_iter(count=1_000):
            found += [key, await client.dump(key) or b""]
        await client.bgrewriteaof()
        directory = (await client.config_get("dir"))["dir"]
        await client.save()
    assert len(found) > 4
    return b"".join(found) + b"".join(file.read_bytes() for file in _files(directory))


def _files(directory: str) -> list[Path]:
    return [file for file in Path(directory).rglob("*") if file.is_file()]


async def test_no_token_reaches_redis_or_its_files(own_installation: Installation) -> None:
    async with redis.from_url(own_installation.redis_url) as client:
        await client.config_set("appendonly", "yes")
        await client.config_set("rdbcompression", "no")  # DUMP would hide it too
    token = await own_installation.sign_in("owner")
    await visit(own_installation, token)
    kept = await everything_in_redis(own_installation.redis_url)
    assert b"beacon_session" in kept  # the state with its headers is there
    assert token.encode() not in kept
    assert own_installation.owner.encode() not in kept


async def test_the_digest_that_is_kept_lets_nobody_in(installation: Installation) -> None:
    stolen = crypto.digest(installation.owner)
    async with httpx.AsyncClient(
        timeout=60, base_url=installation.url, headers={"Cookie": f"beacon_session={stolen}"}
    ) as thief:
        assert (await thief.get("/files/contacts.csv")).status_code == 401
    async with Tab(installation.url, stolen) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.ordered("_redirect"))
        assert not tab.value(People, "rows")
