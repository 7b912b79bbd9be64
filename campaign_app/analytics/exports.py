"""Everything that can be exported, as a declared list: slug, headings, rows. Streamed; formula cells are escaped."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.analytics import repository, service
from campaign_app.analytics.schemas import Results
from campaign_app.audit.exports import NO_PEOPLE, Export
from campaign_app.campaigns import service as campaigns
from campaign_app.core.actor import Actor
from campaign_app.core.errors import NotFound
from campaign_app.kit.csv_stream import BOM, encode

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a campaign's results."""

    headings: Row
    rows: Callable[[Results], list[Row]]


def _funnel(found: Results) -> list[Row]:
    return [(step.label, str(step.count), f"{step.share:.4f}") for step in found.funnel]


def _times(found: Results) -> list[Row]:
    return [
        (_instant(point.at), *(str(getattr(point, name)) for name in ("sent", "failed", "opens", "clicks")))
        for point in found.times
    ]


def _reasons(found: Results) -> list[Row]:
    return [(row.status, row.label, str(row.count)) for row in found.reasons]


def _links(found: Results) -> list[Row]:
    return [(str(row.position), row.url, str(row.people), str(row.clicks)) for row in found.links]


EXPORTS: Final[dict[str, Table]] = {
    "funnel": Table(("Step", "People", "Share of sent"), _funnel),
    "times": Table(("From (UTC)", "Sent", "Failed", "Opens", "Clicks"), _times),
    "reasons": Table(("Status", "Reason", "People"), _reasons),
    "links": Table(("Number", "Link", "People", "Clicks"), _links),
}
DOMAINS: Final = ("Domain", "Sent", "Failed", "Bounced", "Opened", "Clicked", "Unsubscribed", "Complained")
RECIPIENTS: Final = (
    "Address",
    "First name",
    "Last name",
    "Status",
    "Reason",
    "Server's answer",
    "Attempts",
    "Sent (UTC)",
    "Opened (UTC)",
    "Clicked (UTC)",
    "Unsubscribed (UTC)",
    "Changed (UTC)",
)
PERIOD: Final = ("Day", "Sent", "Failed", "Opened", "Clicked", "Unsubscribed")


async def campaign(session: AsyncSession, actor: Actor, campaign_id: int, slug: str) -> AsyncIterator[bytes]:
    """One table of a campaign: a key of EXPORTS, "domains" or "recipients".

    Raises:
        NotFound: no such campaign or table.
    """
    actor.require("analytics:export")
    await campaigns.get(session, actor, campaign_id)
    if slug == "recipients":
        async for piece in _recipients(session, campaign_id):
            yield piece
    elif slug == "domains":
        found = await repository.domains(session, campaign_id, None)
        names = ("sent", "failed", "bounced", "opened", "clicked", "unsubscribed", "complained")
        yield BOM + encode([DOMAINS, *((row.domain, *(str(getattr(row, name)) for name in names)) for row in found)])
    elif slug in EXPORTS:
        table = EXPORTS[slug]
        yield BOM + encode([table.headings, *table.rows(await service.campaign_results(session, actor, campaign_id))])
    else:
        raise NotFound("There is no such export.")


def of_campaign(actor: Actor, campaign_id: int, slug: str) -> Export:
    """What the audit log records of an export of one campaign's table."""

    async def people(session: AsyncSession) -> int:
        return (await repository.counter(session, campaign_id)).total

    counted = people if slug == "recipients" else NO_PEOPLE
    return Export(actor, "campaign.export", "campaign", f"{slug} as CSV", counted, campaign_id, {"table": slug})


def of_period(actor: Actor, days: int) -> Export:
    """What the audit log records of an export of a period."""
    return Export(actor, "analytics.export", "analytics", "Days as CSV", NO_PEOPLE, filters={"days": days})


async def _recipients(session: AsyncSession, campaign_id: int) -> AsyncIterator[bytes]:
    yield BOM + encode([RECIPIENTS])
    async for rows in repository.recipients(session, campaign_id):
        yield encode([_recipient(*row) for row in rows])


def _recipient(row: Any, first_name: str | None, last_name: str | None) -> Row:
    times = (row.sent_at, row.opened_at, row.clicked_at, row.unsubscribed_at, row.updated_at)
    return (
        row.address,
        first_name or "",
        last_name or "",
        row.status.value,
        row.reason.label,
        row.response,
        str(row.attempts),
        *(_instant(at) for at in times),
    )


async def period(session: AsyncSession, actor: Actor, days: int) -> AsyncIterator[bytes]:
    """One row per day, over all campaigns."""
    actor.require("analytics:export")
    found = await service.overview(session, actor, days)
    names = ("sent", "failed", "opened", "clicked", "unsubscribed")
    rows = [(point.day.isoformat(), *(str(getattr(point, name)) for name in names)) for point in found.days]
    yield BOM + encode([PERIOD, *rows])


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at else ""
