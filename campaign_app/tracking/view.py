"""The page behind "View in browser": the message, rendered again for its recipient."""

from collections import OrderedDict
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import preflight_repository, readiness
from campaign_app.channels.content import Message
from campaign_app.delivery.launch import content
from campaign_app.models.campaign import Campaign
from campaign_app.rendering import isolated, links
from campaign_app.rendering.errors import RenderError, TooSlow
from campaign_app.rendering.links import Addresses, LinkKind
from campaign_app.rendering.templating import context_for
from campaign_app.tracking import repository
from campaign_app.workspace import service as workspace

_KEPT = 64
_compiled: OrderedDict[tuple[Any, ...], Message | None] = OrderedDict()


async def page(session: AsyncSession, token: str) -> str | None:
    """The message's HTML; None when the token is not valid or the message can no longer be shown."""
    found = links.read_token(LinkKind.VIEW, token)
    if found is None or (delivery := await repository.delivery(session, found)) is None:
        return None
    campaign = await repository.campaign(session, delivery.campaign_id)
    contact = await repository.contact(session, delivery.contact_id)
    if campaign is None or contact is None:
        return None
    try:
        message = await _message(session, campaign)
        if message is None:
            return None
        here = await workspace.get(session)
        base = readiness.base_of(here, await preflight_repository.account(session, campaign.account_id))
        values = context_for(contact)
        addresses = Addresses(len(message.links), message.reads, base, message.personal)
        values.update(addresses.make(found, message.link_values(values)).variables)
        values["postal_address"] = here.postal_address
        shown: str = message.render(values).html
        return shown
    except TooSlow:
        _compiled[_key(session, campaign)] = None  # the next request must not wait for it again
        return None
    except RenderError:
        return None


def _key(session: AsyncSession, campaign: Campaign) -> tuple[Any, ...]:
    return (id(session.get_bind().engine.url), campaign.id, campaign.version, campaign.launched_at)


async def _message(session: AsyncSession, campaign: Campaign) -> Message | None:
    key = _key(session, campaign)
    if key in _compiled:
        _compiled.move_to_end(key)
        return _compiled[key]
    message = await content.load(session, campaign, isolated.PUBLIC)
    _compiled[key] = message
    if len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
    return message
