"""Attack: be the first at a new installation and become its owner, however its processes were started."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from campaign_app.api.sign_in import AFTER_OWNER
from tests import servers
from tests.stack import Stack

FORM = {"email": "eve@example.com", "name": "Eve", "password": "a quiet morning by the sea"}


@contextmanager
def nobodys(folder: Path, database_url: str, hosts: int) -> Iterator[list[Stack]]:
    """Web processes of several hosts over one database and one Redis, started as `campaign web` starts them."""
    (folder / "redis").mkdir(parents=True)
    with servers.redis_server(folder / "redis") as redis_url:
        stacks = [Stack(folder / f"host{number}", redis_url, database_url) for number in range(hosts)]
        stacks[0].prepare()
        for stack in stacks:
            stack.secret = stacks[0].secret
        try:
            for stack in stacks:
                stack.start("web", "tests.backend")
            for stack in stacks:
                stack.wait_for(f"{stack.url}/api/health", "web")
            yield stacks
        finally:
            for stack in stacks:
                stack.stop_all()


def token_of(link: str) -> str:
    return link.partition("token=")[2]


async def claim(stack: Stack, token: str, **form: str) -> str:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as browser:
        if token:
            await browser.get("/auth/setup", params={"token": token})
        answer = await browser.post("/auth/setup", data=FORM | form)
        return answer.headers["location"]


def owners(stack: Stack) -> list[str]:
    return [line for line in stack.run("campaign_app.cli", "user", "list").stdout.splitlines() if "@" in line]


async def test_a_stranger_cannot_claim_what_campaign_web_started(tmp_path: Path) -> None:
    with nobodys(tmp_path, "", 1) as (stack,):
        for token in ("", "guessed", "x" * 1_900):
            assert await claim(stack, token) == "/setup?error=setup_link"
        assert owners(stack) == []
        assert await claim(stack, token_of(stack.setup_link())) == AFTER_OWNER
        assert await claim(stack, token_of(stack.setup_link())) == "/login?error=exists"
        assert len(owners(stack)) == 1


async def test_two_hosts_print_one_link_and_of_all_claims_one_wins(tmp_path: Path, postgres_server: str) -> None:
    servers.create_database(postgres_server, "nobodys")
    with nobodys(tmp_path, servers.database_url(postgres_server, "nobodys"), 2) as (here, there):
        token = token_of(here.setup_link())
        assert token_of(there.setup_link()) == token
        assert await claim(there, "") == "/setup?error=setup_link"
        claims = [claim(host, token, email=f"{n}@example.com") for n in range(4) for host in (here, there)]
        answers = await asyncio.gather(*claims)
        assert sorted(answers) == 7 * ["/login?error=exists"] + [AFTER_OWNER]
        assert len(owners(here)) == 1


@pytest.mark.parametrize("path", ["/auth/setup", "/setup"])
async def test_the_link_is_not_given_away_by_asking(tmp_path: Path, path: str) -> None:
    with nobodys(tmp_path, "", 1) as (stack,):
        token = token_of(stack.setup_link())
        async with httpx.AsyncClient(timeout=60, base_url=stack.url) as browser:
            answer = await browser.get(path, params={"token": "guessed"})
        assert token not in answer.text + str(answer.headers)
        database = b"".join(file.read_bytes() for file in stack.var.glob("beacon.db*"))
        assert token.encode() not in database
