"""Run as a module in a stack's environment: the demo data, a paused campaign, an import to match; prints their ids."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import imports
from campaign_app.campaigns import templates_service
from campaign_app.channels import reported
from campaign_app.channels.email.mail_replies import corpus
from campaign_app.core import clock, db, push_back
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState
from campaign_app.models.segment import Segment
from campaign_app.models.template import Template
from campaign_app.ops.demo import seed
from tests.settled import PUBLIC_URL, settle

FILE = b"E-mail;Vorname;Firma\nrosa@example.com;Rosa;Lind\nnot an address;Olaf;Berg\n"
LETTERS = "Annual fair,\nEmail,First name\nann.fair@example.com,Muñoz\n".encode("cp1252")


async def _file(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def pages() -> dict[str, int]:
    """Something to see on every page; route argument → id."""
    async with db.transaction() as session:
        await seed.seed(session, settings().sandbox_smtp_port)
        finished = select(Campaign).where(Campaign.status == CampaignStatus.COMPLETED).order_by(col(Campaign.id))
        campaign = (await session.exec(finished)).first()
        assert campaign is not None
        await settle(session, public_url=PUBLIC_URL)
        await templates_service.duplicate(session, SYSTEM, await _first(session, Template))
        campaign.status, campaign.paused_at = CampaignStatus.PAUSED, clock.now()
        campaign.paused_by, campaign.pauser = "Ines Keller", Pauser.PERSON
        session.add(campaign)
        await _leave_something_wrong(session, int(campaign.id or 0))
        contact = (
            await session.exec(select(Delivery.contact_id).where(Delivery.campaign_id == campaign.id).limit(1))
        ).one()
        matched = await imports.create_from_upload(session, SYSTEM, "spring fair.csv", _file(FILE))
        letters = await imports.create_from_upload(session, SYSTEM, "annual fair.csv", _file(LETTERS))
        unanswered = select(Delivery.campaign_id).where(Delivery.status == DeliveryStatus.UNCERTAIN).limit(1)
        draft = select(sa.func.min(Campaign.id)).where(Campaign.status == CampaignStatus.DRAFT)
        return {
            "campaign_id": int(campaign.id or 0),
            "draft": int((await session.exec(draft)).one() or 0),
            "contact_id": int(contact or 0),
            "import_id": int(matched.id or 0),
            "letters_id": int(letters.id or 0),
            "unanswered": int((await session.exec(unanswered)).first() or 0),
            **{name: await _first(session, kind) for name, kind in _FIRST.items()},
        }


async def _leave_something_wrong(session: AsyncSession, campaign_id: int) -> None:
    """For the operations page: two leases of a worker that is silent, an account with every kind of trouble."""
    beat = clock.now() - timedelta(minutes=2)
    for number in (1, 2):
        session.add(
            Lease(
                campaign_id=campaign_id,
                first_id=500 * number - 499,
                last_id=500 * number,
                state=LeaseState.HELD,
                owner="mail-2.example.com-4711-ab12",
                host="mail-2.example.com",
                available_at=beat,
                claimed_at=beat,
                heartbeat_at=beat,
                expires_at=beat + timedelta(seconds=30),
            )
        )
    account = (await session.exec(select(SendingAccount).limit(1))).one()
    account.capabilities = {
        "PIPELINING": "",
        "pipelining_broken": "off",
        "pipelining_words": "554 5.5.0 SMTP synchronization error",
        **reported.written(reported.Reported(7, beat, beat, _said("blocklist"))),
    }
    session.add(account)
    await push_back.slower(int(account.id or 0), 0, measured=12.0, accepted=True, words=_said("too-fast"))


def _said(rule: str) -> str:
    return next(row.told(corpus.SENDER, "") for row in corpus.rows() if row.rule == rule)


_FIRST = {"segment_id": Segment, "template_id": Template, "account_id": SendingAccount}


async def _first(session: AsyncSession, kind: type) -> int:
    return int((await session.exec(select(sa.func.min(kind.id)))).one())  # type: ignore[attr-defined]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(pages())))
