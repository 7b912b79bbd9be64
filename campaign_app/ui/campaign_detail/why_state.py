"""Why one recipient got the message, or did not."""

from dataclasses import dataclass

import reflex as rx

from campaign_app.core import db
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.dialogs_state import Dialog
from campaign_app.workspace import service as workspace


@dataclass
class RuleLine:
    """One checked rule, in order; `mark` is a status of the theme."""

    mark: str
    title: str
    detail: str
    at: str


_MARKS = {"passed": "fine", "stopped": "blocking", "waiting": "queued", "noted": "sent"}


class WhyDialog(Dialog, AppState):
    """The dialog over the recipients' table."""

    name: str = ""
    address: str = ""
    status: str = "pending"
    response: str = ""
    message_id: str = ""
    provider_id: str = ""
    contact_href: str = ""
    rules: list[RuleLine] = []

    @rx.event
    async def show(self, delivery_id: int) -> None:
        """Open it for one delivery."""
        actor = await self.require("campaigns:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            why = await recipient_queries.why(session, actor, delivery_id)
        self.name, self.address = why.row.name or why.row.address, why.row.address
        self.status, self.response = why.row.status.value, why.row.response
        self.message_id, self.provider_id = why.message_id, why.provider_id
        self.contact_href = f"/contacts/{why.row.contact_id}"
        self.rules = [
            RuleLine(
                _MARKS.get(rule.verdict, "fine"), rule.title, rule.detail, text.exact(rule.at, zone) if rule.at else ""
            )
            for rule in why.rules
        ]
        self._open(delivery_id, self.name)
