"""The campaign of `./campaign demo`: contacts, an account to the sandbox, a message with variables, a launch."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns import templates_service
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.email_smtp.settings import SmtpSettings, Tls
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.contact import Contact, ContactList, ListMember
from campaign_app.models.delivery import Delivery
from campaign_app.ops.demo import people
from campaign_app.workspace import service as workspace

CHUNK = 5_000
SUBJECT = "{{ first_name | default('Hello') }}, your November picks"
HTML = """<h1>Hello {{ firstName | default("there") }}</h1>
<p>Three things that people {% if company %}at {{ company }}{% else %}like you{% endif %} asked for, back in stock.</p>
<p><a href="https://shop.example.com/picks?plan={{ plan }}">See your picks</a></p>
<p>{{ postal_address }}</p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> · <a href="{{ view_url }}">View in browser</a></p>"""


def table(kind: type[SQLModel]) -> sa.Table:
    """The Core table of a model, for statements over many rows."""
    found: sa.Table = kind.__table__  # type: ignore[attr-defined]
    return found


async def insert_many(session: AsyncSession, kind: type[SQLModel], rows: Iterable[dict[str, Any]]) -> int:
    """Insert rows in chunks, without an object per row; returns how many."""
    statement, waiting, count = sa.insert(table(kind)), iter(rows), 0
    while chunk := list(islice(waiting, CHUNK)):
        await (await session.connection()).execute(statement, chunk)
        count += len(chunk)
    return count


async def sandbox_account(session: AsyncSession, smtp_port: int, name: str = "Sandbox") -> SendingAccount:
    """A sending account that reaches the sandbox on this machine."""
    account = SendingAccount(
        name=name,
        provider=SmtpAdapter.provider,
        settings=SmtpSettings(
            host="127.0.0.1",
            port=smtp_port,
            tls=Tls.NONE,
            from_address="hello@beacon.example",
            from_name="Beacon Demo",
            reply_to="hello@beacon.example",
        ).model_dump(mode="json"),
    )
    session.add(account)
    await session.flush()
    return account


async def list_of_everybody(session: AsyncSession, name: str) -> ContactList:
    """A list with all contacts."""
    made = ContactList(name=name, description="Everybody, made up")
    session.add(made)
    await session.flush()
    members = sa.select(sa.literal(made.id), table(Contact).c.id)
    result = await (await session.connection()).execute(
        sa.insert(table(ListMember)).from_select(["list_id", "contact_id"], members)
    )
    made.members = result.rowcount
    session.add(made)
    return made


async def create(session: AsyncSession, recipients: int, smtp_port: int, rate: int | None) -> int:
    """Create contacts and a campaign to all of them; returns its id."""
    await workspace.update(session, SYSTEM, company=people.COMPANY, postal_address=people.POSTAL_ADDRESS)
    await insert_many(session, Contact, people.rows(recipients, clock.now()))
    everybody = await list_of_everybody(session, "Demo contacts")
    account = await sandbox_account(session, smtp_port)
    await templates_service.create(
        session, SYSTEM, {"name": "Demo message", "category": "Demo", "subject": SUBJECT, "html": HTML}
    )
    campaign = await campaigns.create(
        session,
        SYSTEM,
        "Demo",
        account_id=account.id,
        subject=SUBJECT,
        html=HTML,
        audience={"lists": [everybody.id]},
        rate_per_minute=rate,
    )
    return int(campaign.id or 0)


async def launch(session: AsyncSession, campaign_id: int) -> None:
    """Launch the campaign as the system."""
    await service.launch(session, SYSTEM, campaign_id)


async def counts(campaign_id: int) -> dict[str, int]:
    """Recipients by outcome as pages count them (an opened message was also sent); `finished` is 0 or 1."""
    async with db.reading() as session:
        counter = await session.get(CampaignCounter, campaign_id)
        campaign = await session.get(Campaign, campaign_id)
    assert counter is not None
    assert campaign is not None
    over = campaign.status in {CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED}
    return {
        "total": counter.total,
        "sent": counter.sent + counter.delivered + counter.read + counter.replied,
        "failed": counter.failed,
        "bounced": counter.bounced,
        "skipped": counter.skipped,
        "uncertain": counter.uncertain,
        "pending": counter.pending,
        "finished": int(over or campaign.status is CampaignStatus.PAUSED),
    }


async def seconds(campaign_id: int) -> float:
    """Seconds from the launch to the last sent message."""
    async with db.reading() as session:
        campaign = await session.get(Campaign, campaign_id)
        last = sa.select(sa.func.max(col(Delivery.sent_at))).where(col(Delivery.campaign_id) == campaign_id)
        found = (await session.execute(last)).scalar_one_or_none()
    if campaign is None or campaign.launched_at is None or found is None:
        return 0.0
    return float((found - campaign.launched_at).total_seconds())
