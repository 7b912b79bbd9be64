"""A campaign that was sent, made without the engine: contacts, frozen links, sent deliveries, counters."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.delivery.launch import content
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignLink, CampaignStatus
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryStatus

HTML = (
    '<p>Hi {{ first_name }}</p><a href="https://shop.example/one">One</a>'
    '<a href="https://shop.example/{{ company|urlencode }}">Two</a><a href="{{ website }}">Three</a>'
)
PERSON = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15"
GIF = "image/gif"


@dataclass(frozen=True)
class World:
    campaign: int
    deliveries: list[int]
    contacts: list[int]


async def sent(people: int = 3, sent_before: timedelta = timedelta(hours=1), name: str = "Offer") -> World:
    at = now() - sent_before
    async with db.transaction() as session:
        campaign = Campaign(
            name=name, subject="Hi {{ first_name }}", html=HTML, status=CampaignStatus.COMPLETED, started_at=at
        )
        session.add(campaign)
        await session.flush()
        urls = (await content.prepare(campaign, None)).links
        session.add_all(CampaignLink(campaign_id=campaign.id, position=n, url=url) for n, url in enumerate(urls))
        contacts = [_contact(f"{name.lower()}{number}@mail{number % 2}.example", number) for number in range(people)]
        session.add_all(contacts)
        await session.flush()
        rows = [
            Delivery(
                campaign_id=campaign.id,
                contact_id=contact.id,
                status=DeliveryStatus.SENT,
                address=contact.email,
                domain=contact.domain,
                updated_at=at,
                sent_at=at,
            )
            for contact in contacts
        ]
        session.add_all(rows)
        session.add(CampaignCounter(campaign_id=campaign.id, total=people, sent=people))
        await session.flush()
    return World(campaign.id, [row.id for row in rows], [contact.id for contact in contacts])


def _contact(email: str, number: int) -> Contact:
    return Contact(
        identity=email,
        email=email,
        domain=email.partition("@")[2],
        first_name=f"Anna{number}",
        company="A&B",
        attributes={"website": ["https://own.example/x", "javascript:alert(1)", "not a url"][number % 3]},
    )


async def counter(campaign_id: int) -> CampaignCounter:
    async with db.reading() as session:
        return await session.get(CampaignCounter, campaign_id)


async def events(campaign_id: int) -> list[DeliveryEvent]:
    async with db.reading() as session:
        found = await session.execute(
            sa.select(DeliveryEvent).where(DeliveryEvent.campaign_id == campaign_id).order_by(DeliveryEvent.id)
        )
        return list(found.scalars())


async def delivery(delivery_id: int) -> Delivery:
    async with db.reading() as session:
        return await session.get(Delivery, delivery_id)


async def rows(table: type, campaign_id: int) -> list:
    async with db.reading() as session:
        return list((await session.execute(sa.select(table).where(table.campaign_id == campaign_id))).scalars())
