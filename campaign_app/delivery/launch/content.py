"""A campaign's message and limits as the engine needs them: compiled once, links frozen at launch."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import contents
from campaign_app.channels.content import Message, Prepared
from campaign_app.core.rate_limit import Limits
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignLink


async def prepare(campaign: Campaign, frozen: Sequence[str] | None, who: str = "") -> Prepared:
    """The message read in a process that can be killed; `frozen` are the links of the launch (None: find them now).

    Raises:
        TemplateInvalid: a part cannot be read. TooSlow: reading takes too long. NotRunning: not now.
    """
    return await contents.channel_of(campaign).prepare(
        who or f"campaign {campaign.id}",
        contents.of(campaign),
        links=None if frozen is None else list(frozen),
        track_clicks=campaign.track_clicks,
        track_opens=campaign.track_opens,
    )


async def load(session: AsyncSession, campaign: Campaign, who: str = "") -> Message:
    """The message of a launched campaign, compiled.

    Raises:
        TemplateInvalid, TooSlow, NotRunning: see `prepare`.
    """
    frozen = await frozen_links(session, int(campaign.id or 0))
    return contents.channel_of(campaign).compile(await prepare(campaign, frozen, who))


async def frozen_links(session: AsyncSession, campaign_id: int) -> list[str]:
    """The URL templates of a launched campaign, by position."""
    statement = (
        select(CampaignLink.url).where(CampaignLink.campaign_id == campaign_id).order_by(col(CampaignLink.position))
    )
    return list((await session.exec(statement)).all())


def limits_of(campaign: Campaign, account: SendingAccount) -> Limits:
    """What slows this campaign down."""
    return Limits(
        campaign_id=int(campaign.id or 0),
        account_id=int(account.id or 0),
        per_minute=campaign.rate_per_minute or 0,
        batch_size=campaign.batch_size if campaign.batch_size and campaign.batch_delay_ms > 0 else 0,
        batch_delay_ms=campaign.batch_delay_ms,
        account_per_minute=account.limit_per_minute or 0,
        account_per_day=account.limit_per_day or 0,
    )
