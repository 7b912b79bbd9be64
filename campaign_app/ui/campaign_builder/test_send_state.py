"""Sending a test message to oneself or a colleague."""

from typing import Any, ClassVar

from campaign_app.campaigns import previews
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.campaign_builder.preview_state import BuilderPreview
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog


class SendTestForm(FormDialog, AppState):
    """Sent through the campaign's account, made for the previewed person. Not counted in the campaign's figures."""

    form: ClassVar[Form] = Form("", "campaigns:write", (Field("test_to", "Send to", "email"),))

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        return {"test_to": self.values.get("test_to") or actor.email}

    async def _store(self, actor: Actor, given: dict[str, Any]) -> tuple[Any, bool]:
        """Send it now. The server may be slow, so this holds no transaction."""
        address = given["test_to"].strip()
        page = await self.get_state(BuilderPreview)
        try:
            async with db.reading() as session:
                outcomes = await previews.send_test(session, actor, page._id, address, page.person or None)
        except Invalid as error:
            self.errors = {"test_to": error.message}
            return None, False
        async with db.transaction() as session:
            await previews.record_test(session, actor, page._id, outcomes)
        refused = next((outcome for outcome in outcomes if not outcome.ok), None)
        if refused:
            self.errors = {"test_to": f"The server did not take it: {refused.response}"}
        return address, refused is None

    async def _saved(self, actor: Actor, saved: str) -> Any:  # noqa: ARG002
        return notify_success(f"Test sent to {saved}")
