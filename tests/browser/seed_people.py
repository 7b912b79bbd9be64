"""Run as a module in a stack's environment: a list with three people and a tag, for the pages of the audience."""

import asyncio

from sqlmodel import select

from campaign_app.audience import service
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.models.contact import ContactList

LIST, TAG = "Garden club", "botany"
PEOPLE = (
    ("Rosa", "Lind", "rosa@garden.example", "Lind Nursery", [TAG]),
    ("Olaf", "Berg", "olaf@garden.example", "Berg Seeds", [TAG]),
    ("Nele", "Sommer", "nele@garden.example", "Sommer Tools", []),
)


async def seed() -> None:
    """Does nothing the second time."""
    async with db.transaction() as session:
        if (await session.exec(select(ContactList).where(ContactList.name == LIST))).first():
            return
        made = await service.create_list(session, SYSTEM, LIST, "Everyone with green fingers")
        for first, last, email, company, tags in PEOPLE:
            person = ContactInput(
                email=email, first_name=first, last_name=last, company=company, tags=tags, list_ids=[made.id]
            )
            await service.create_contact(session, SYSTEM, person)


if __name__ == "__main__":
    asyncio.run(seed())
