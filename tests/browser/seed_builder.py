"""Run as a module in a stack's environment: an account over the sandbox, two lists, three people."""

import asyncio

from sqlmodel import select

from campaign_app.campaigns import templates_service
from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.core import clock, db
from campaign_app.core.config import settings
from campaign_app.models.contact import Contact, ContactList, ListMember
from tests.channels.accounts import smtp_row
from tests.settled import settle

LIST = "Builder customers"
PEOPLE = (("Marta", "marta@builder.example"), ("Jonas", "jonas@builder.example"), ("Ines", "ines@builder.example"))


async def seed() -> None:
    """Does nothing the second time."""
    async with db.transaction() as session:
        if (await session.exec(select(ContactList).where(ContactList.name == LIST))).first():
            return
        await settle(session)
        await templates_service.ensure_built_in(session)
        session.add(
            smtp_row(
                name="Sandbox",
                host="127.0.0.1",
                port=settings().sandbox_smtp_port,
                tls=Tls.NONE,
                from_address="anna@builder.example",
                from_name="Anna Brandt",
                last_checked_at=clock.now(),
            )
        )
        chosen, left_out = ContactList(name=LIST, members=3), ContactList(name="Builder resellers", members=1)
        session.add(chosen)
        session.add(left_out)
        await session.flush()
        for number, (name, address) in enumerate(PEOPLE):
            person = Contact(identity=address, email=address, domain="builder.example", first_name=name)
            session.add(person)
            await session.flush()
            session.add(ListMember(list_id=int(chosen.id or 0), contact_id=int(person.id or 0)))
            if number == 2:
                session.add(ListMember(list_id=int(left_out.id or 0), contact_id=int(person.id or 0)))


if __name__ == "__main__":
    asyncio.run(seed())
