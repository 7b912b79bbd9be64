"""Tracking as it is usually written: each hit loads its rows, changes them through the ORM and commits."""

from datetime import datetime

from campaign_app.core import db
from campaign_app.models.campaign import CampaignCounter
from campaign_app.models.delivery import Delivery, DeliveryEvent, EventKind


async def store(delivery_id: int, at: datetime, ip: str, user_agent: str) -> None:
    """One open: an event's row, the delivery's first open, the campaign's counters."""
    async with db.transaction() as session:
        delivery = await session.get_one(Delivery, delivery_id)
        counter = await session.get_one(CampaignCounter, delivery.campaign_id)
        session.add(
            DeliveryEvent(
                delivery_id=delivery_id,
                campaign_id=delivery.campaign_id,
                contact_id=delivery.contact_id,
                kind=EventKind.OPEN,
                at=at,
                ip=ip,
                user_agent=user_agent,
            )
        )
        counter.opens += 1
        if delivery.opened_at is None:
            delivery.opened_at = at
            counter.opened += 1
