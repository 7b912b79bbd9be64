"""Downloads of results."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from campaign_app.analytics import exports
from campaign_app.api import downloads
from campaign_app.api.deps import SignedInActor
from campaign_app.kit.ids import Id

Days = Annotated[int, Query(ge=1, le=3_660)]
router = APIRouter(prefix="/files", tags=["Files"])


@router.get("/campaigns/{campaign_id}/{slug}.csv", summary="One table of a campaign's results, as CSV")
async def campaign_table(campaign_id: Id, slug: str, actor: SignedInActor) -> Response:
    """funnel, times, reasons, links, domains or recipients."""
    name = f"campaign-{campaign_id}-{slug}.csv"
    noted = exports.of_campaign(actor, campaign_id, slug)
    return await downloads.csv(noted, lambda session: exports.campaign(session, actor, campaign_id, slug), name)


@router.get("/analytics.csv", summary="The days of a period over all campaigns, as CSV")
async def period(actor: SignedInActor, days: Days = 30) -> Response:
    """One row a day."""
    noted = exports.of_period(actor, days)
    name = f"analytics-{days}-days.csv"
    return await downloads.csv(noted, lambda session: exports.period(session, actor, days), name)
