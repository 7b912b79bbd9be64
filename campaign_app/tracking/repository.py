"""Every SQL statement about events and their roll-ups."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignDomain, CampaignLink, CampaignMinute
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryEvent, EventKind
from campaign_app.tracking.hits import Changes, Target

_NO_SYNC = {"synchronize_session": False}
_deliveries: sa.Table = Delivery.__table__  # type: ignore[attr-defined]
_links: sa.Table = CampaignLink.__table__  # type: ignore[attr-defined]
_events: sa.Table = DeliveryEvent.__table__  # type: ignore[attr-defined]
_ZERO: Mapping[type[Any], tuple[str, ...]] = {
    CampaignMinute: ("sent", "failed", "opens", "clicks", "opened", "clicked", "unsubscribed"),
    CampaignDomain: ("sent", "failed", "bounced", "opened", "clicked", "unsubscribed", "complained"),
}


async def targets(session: AsyncSession, delivery_ids: Sequence[int]) -> dict[int, Target]:
    """What a batch needs to know about its deliveries; locks them until the transaction ends."""
    statement = (
        sa.select(*(_deliveries.c[name] for name in Target.__slots__))
        .where(_deliveries.c.id.in_(delivery_ids))
        .order_by(_deliveries.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: Target(*row) for row in (await session.execute(statement)).all()}


async def clicks_before(
    session: AsyncSession, delivery_ids: Sequence[int]
) -> tuple[dict[int, set[int]], set[tuple[int, int]]]:
    """(delivery → links clicked by people or machines, (delivery, link) pairs that a person clicked)."""
    anybody: dict[int, set[int]] = {}
    people: set[tuple[int, int]] = set()
    statement = (
        sa.select(_events.c.delivery_id, _events.c.link, sa.func.min(_events.c.machine))
        .where(_events.c.delivery_id.in_(delivery_ids), _events.c.kind == EventKind.CLICK, _events.c.link.is_not(None))
        .group_by(_events.c.delivery_id, _events.c.link)
    )
    for delivery_id, link, machine in (await session.execute(statement)).all():
        anybody.setdefault(delivery_id, set()).add(link)
        if machine == "":
            people.add((delivery_id, link))
    return anybody, people


async def link_counts(session: AsyncSession, campaign_ids: Sequence[int]) -> dict[int, int]:
    """How many tracked links each campaign's message has."""
    statement = (
        select(CampaignLink.campaign_id, sa.func.count())
        .where(col(CampaignLink.campaign_id).in_(campaign_ids))
        .group_by(col(CampaignLink.campaign_id))
    )
    return {campaign_id: int(number) for campaign_id, number in (await session.exec(statement)).all()}


async def apply(session: AsyncSession, changes: Changes) -> None:
    """Write a batch of events, first times and roll-ups, always in the same order of tables and keys."""
    if changes.events:
        await session.execute(sa.insert(_events), changes.events)
    await _first_times(session, "opened_at", changes.opened)
    await _first_times(session, "clicked_at", changes.clicked)
    await add_amounts(session, changes)


async def _first_times(session: AsyncSession, column: str, times: Mapping[int, datetime]) -> None:
    if not times:
        return
    rows = [{"delivery": delivery_id, "time": at} for delivery_id, at in sorted(times.items())]
    statement = (
        sa.update(_deliveries)
        .where(_deliveries.c.id == sa.bindparam("delivery"))
        .values({column: sa.bindparam("time", type_=_deliveries.c[column].type)})
    )
    connection = await session.connection()
    await connection.execute(statement, rows)


async def add_amounts(session: AsyncSession, changes: Changes) -> None:
    """Add the amounts to counters and roll-ups."""
    for (campaign_id, minute), amounts in sorted(changes.minutes.items()):
        await _upsert(session, CampaignMinute, {"campaign_id": campaign_id, "minute": minute}, amounts)
    for (campaign_id, domain), amounts in sorted(changes.domains.items()):
        await _upsert(session, CampaignDomain, {"campaign_id": campaign_id, "domain": domain}, amounts)
    for (campaign_id, position), amounts in sorted(changes.links.items()):
        condition = sa.and_(col(CampaignLink.campaign_id) == campaign_id, col(CampaignLink.position) == position)
        await _add(session, CampaignLink, condition, amounts)
    for campaign_id, amounts in sorted(changes.counters.items()):
        await _add(session, CampaignCounter, col(CampaignCounter.campaign_id) == campaign_id, amounts)


async def _add(session: AsyncSession, table: Any, condition: sa.ColumnElement[bool], amounts: Counter[str]) -> None:
    values = {name: getattr(table, name) + amount for name, amount in amounts.items() if amount}
    if values:
        await session.execute(sa.update(table).where(condition).values(values), execution_options=_NO_SYNC)


async def _upsert(session: AsyncSession, table: Any, keys: Mapping[str, Any], amounts: Counter[str]) -> None:
    insert = postgresql.insert(table) if db.is_postgres() else sqlite.insert(table)
    given = {name: amounts.get(name, 0) for name in _ZERO[table]}
    statement = insert.values(**keys, **given).on_conflict_do_update(
        index_elements=list(keys),
        set_={name: getattr(table, name) + amount for name, amount in amounts.items() if amount},
    )
    await session.execute(statement)


async def add_event(session: AsyncSession, delivery: Delivery, kind: EventKind, at: datetime, **values: Any) -> bool:
    """Insert one event; False when one with the same `dedupe` already exists."""
    row = {
        "delivery_id": delivery.id,
        "campaign_id": delivery.campaign_id,
        "contact_id": delivery.contact_id,
        "kind": kind,
        "at": at,
        "machine": "",
        "ip": "",
        "user_agent": "",
        "detail": "",
    } | values
    insert = postgresql.insert(_events) if db.is_postgres() else sqlite.insert(_events)
    statement = insert.values(**row).on_conflict_do_nothing(index_elements=["dedupe"]).returning(_events.c.id)
    return (await session.execute(statement)).first() is not None


async def set_first_time(session: AsyncSession, delivery_id: int, column: str, at: datetime) -> bool:
    """Record when something first happened to a delivery; False when it had happened before."""
    statement = (
        sa.update(_deliveries)
        .where(_deliveries.c.id == delivery_id, _deliveries.c[column].is_(None))
        .values({column: at})
        .returning(_deliveries.c.id)
    )
    return (await session.execute(statement)).first() is not None


async def delivery(session: AsyncSession, delivery_id: int) -> Delivery | None:
    """One row of the ledger."""
    return await session.get(Delivery, delivery_id)


async def latest_delivery(session: AsyncSession, address: str) -> Delivery | None:
    """The newest message sent to an address."""
    statement = (
        select(Delivery)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(Contact.identity == address, col(Delivery.sent_at).is_not(None))
        .order_by(col(Delivery.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def click_target(
    session: AsyncSession, delivery_id: int, position: int
) -> tuple[str, int, datetime | None] | None:
    """(URL template, contact, time of sending) of a delivery's link, in one statement."""
    statement = (
        sa.select(_links.c.url, _deliveries.c.contact_id, _deliveries.c.sent_at)
        .join(_deliveries, _deliveries.c.campaign_id == _links.c.campaign_id)
        .where(_deliveries.c.id == delivery_id, _links.c.position == position)
    )
    row = (await session.execute(statement)).first()
    return None if row is None else (row.url, row.contact_id, row.sent_at)


async def campaign(session: AsyncSession, campaign_id: int) -> Campaign | None:
    """A campaign, also a deleted one: people open old messages."""
    return await session.get(Campaign, campaign_id)


async def contact(session: AsyncSession, contact_id: int) -> Contact | None:
    """The contact of a delivery; None when it was deleted."""
    return await session.get(Contact, contact_id)
