"""The message of a campaign as each recipient got it."""

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.campaigns import previews
from campaign_app.campaigns import service as campaigns
from campaign_app.core import db
from campaign_app.kit import ids
from campaign_app.ui.app_state import AppState, initials
from campaign_app.ui.ids import to_id


class CampaignContent(AppState):
    loading: bool = True
    subject: str = ""
    sender: str = ""
    letters: str = ""
    html: str = ""
    text: str = ""
    recipient: str = ""
    problem: str = ""
    part: str = "desktop"
    choices: list[tuple[str, str]] = []
    chosen: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the tab with the first recipient."""
        await self.require("campaigns:read")
        self.chosen = ""
        async with self.busy():
            await self._find("")
            await self._read()

    async def _find(self, words: str) -> None:
        actor = await self.require("campaigns:read")
        async with db.reading() as session:
            campaign = await campaigns.get(session, actor, to_id(self.campaign_id, "campaign"))
            found = await people.sample_contacts(session, campaign.audience, words, 20, campaign.address_kind)
        self.choices = [(str(one.id), f"{one.name} · {one.address}") for one in found]

    async def _read(self) -> None:
        actor = await self.require("campaigns:read")
        number = to_id(self.campaign_id, "campaign")
        async with db.reading() as session:
            campaign = await campaigns.get(session, actor, number)
            contact = ids.number(self.chosen)
            seen = await previews.preview(session, actor, number, contact)
        self.subject, self.html, self.text = seen.subject, seen.html, seen.text
        self.recipient, self.problem, self.sender = seen.recipient, seen.problem, campaign.from_name
        self.letters = initials(campaign.from_name or "Beacon")

    @rx.event
    async def choose(self, contact_id: str) -> None:
        """Show the message for another recipient."""
        await self.require("campaigns:read")
        self.chosen = contact_id
        await self._read()

    @rx.event
    async def show_part(self, part: str) -> None:
        """Desktop, phone or text."""
        await self.require("campaigns:read")
        self.part = part if part in {"phone", "text"} else "desktop"
