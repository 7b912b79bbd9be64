"""Save a campaign's message in the template library."""

from typing import Any, ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import service, templates_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.models.template import Template
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog


class SaveAsTemplate(FormDialog, AppState):
    """The dialog that asks for the template's name; `key` is the campaign."""

    form: ClassVar[Form] = Form(
        "template",
        "templates:write",
        (
            Field("name", "Name", more={"max_length": 255, "auto_complete": "off"}),
            Field("category", "Category", optional=True, more={"max_length": 64, "auto_complete": "off"}),
        ),
    )

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:
        async with db.reading() as session:
            return {"name": (await service.get(session, actor, to_id(key, "campaign"))).name}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> Template:
        """Copy subject, preheader and message to the library. The campaign is unchanged."""
        campaign_id = to_id(self.key, "campaign")
        name, category = given["name"].strip(), given["category"].strip()
        return await templates_service.create_from_campaign(session, actor, campaign_id, name, category)

    async def _saved(self, actor: Actor, saved: Template) -> Any:  # noqa: ARG002
        return notify_success(f"{saved.name} is in the template library")
