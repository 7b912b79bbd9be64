"""A new draft, empty or from a template."""

from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import service, templates_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit import ids
from campaign_app.models.campaign import Campaign
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.forms_state import Field, Form, FormState

_NO_NAME: Final = "Give it a name of 1 to 255 characters."


class CampaignNew(FormState, AppState):
    """Asks for the name; the builder asks for the rest."""

    form: ClassVar[Form] = Form(
        "",
        "campaigns:write",
        (
            Field(
                "name",
                "Campaign name",
                more={"placeholder": "November restock offer", "max_length": 255, "auto_focus": True},
            ),
        ),
    )
    template_id: int = 0
    template_name: str = ""

    @rx.event
    async def load(self) -> Any:
        """Read which template the address names, if any."""
        actor = await self.require("campaigns:write")
        if not self._is_filled():
            self._fill()
        self.template_id, self.template_name = 0, ""
        wanted = ids.number(self.query("template"))
        if wanted is not None:
            async with db.reading() as session:
                found = await templates_service.get(session, actor, wanted)
            self.template_id, self.template_name = wanted, found.name

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> Campaign:
        name = given["name"].strip()
        if not name:
            raise Invalid(_NO_NAME, {"name": _NO_NAME})
        return await service.create(session, actor, name, **await self._content(session, actor))

    async def _saved(self, actor: Actor, saved: Campaign) -> Any:  # noqa: ARG002
        return browser.redirect(routes.campaign_edit(saved.id))

    async def _content(self, session: AsyncSession, actor: Actor) -> dict[str, Any]:
        if not self.template_id:
            return {}
        found = await templates_service.get(session, actor, self.template_id)
        return {field: getattr(found, field) for field in ("subject", "preheader", "editor", "html", "text")}
