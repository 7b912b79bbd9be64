"""What the command palette finds by name; the declarations of the pages refer to it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience import service as audience
from campaign_app.audience.schemas import ContactQuery
from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns import templates_service
from campaign_app.campaigns.schemas import CampaignQuery
from campaign_app.core.actor import Actor
from campaign_app.kit.text import plural
from campaign_app.ui import routes
from campaign_app.ui.components.palette_state import PER_GROUP
from campaign_app.ui.pages import Hit


async def find_campaigns(session: AsyncSession, actor: Actor, text: str) -> list[Hit]:
    """Drafts open in the builder, all others on their page."""
    found = await campaigns.list_campaigns(session, actor, CampaignQuery(search=text, limit=PER_GROUP))
    return [
        Hit(
            "send",
            row.name,
            routes.campaign_edit(row.id) if row.status == "draft" else routes.campaign(row.id),
            plural(row.total, "recipient") if row.total else row.subject,
            row.status.value,
        )
        for row in found.rows
    ]


async def find_contacts(session: AsyncSession, actor: Actor, text: str) -> list[Hit]:
    """By the beginning of name, company or address."""
    found = await audience.list_contacts(session, actor, ContactQuery(search=text, limit=PER_GROUP))
    return [Hit("user", row.name, routes.contact(row.id), row.company or row.email) for row in found.rows]


async def find_segments(session: AsyncSession, actor: Actor, text: str) -> list[Hit]:
    """There are few, so all are read and compared by name."""
    rows = await segment_service.list_segments(session, actor)
    return [Hit("layers", row.name, routes.segment(row.id)) for row in rows if text.lower() in row.name.lower()]


async def find_templates(session: AsyncSession, actor: Actor, text: str) -> list[Hit]:
    """The library's own search."""
    rows = await templates_service.list_templates(session, actor, search=text)
    return [Hit("layout_template", row.name, routes.template(row.id), "E-mail template") for row in rows]
