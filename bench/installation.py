"""A whole installation in a scratch folder: Redis, database, processes, contacts and campaigns to send."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from bench.references import mail
from campaign_app.channels.email_smtp.settings import SmtpSettings, Tls
from campaign_app.core import db, redis
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.delivery import service
from campaign_app.models import metadata
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import Contact, ContactList, ListMember
from campaign_app.ops.demo import rehearsal
from campaign_app.rendering import isolated
from tests import servers
from tests.settled import settle
from tests.stack import Stack

DATABASES = ("sqlite", "postgresql")
T = TypeVar("T")
_BEFORE = 777  # contacts and deliveries never have the same ids, as in a real installation
_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass
class Installation:
    """What a benchmark does with the installation. Its own async work runs in short loops of its own."""

    stack: Stack
    database: str

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something with the database in this process."""

        async def leaving_nothing_open() -> T:
            try:
                return await work
            finally:
                await db.dispose()
                await redis.dispose()

        return asyncio.run(leaving_nothing_open())

    def start_worker(self, name: str = "worker", *, wait: bool = True) -> int:
        """A worker process; its process id. With `wait` it is ready."""
        ready = self.stack.log(name).count("worker ready") if (self.stack.var / f"{name}.log").exists() else 0
        self.stack.start_worker(name)
        if wait:
            self.until(lambda: self.stack.log(name).count("worker ready") > ready, f"{name} is ready", 90)
        return self.stack.processes[name].pid

    def until(self, true: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until it is true.

        Raises:
            TimeoutError: it is not after so many seconds.
        """
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text(errors="replace")[-1500:] for path in self.stack.var.glob("*.log"))
                raise TimeoutError(f"not within {seconds:.0f} s: {what}\n{logs}")
            time.sleep(0.05)

    def people(self, count: int, domain: str = "example.com") -> int:
        """A list with so many new contacts; its id."""
        return self.run(_people(count, domain))

    def campaign(
        self,
        list_id: int,
        port: int,
        connections: int,
        rate_per_minute: int | None = None,
        host: str = "127.0.0.1",
    ) -> int:
        """A campaign with the references' message to a list, over an account of its own; its id."""
        return self.run(_campaign(list_id, (host, port), connections, rate_per_minute))

    def launch(self, campaign_id: int) -> float:
        """Launch it; the instant before (Unix seconds)."""
        before = time.time()
        self.run(_act(service.launch, campaign_id))
        return before

    def cancel(self, campaign_id: int) -> None:
        """Send no more of it."""
        self.run(_act(service.cancel, campaign_id))

    def over(self, campaign_id: int, seconds: float = 120) -> dict[str, int]:
        """Wait until the campaign has ended; its counters."""
        found: dict[str, int] = {}

        def ended() -> bool:
            found.update(self.run(rehearsal.counts(campaign_id)))
            return bool(found["finished"])

        self.until(ended, f"campaign {campaign_id} is over", seconds)
        return found


async def _people(count: int, domain: str) -> int:
    async with db.transaction() as session:
        first = (await session.execute(sa.select(sa.func.coalesce(sa.func.max(Contact.id), _BEFORE)))).scalar_one() + 1
        await rehearsal.insert_many(session, Contact, (_person(first + n, n + 1, domain) for n in range(count)))
        made = ContactList(name=f"{count} at {domain}, from {first}", members=count)
        session.add(made)
        await session.flush()
        members = ({"list_id": made.id, "contact_id": first + n} for n in range(count))
        await rehearsal.insert_many(session, ListMember, members)
        if db.is_postgres():
            await session.execute(sa.text("SELECT setval('contact_id_seq', (SELECT MAX(id) FROM contact))"))
            await session.execute(sa.text("ANALYZE"))
        return int(made.id or 0)


def _person(contact_id: int, number: int, domain: str) -> dict[str, Any]:
    person = mail.recipient(number)
    address = f"person{contact_id}@{domain}"
    return {
        "id": contact_id,
        "identity": address,
        "email": address,
        "domain": domain,
        "phone": "",
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "company": person["company"],
        "time_zone": "",
        "language": "en",
        "attributes": {"product": person["product"], "month": person["month"]},
        "created_at": _AT,
        "updated_at": _AT,
    }


async def _campaign(list_id: int, server: tuple[str, int], connections: int, rate_per_minute: int | None) -> int:
    async with db.transaction() as session:
        await settle(session)
        account = SendingAccount(
            name="Bench",
            provider="smtp",
            settings=SmtpSettings(
                host=server[0],
                port=server[1],
                tls=Tls.NONE,
                from_address="news@example.com",
                from_name="Bench",
                connections=connections,
            ).model_dump(mode="json"),
        )
        session.add(account)
        await session.flush()
        campaign = Campaign(
            name="Bench",
            account_id=account.id,
            subject=mail.SUBJECT,
            html=mail.HTML,
            text="Text",
            audience={"lists": [list_id]},
            rate_per_minute=rate_per_minute,
        )
        session.add(campaign)
        await session.flush()
        return int(campaign.id or 0)


async def _act(use_case: Callable[..., Coroutine[Any, Any, Any]], campaign_id: int) -> None:
    async with db.transaction() as session:
        await use_case(session, SYSTEM, campaign_id)


async def _create_tables() -> None:
    async with db.engines().write.begin() as connection:
        await connection.run_sync(metadata.create_all)


@contextmanager
def installed(database: str, **environment: str) -> Iterator[Installation]:
    """An empty installation on "sqlite" or "postgresql"; everything it started ends with it."""
    before = dict(os.environ)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beacon-bench-")))
        redis_url = stack.enter_context(servers.redis_server(folder))
        product = Stack(var=folder / "var", redis_url=f"{redis_url}/0")
        if database == "postgresql":
            server = stack.enter_context(servers.postgres_server(folder / "pg"))
            name = f"bench_{os.getpid()}_{product.smtp_port}"
            servers.create_database(server, name)
            stack.callback(servers.drop_database, server, name)
            product.database_url = servers.database_url(server, name)
        stack.callback(_restore, before)
        os.environ |= {**product.environment, "BEACON_LOG_LEVEL": "INFO", **environment}
        settings.cache_clear()
        product.var.mkdir(parents=True)
        stack.callback(product.stop_all)
        installation = Installation(product, database)
        installation.run(_create_tables())
        isolated.begin()  # campaigns are launched from this process, which needs it as a web process does
        stack.callback(isolated.end)
        yield installation


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    settings.cache_clear()
