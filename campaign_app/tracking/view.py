"""A message as a web page: what "View in browser" shows, made anew for its recipient."""

from collections import OrderedDict
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import links, preflight_repository, readiness
from campaign_app.campaigns.errors import RenderError
from campaign_app.campaigns.links import Addresses, LinkKind
from campaign_app.campaigns.templating import CompiledMessage, context_for
from campaign_app.delivery import content
from campaign_app.models.campaign import Campaign
from campaign_app.tracking import repository
from campaign_app.workspace import service as workspace

_KEPT = 64
_compiled: OrderedDict[tuple[Any, ...], CompiledMessage] = OrderedDict()


async def page(session: AsyncSession, token: str) -> str | None:
    """The message's HTML; None when the token is not ours or nothing can be shown any more."""
    found = links.read_token(LinkKind.VIEW, token)
    if found is None or (delivery := await repository.delivery(session, found[0])) is None:
        return None
    campaign = await repository.campaign(session, delivery.campaign_id)
    contact = await repository.contact(session, delivery.contact_id)
    if campaign is None or contact is None:
        return None
    try:
        message = await _message(session, campaign)
        here = await workspace.get(session)
        base = readiness.base_of(here, await preflight_repository.account(session, campaign.account_id))
        values = {**context_for(contact), **Addresses(len(message.links), message.reads, base).variables(found[0])}
        values["postal_address"] = here.postal_address
        return message.render(values).html
    except RenderError:
        return None


async def _message(session: AsyncSession, campaign: Campaign) -> CompiledMessage:
    key = (id(session.get_bind().engine.url), campaign.id, campaign.version, campaign.launched_at)
    if key in _compiled:
        _compiled.move_to_end(key)
        return _compiled[key]
    message = content.compile_campaign(campaign, await content.frozen_links(session, campaign.id or 0))
    _compiled[key] = message
    if len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
    return message
