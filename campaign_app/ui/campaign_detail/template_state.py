"""Keep a campaign's message in the template library."""

from typing import Any

import reflex as rx

from campaign_app.campaigns import service, templates_service
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id


class SaveAsTemplate(AppState):
    """The dialog that asks for the template's name."""

    opened: bool = False
    saving: bool = False
    name: str = ""
    category: str = ""
    error: str = ""

    @rx.event
    async def ask(self) -> None:
        """Open it with the campaign's name."""
        actor = await self.require("templates:write")
        async with db.reading() as session:
            campaign = await service.get(session, actor, to_id(self.campaign_id, "campaign"))
        self.name, self.category, self.error, self.opened = campaign.name, "", "", True

    @rx.event
    async def change(self, opened: bool) -> None:
        """Closed by Esc, a click beside it, or its button."""
        await self.require("templates:write")
        self.opened = opened

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Subject, preheader and message go into the library; the campaign stays as it is."""
        actor = await self.require("templates:write")
        self.error = ""
        name, category = (str(form.get(field, "")).strip() for field in ("template-name", "template-category"))
        try:
            async with self.busy("saving"), db.transaction() as session:
                made = await templates_service.create_from_campaign(
                    session, actor, to_id(self.campaign_id, "campaign"), name, category
                )
        except Invalid as error:
            self.error = next(iter(error.fields.values()), error.message)
            return None
        self.opened = False
        return notify_success(f"{made.name} is in the template library")
