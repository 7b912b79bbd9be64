"""Templates as their recipients would see them, for the pictures of the library. Made once per saved version."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import previews
from campaign_app.campaigns.schemas import MessageFields
from campaign_app.core.actor import Actor
from campaign_app.models.template import Template

_MOST_KEPT = 500
_EMPTY = "<p style='font:16px sans-serif;color:#60646c;padding:40px'>Empty</p>"
_made: dict[tuple[int, int, str], str] = {}


async def thumbnails(session: AsyncSession, actor: Actor, templates: Sequence[Template]) -> dict[int, str]:
    """The page of each template for an example person, by id."""
    found: dict[int, str] = {}
    for template in templates:
        key = (int(template.id or 0), template.version, template.updated_at.isoformat())
        if key not in _made:
            if len(_made) >= _MOST_KEPT:
                _made.pop(next(iter(_made)))
            _made[key] = await _draw(session, actor, template)
        found[key[0]] = _made[key]
    return found


async def _draw(session: AsyncSession, actor: Actor, template: Template) -> str:
    if not template.html.strip():
        return _EMPTY
    fields = MessageFields(**{name: getattr(template, name) for name in MessageFields.model_fields})
    shown = await previews.preview(session, actor, fields)
    return shown.html or _EMPTY
