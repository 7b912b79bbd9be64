"""Sending a test of the message to oneself or a colleague."""

from typing import Any

import reflex as rx

from campaign_app.campaigns import previews
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui.app_state import notify_success
from campaign_app.ui.campaign_builder.preview_state import BuilderPreview


class BuilderTest(BuilderPreview):
    """Goes out through the campaign's account, made for the previewed person, outside the campaign's figures."""

    test_open: bool = False
    test_to: str = ""
    test_error: str = ""
    test_busy: bool = False

    @rx.event
    async def show_test(self, is_open: bool) -> None:
        """Opens with one's own address."""
        actor = await self.require("campaigns:write")
        self.test_open, self.test_error = is_open, ""
        if is_open and not self.test_to:
            self.test_to = actor.email

    @rx.event
    async def set_test_to(self, address: str) -> None:
        """Where the test goes."""
        await self.require("campaigns:write")
        self.test_to, self.test_error = address, ""

    @rx.event
    async def send_test(self) -> Any:
        """Sends it now and says what the server answered."""
        actor = await self.require("campaigns:write")
        address = self.test_to.strip()
        async with self.busy("test_busy"):
            yield
            try:
                async with db.reading() as session:
                    outcomes = await previews.send_test(session, actor, self._id, address, self.person or None)
            except Invalid as error:
                self.test_error = error.message
                return
            async with db.transaction() as session:
                await previews.record_test(session, actor, self._id, outcomes)
        refused = next((outcome for outcome in outcomes if not outcome.ok), None)
        if refused:
            self.test_error = f"The server did not take it: {refused.response}"
            return
        self.test_open = False
        yield notify_success(f"Test sent to {address}")
