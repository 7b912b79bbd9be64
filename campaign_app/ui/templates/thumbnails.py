"""Templates as their recipients would see them, for the pictures of the library. Made once per saved version."""

from collections.abc import Sequence
from html import escape

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import previews
from campaign_app.campaigns.previews import Picture
from campaign_app.channels.email.content import MessageFields
from campaign_app.core.actor import Actor
from campaign_app.models.template import Template

_MOST_KEPT = 500
_WORDS = "<p style='font:16px sans-serif;color:#60646c;padding:40px'>{}</p>"
_EMPTY = _WORDS.format("Empty")
_NOT_YET = _WORDS.format("The picture is still being made")
_made: dict[tuple[int, int, str], str] = {}


async def thumbnails(session: AsyncSession, actor: Actor, templates: Sequence[Template]) -> dict[int, str]:
    """The page of each template for a sample person, by id. Slow ones are left for the next request."""
    missing = [template for template in templates if _key(template) not in _made]
    wanted = [(template.created_by, _fields(template)) for template in missing if template.html.strip()]
    pictures = iter(await previews.pictures(session, actor, wanted))
    for template in missing:
        picture = next(pictures) if template.html.strip() else Picture(_EMPTY)
        if picture is not None:
            _keep(template, escape_problem(picture))
    return {int(template.id or 0): _made.get(_key(template), _NOT_YET) for template in templates}


def _key(template: Template) -> tuple[int, int, str]:
    return (int(template.id or 0), template.version, template.updated_at.isoformat())


def _fields(template: Template) -> MessageFields:
    return MessageFields(**{name: getattr(template, name) for name in MessageFields.model_fields})


def _keep(template: Template, html: str) -> None:
    if len(_made) >= _MOST_KEPT:
        _made.pop(next(iter(_made)))
    _made[_key(template)] = html


def escape_problem(picture: Picture) -> str:
    """The page, or the reason why there is none."""
    return _WORDS.format(escape(picture.problem)) if picture.problem else picture.html or _EMPTY
