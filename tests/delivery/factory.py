"""Rows for the engine's tests, through the same tables the product uses."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.core import db
from campaign_app.models.campaign import Campaign, CampaignCounter
from campaign_app.models.contact import Contact, ContactList, ListMember
from campaign_app.models.delivery import Delivery, DeliveryStatus
from campaign_app.models.suppression import Suppression, SuppressionReason
from tests.channels.accounts import smtp_row
from tests.settled import settle

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STATUSES = tuple(status.value for status in DeliveryStatus)


async def account(**values: Any) -> int:
    """A sending account, in a workspace that may launch through it."""
    async with db.transaction() as session:
        await settle(session)
        row = smtp_row(
            **{
                "name": "Newsletter",
                "host": "127.0.0.1",
                "port": 2525,
                "tls": Tls.NONE,
                "from_address": "news@shop.example",
                "from_name": "Shop",
                **values,
            }
        )
        session.add(row)
        await session.flush()
        assert row.id is not None
        return row.id


async def audience(count: int, prefix: str = "person", domains: int = 3) -> int:
    """A list with `count` contacts; its id."""
    async with db.transaction() as session:
        found = ContactList(name=f"{prefix} list", members=count)
        session.add(found)
        await session.flush()
        first = int((await session.execute(sa.select(sa.func.coalesce(sa.func.max(Contact.id), 0)))).scalar_one())
        people = [
            {
                "id": first + n + 1,
                "identity": f"{prefix}{n}@d{n % domains}.example",
                "email": f"{prefix}{n}@d{n % domains}.example",
                "domain": f"d{n % domains}.example",
                "phone": "",
                "first_name": f"First{n}",
                "last_name": f"Last{n}",
                "sort_name": f"last{n} first{n}",
                "sort_company": "company",
                "company": "Company",
                "time_zone": "",
                "language": "en",
                "attributes": {},
                "created_at": AT,
                "updated_at": AT,
            }
            for n in range(count)
        ]
        for start in range(0, count, 1000):
            part = people[start : start + 1000]
            await session.execute(sa.insert(Contact), part)
            await session.execute(
                sa.insert(ListMember), [{"list_id": found.id, "contact_id": row["id"]} for row in part]
            )
        if db.is_postgres():
            await session.execute(sa.text("SELECT setval('contact_id_seq', (SELECT MAX(id) FROM contact))"))
        assert found.id is not None
        return found.id


async def suppress(address: str, reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED) -> None:
    async with db.transaction() as session:
        session.add(Suppression(address=address, reason=reason))


async def campaign(account_id: int | None, lists: list[int], **values: Any) -> int:
    async with db.transaction() as session:
        row = Campaign(
            **{
                "name": "Spring",
                "account_id": account_id,
                "subject": "Hello {{ first_name }}",
                "html": "<p>Dear {{ first_name }}, see <a href='https://shop.example/a'>our offer</a>.</p>",
                "audience": {"lists": lists},
                **values,
            }
        )
        session.add(row)
        await session.flush()
        assert row.id is not None
        return row.id


async def ledger_rows(statuses: list[DeliveryStatus]) -> tuple[int, list[int]]:
    """A campaign with deliveries in these statuses and the counter row that fits; (campaign id, delivery ids)."""
    campaign_id = await campaign(None, [])
    async with db.transaction() as session:
        rows = [
            Delivery(
                campaign_id=campaign_id,
                contact_id=n + 1,
                status=status,
                address=f"a{n}@d.example",
                domain="d.example",
                updated_at=AT,
            )
            for n, status in enumerate(statuses)
        ]
        session.add_all(rows)
        counter = CampaignCounter(campaign_id=campaign_id, total=len(rows))
        for status in statuses:
            setattr(counter, status.value, getattr(counter, status.value) + 1)
        session.add(counter)
        await session.flush()
        return campaign_id, [int(row.id or 0) for row in rows]


async def statuses_of(campaign_id: int) -> dict[str, int]:
    async with db.reading() as session:
        result = await session.execute(
            sa.text("SELECT status, COUNT(*) FROM delivery WHERE campaign_id = :c GROUP BY status"), {"c": campaign_id}
        )
        return {str(status): int(count) for status, count in result.all()}


async def counters_of(campaign_id: int) -> dict[str, int]:
    """The counter row's statuses that are not zero, and the total."""
    async with db.reading() as session:
        result = await session.execute(
            sa.text(f"SELECT {', '.join(STATUSES)}, total FROM campaign_counter WHERE campaign_id = :c"),
            {"c": campaign_id},
        )
        row = result.one()
        return {name: int(value) for name, value in zip((*STATUSES, "total"), row, strict=True) if value}


async def assert_sound(campaign_id: int) -> None:
    """Counters are what the rows say, and their sum is the total."""
    statuses, counters = await statuses_of(campaign_id), await counters_of(campaign_id)
    total = counters.pop("total", 0)
    assert statuses == counters
    assert sum(counters.values()) == total
