"""A new draft, empty or from a template."""

from typing import Any

import reflex as rx

from campaign_app.campaigns import service, templates_service
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.kit import ids
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState


class CampaignNew(AppState):
    """Name first; everything else follows in the builder."""

    template_id: int = 0
    template_name: str = ""
    wrong: str = ""
    creating: bool = False

    @rx.event
    async def load(self) -> Any:
        """Reads which template the address names, if any."""
        actor = await self.require("campaigns:write")
        self.wrong, self.template_id, self.template_name = "", 0, ""
        wanted = ids.number(self.query("template"))
        if wanted is not None:
            async with db.reading() as session:
                found = await templates_service.get(session, actor, wanted)
            self.template_id, self.template_name = wanted, found.name

    @rx.event
    async def create(self, form: dict[str, Any]) -> Any:
        """Stores the draft and opens the builder."""
        actor = await self.require("campaigns:write")
        name = str(form.get("name", "")).strip()
        if not name:
            self.wrong = "Give it a name of 1 to 255 characters."
            return None
        async with self.busy("creating"):
            try:
                async with db.transaction() as session:
                    fields = await self._content(session, actor)
                    campaign = await service.create(session, actor, name, **fields)
            except Invalid as error:
                self.wrong = error.fields.get("name", error.message)
                return None
        return browser.redirect(routes.campaign_edit(campaign.id))

    async def _content(self, session: Any, actor: Any) -> dict[str, Any]:
        if not self.template_id:
            return {}
        found = await templates_service.get(session, actor, self.template_id)
        return {field: getattr(found, field) for field in ("subject", "preheader", "editor", "html", "text")}
