"""The contact list at a million rows: milliseconds on the server for pages, searches, filters, counts, segments.

python -m bench.contacts [--rows 1000000] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import servers

_FIRST = ["Anna", "Ben", "Zoë", "Jean-Luc", "Dmitri", "Fátima", "Søren", "Wei", "Nadia", "João"]
_LAST = ["Müller", "Smith", "García", "Nguyễn", "Kowalczyk", "Ferreira", "O'Brien", "Šimek", "Li", "Zimmermann"]
_BATCH = 20_000


async def fill(rows: int) -> None:
    """Contacts, a list of half of them and one of 300, tags, 5,000 suppressions."""
    import sqlalchemy as sa

    from campaign_app.audience import import_store, people_frame
    from campaign_app.audience.csv_import import Person
    from campaign_app.core import db
    from campaign_app.models import metadata
    from campaign_app.models.contact import ContactList
    from campaign_app.models.suppression import Suppression, SuppressionReason

    async with db.engines().write.begin() as connection:
        await connection.run_sync(metadata.create_all)
    chance = random.Random(1)
    async with db.transaction() as session:
        session.add_all([ContactList(id=1, name="Half"), ContactList(id=2, name="Few")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for first in range(0, rows, _BATCH):
        people = {}
        for n in range(first, min(first + _BATCH, rows)):
            email = f"p{n}.{chance.choice(_LAST).lower()[:2]}@mail{n % 500}.example.com".encode(
                "ascii", "ignore"
            ).decode()
            attributes = {"plan": chance.choice(["gold", "silver", "free"]), "seats": str(n % 200)}
            last = f"{chance.choice(_LAST)}{chance.randrange(5_000)}"
            tags = ("vip",) if n % 100 == 0 else ("news",) if n % 3 == 0 else ()
            firm = f"Firm {chance.randrange(20_000)}"
            people[email] = Person(
                email, email, "", chance.choice(_FIRST), last, firm, attributes=attributes, tags=tags
            )
        at = start + timedelta(seconds=first)
        async with db.transaction() as session:
            list_id = 1 if (first // _BATCH) % 2 else None
            frame = people_frame.with_keys(people_frame.of_people(people.values()))
            await import_store.write(session, frame, at=at, import_id=1, list_id=list_id, update=True)
    async with db.transaction() as session:
        await session.execute(sa.text("INSERT INTO list_member SELECT 2, id FROM contact WHERE id % 3331 = 7"))
        await session.execute(
            sa.text(
                "UPDATE contact_list SET members = (SELECT count(*) FROM list_member WHERE list_id = 2) WHERE id = 2"
            )
        )
        stopped = sa.text("SELECT email FROM contact WHERE id % 200 = 3")
        session.add_all(
            Suppression(address=address, reason=SuppressionReason.BOUNCED)
            for (address,) in await session.execute(stopped)
        )


async def measure() -> None:
    """Print the median milliseconds of each question, and those of this process alone (other load left out)."""
    from campaign_app.audience import audiences, segment_service, service
    from campaign_app.audience.schemas import ContactQuery, ContactSort, ContactStatus
    from campaign_app.core import db
    from campaign_app.core.actor import SYSTEM

    async def page(**query: Any) -> Any:
        async with db.reading() as session:
            return await service.list_contacts(session, SYSTEM, ContactQuery(**query))

    async def segment(rules: dict[str, Any]) -> int:
        async with db.reading() as session:
            return await segment_service.count(session, SYSTEM, rules)

    async def reach(audience: dict[str, Any]) -> Any:
        async with db.reading() as session:
            return await audiences.count(session, audience)

    deep = ContactQuery(sort=ContactSort.NAME)
    for _ in range(20):
        found = await page(**deep.model_dump())
        deep = deep.model_copy(update={"cursor": found.next_cursor or ""})
    last = await page(sort=ContactSort.NAME, descending=False)
    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "first page, by change": lambda: page(),
        "by name": lambda: page(sort=ContactSort.NAME, descending=False),
        "by company": lambda: page(sort=ContactSort.COMPANY),
        "by added": lambda: page(sort=ContactSort.ADDED),
        "20th page by name": lambda: page(**deep.model_dump()),
        "next page by name": lambda: page(sort=ContactSort.NAME, descending=False, cursor=last.next_cursor or ""),
        "search one person": lambda: page(search="p123456"),
        "search a name, 20 hits": lambda: page(search="zimmermann4321"),
        "search two words": lambda: page(search="anna zimmermann43"),
        "search a prefix of 100,000": lambda: page(search="zimmer", sort=ContactSort.NAME),
        "search what all have": lambda: page(search="example", sort=ContactSort.NAME),
        "search one letter": lambda: page(search="a"),
        "search nothing found": lambda: page(search="qqqq"),
        "list of 300 by name": lambda: page(list_id=2, sort=ContactSort.NAME),
        "list of half by name": lambda: page(list_id=1, sort=ContactSort.NAME),
        "tag of 1 %": lambda: page(tag="vip"),
        "tag of a third, search": lambda: page(tag="news", search="anna", sort=ContactSort.NAME),
        "suppressed": lambda: page(status=ContactStatus.SUPPRESSED),
        "not suppressed": lambda: page(status=ContactStatus.ACTIVE),
        "segment count, attribute": lambda: segment({"field": "attribute:seats", "op": "gte", "value": 150}),
        "segment count, text": lambda: segment({"field": "last_name", "op": "begins_with", "value": "ZIMM"}),
        "segment count, list and tag": lambda: segment(
            {
                "op": "and",
                "rules": [{"field": "list", "op": "in", "value": [1]}, {"field": "tag", "op": "in", "value": ["vip"]}],
            }
        ),
        "audience of half": lambda: reach({"lists": [1], "exclude_lists": [2]}),
    }
    for name, ask in questions.items():
        await ask()
        times, work = [], []
        for _ in range(5):
            began, used = time.perf_counter(), time.process_time()
            await ask()
            times.append((time.perf_counter() - began) * 1_000)
            work.append((time.process_time() - used) * 1_000)
        print(f"{statistics.median(times):9.1f} ms  (CPU {statistics.median(work):7.1f} ms)  {name}", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--folder", help="keep the SQLite file in this directory")
    parser.add_argument("--filled", action="store_true", help="the directory has it already")
    given = parser.parse_args()
    from campaign_app.core import db
    from campaign_app.core.config import settings

    warnings.simplefilter("ignore")

    async def go() -> None:
        began = time.perf_counter()
        if not given.filled:
            await fill(given.rows)
        seconds = round(time.perf_counter() - began, 1)
        print(f"{given.database}, {given.rows:,} contacts, filled in {seconds} s", flush=True)
        await measure()
        await db.dispose()

    with ExitStack() as stack:
        folder = given.folder or stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"BEACON_VAR": folder, "DATABASE_URL": ""}
        if given.database == "postgresql":
            server = stack.enter_context(servers.postgres_server(Path(folder) / "pg"))
            servers.create_database(server, "bench")
            os.environ["DATABASE_URL"] = servers.database_url(server, "bench")
        settings.cache_clear()
        asyncio.run(go())


if __name__ == "__main__":
    main()
