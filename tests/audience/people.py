"""Contacts for tests."""

from typing import Any

from campaign_app.audience import service
from campaign_app.audience.schemas import ContactDetail, ContactInput, ContactQuery
from campaign_app.core import db
from campaign_app.core.actor import Actor
from tests.conftest import count_rows

number_of = count_rows


async def add(actor: Actor, **fields: Any) -> ContactDetail:
    """Create one contact through the service."""
    async with db.transaction() as session:
        return await service.create_contact(session, actor, ContactInput(**fields))


async def add_many(actor: Actor, count: int) -> list[int]:
    """Create contacts named `Person 0` …; return their ids."""
    found = []
    async with db.transaction() as session:
        for number in range(count):
            data = ContactInput(
                email=f"person{number}@example.com",
                first_name="Person",
                last_name=str(number),
                company=f"Company {number % 3}",
            )
            found.append((await service.create_contact(session, actor, data)).id)
    return found


async def names(actor: Actor, query: ContactQuery) -> list[str]:
    """Names on the first page of a query."""
    async with db.reading() as session:
        return [row.name for row in (await service.list_contacts(session, actor, query)).rows]
