"""Contacts, an account and a draft for tests of the builder."""

from dataclasses import dataclass
from typing import Any

from campaign_app.campaigns import service
from campaign_app.campaigns.schemas import CampaignPatch
from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import AttributeDefinition, Contact, ContactList, ListMember
from tests.channels.accounts import smtp_row
from tests.settled import settle

HTML = '<p>Hello {{ first_name|default("there") }}</p><p><a href="https://meridian-supply.com/offer">Offer</a></p>'


@dataclass(frozen=True)
class World:
    list_id: int
    account_id: int
    contacts: list[int]


async def built(actor: Actor, people: int = 5, *, postal_address: str = "Street 1, Berlin") -> World:
    async with db.transaction() as session:
        account = smtp_row(
            name="Main", host="smtp.meridian-supply.com", port=587, tls=Tls.NONE, from_name="Anna Brandt",
            from_address="anna@meridian-supply.com", last_checked_at=now(),
        )  # fmt: skip
        chosen = ContactList(name="Everyone")
        contacts = [
            Contact(
                identity=f"p{number}@mail.example",
                email=f"p{number}@mail.example",
                domain="mail.example",
                first_name="" if number == 0 else f"Person {number}",
                company="" if number < 2 else "A&B",
                attributes={"city": "Köln"} if number % 2 else {},
            )
            for number in range(people)
        ]
        session.add_all([account, chosen, *contacts, AttributeDefinition(key="city", label="City")])
        await session.flush()
        session.add_all([ListMember(list_id=chosen.id, contact_id=contact.id) for contact in contacts])
        await settle(session, postal_address=postal_address, company="Meridian Supply")
    return World(chosen.id, account.id, [contact.id for contact in contacts])


async def draft(actor: Actor, world: World, **fields: Any) -> Campaign:
    values = {
        "subject": "Restock, {{ first_name|default('you') }}",
        "html": HTML,
        "account_id": world.account_id,
        "audience": {"lists": [world.list_id]},
    } | fields
    async with db.transaction() as session:
        return await service.create(session, actor, values.pop("name", "November offer"), **values)


async def save(actor: Actor, campaign: Campaign, **fields: Any) -> Campaign:
    async with db.transaction() as session:
        return await service.save_step(session, actor, campaign.id, campaign.version, CampaignPatch(**fields))
