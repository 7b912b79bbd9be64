"""The finishing time while limits are being chosen. Same calculation as pre-flight, with the values on the screen."""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import audiences
from campaign_app.campaigns import schedule
from campaign_app.channels import service as accounts
from campaign_app.core import clock
from campaign_app.core.actor import Actor
from campaign_app.core.errors import NotFound
from campaign_app.kit import text
from campaign_app.ui.campaign_builder import finish as finish


async def in_words(
    session: AsyncSession, actor: Actor, fields: dict[str, Any], zone: str, kind: str
) -> tuple[str, str]:
    """("Finishes today, about 11:18", "4,218 messages, about 31 per minute: …") for the fields of a CampaignPatch.

    `kind`: the kind of address.
    """
    try:
        count = (await audiences.count(session, fields["audience"] or {}, kind)).reachable
    except NotFound:
        return "Nobody to send to yet", "Part of the audience was deleted. Choose it again."
    if not count:
        return "Nobody to send to yet", "Choose the audience first."
    start = max(fields["send_at"] or clock.now(), clock.now())
    limits = schedule.PaceLimits(
        rate_per_minute=fields["rate_per_minute"],
        batch_size=fields["batch_size"],
        batch_delay_ms=fields["batch_delay_ms"] or 0,
        **await _of_account(session, actor, fields["account_id"]),
    )
    found = schedule.estimate(count, start, limits, fields["windows"] or {}, zone=zone)
    words = finish.finish_words(found.finishes_at, clock.now(), zone)
    if fields["send_at"]:
        words += (
            f", {text.duration((found.finishes_at - start).total_seconds())} after the start"
            if found.finishes_at
            else ""
        )
    return words, finish.rate_words(count, start, found.finishes_at, found.limited_by)


async def _of_account(session: AsyncSession, actor: Actor, account_id: int | None) -> dict[str, Any]:
    row = next((row for row in await accounts.list_accounts(session, actor) if row.id == account_id), None)
    if row is None:
        return {}
    return {
        "account_per_minute": row.limit_per_minute,
        "account_per_day": row.limit_per_day,
        "account_sent_today": row.limit_used,
    }
