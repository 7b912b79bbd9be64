"""Run as a module in a stack's environment: `list` makes 60 people; `sent` sends one of them a campaign of its own."""

import asyncio
import sys

from sqlmodel import select

from campaign_app.audience import service
from campaign_app.audience.schemas import ContactInput
from campaign_app.campaigns import service as campaigns
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service as delivery
from campaign_app.models.account import SendingAccount
from campaign_app.models.contact import ContactList

LIST, SIZE = "Story readers", 60
LEAVER = ("Lea", "Weg", "lea.weg@story.example")
CAMPAIGN = "Note to Lea"


async def readers() -> None:
    """Does nothing the second time."""
    async with db.transaction() as session:
        if (await session.exec(select(ContactList).where(ContactList.name == LIST))).first():
            return
        made = await service.create_list(session, SYSTEM, LIST)
        for number in range(SIZE):
            person = ContactInput(
                email=f"reader{number:02}@story.example",
                first_name="Reader",
                last_name=f"{number:02}",
                list_ids=[made.id],
            )
            await service.create_contact(session, SYSTEM, person)


async def sent() -> None:
    """A contact, a list with only it, a campaign to that list, launched."""
    async with db.transaction() as session:
        made = await service.create_list(session, SYSTEM, "Only Lea")
        first, last, email = LEAVER
        person = ContactInput(email=email, first_name=first, last_name=last, list_ids=[made.id])
        await service.create_contact(session, SYSTEM, person)
        account = (await session.exec(select(SendingAccount).where(SendingAccount.name == "Sandbox"))).one()
        campaign = await campaigns.create(
            session,
            SYSTEM,
            CAMPAIGN,
            account_id=account.id,
            subject="A note",
            html="<p>Hello {{ first_name }}.</p><p><a href='{{ unsubscribe_url }}'>Unsubscribe</a></p>",
            audience={"lists": [made.id]},
            step_reached=5,
        )
    async with db.transaction() as session:
        await delivery.launch(session, SYSTEM, int(campaign.id or 0))


if __name__ == "__main__":
    asyncio.run(readers() if sys.argv[1] == "list" else sent())
