"""An installation under attack: real processes, a Redis of its own, an owner and a viewer who are signed in."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import servers
from tests.stack import Person, Stack

PEOPLE = {role: Person(f"{role}@example.com", secrets.token_hex(16), role) for role in ("owner", "viewer")}


class Log:
    """What was written since this was made: what was there before belongs to other tests of the same installation."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size

    @property
    def text(self) -> str:
        """All of it so far."""
        with self._file.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where it answers, and the session tokens (`beacon_session`) of two people."""

    stack: Stack
    owner: str
    viewer: str
    people: dict[str, Person]

    @property
    def url(self) -> str:
        """The web process's address."""
        return self.stack.url

    @property
    def redis_url(self) -> str:
        """Its Redis, which nobody else uses."""
        return self.stack.redis_url

    @property
    def var(self) -> Path:
        """Its data directory; `<process>.log` is what a process printed."""
        return self.stack.var

    def listen(self) -> "Log":
        """What the web process prints from now on."""
        return Log(self.var / "web.log")

    def browser(self, token: str = "") -> httpx.AsyncClient:
        """A client of the same origin, with a session's cookie when a token is given; it follows no redirects."""
        cookies = {"beacon_session": token} if token else {}
        return httpx.AsyncClient(base_url=self.url, cookies=cookies, headers={"Origin": self.url}, timeout=60)

    async def sign_in(self, role: str) -> str:
        """One more session of the `owner` or `viewer`; its token."""
        who = self.people[role]
        return await sign_in(self.url, who)


async def sign_in(url: str, who: Person) -> str:
    """Sign in as the form does; the session's token."""
    async with httpx.AsyncClient(timeout=60, base_url=url, headers={"Origin": url}) as browser:
        answer = await browser.post("/auth/login", data={"email": who.email, "password": who.password})
        assert answer.headers["location"] == "/", answer.headers
        return browser.cookies["beacon_session"]


@contextmanager
def running(folder: Path, web: str = "tests.backend", database_url: str = "") -> Iterator[Installation]:
    """Start one. `web` is the module of the web process; the default serves all but the built pages."""
    (folder / "redis").mkdir(parents=True)
    with servers.redis_server(folder / "redis") as redis_url:
        stack = Stack(var=folder / "var", redis_url=redis_url, database_url=database_url)
        try:
            stack.prepare(*PEOPLE.values())
            stack.start("web", web)
            stack.wait_for(f"{stack.url}/api/health", "web")
            tokens: dict[str, str] = {}

            async def enter() -> None:
                for role, who in PEOPLE.items():
                    tokens[role] = await sign_in(stack.url, who)

            servers.in_thread(enter)
            yield Installation(stack, tokens["owner"], tokens["viewer"], PEOPLE)
        finally:
            stack.stop_all()
