"""Third step for a channel that declares its fields. Each is saved when it loses focus."""

from typing import Any

import reflex as rx

from campaign_app.campaigns import previews
from campaign_app.channels import registry
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.models.campaign import CONTENT_COLUMNS
from campaign_app.ui.campaign_builder.state import OPENERS, Builder


class BuilderFields(Builder):
    """Input stays in the browser until it is saved."""

    values: dict[str, str] = {}
    rendered: str = ""
    rendered_for: str = ""
    rendering_problem: str = ""

    @rx.event
    async def open_step(self) -> None:
        actor = await self.require("campaigns:write")
        stored = self._mine["content"] or {}
        fields = registry.channel(self.channel).content_form.fields
        self.values = {field.name: str(stored.get(field.name, "")) for field in fields}
        self.opened = "content"
        await self._render(actor)

    @rx.event
    async def change(self, name: str, value: str) -> Any:
        """Change one field of the message."""
        actor = await self.require("campaigns:write")
        if name not in self.values:
            return
        self.values = {**self.values, name: value}
        changes: dict[str, Any] = {name: value} if name in CONTENT_COLUMNS else {"content": self.values}
        if await self._save(**changes):
            await self._render(actor)

    async def _render(self, actor: Actor) -> None:
        async with db.reading() as session:
            shown = await previews.preview(session, actor, self._id)
        self.rendering_problem, self.rendered_for = shown.problem, shown.recipient
        self.rendered = shown.text or shown.html


OPENERS["content"] = BuilderFields.open_step
