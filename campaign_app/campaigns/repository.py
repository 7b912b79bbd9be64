"""Every SQL statement about campaigns."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.campaign import Campaign, CampaignStatus

_campaigns: sa.Table = Campaign.__table__  # type: ignore[attr-defined]


async def move_status(
    session: AsyncSession, campaign: Campaign, current: CampaignStatus, changes: Mapping[str, Any]
) -> bool:
    """Claim the step from `current`; False when the stored campaign is not in `current` any more."""
    await session.flush()
    moved = await session.execute(
        sa.update(_campaigns)
        .where(_campaigns.c.id == campaign.id, _campaigns.c.status == current)
        .values(**changes)
        .returning(_campaigns.c.id)
    )
    if moved.first() is None:
        return False
    for name, value in changes.items():
        set_committed_value(campaign, name, value)
    return True
