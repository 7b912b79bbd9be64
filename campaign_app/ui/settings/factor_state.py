"""The person's second factor. The secret and the codes go to their fields in the browser and are in no var."""

from typing import Any, Final

import reflex as rx

from campaign_app.auth import second_factor
from campaign_app.core import clock, crypto, db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState, for_set_up, notify_success

KEY_ID: Final = "factor-secret"
CODES_ID: Final = "recovery-codes"
_GROUP: Final = 4


class Factor(AppState):
    """One card and its dialogs."""

    loading: bool = True
    factor_enabled: bool = False
    factor_required: bool = False  # of owners and admins, by the workspace
    factor_missing: bool = False  # required and not there: nothing else opens
    codes_left: int = 0
    setting_up: bool = False
    asked: str = ""  # what a code is asked for: "disable" or "codes"
    working: bool = False
    errors: dict[str, str] = {}
    qr: str = ""
    has_codes: bool = False
    _codes: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the page. A set-up under way goes on: a phone that shows the app for a moment connects anew."""
        actor = await self.require()
        self.asked, self.errors = "", {}
        async with self.busy():
            await self._read(actor)
        self.setting_up = self.setting_up and not self.factor_enabled

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            found = await second_factor.state(session, actor)
        self.factor_enabled, self.codes_left = found.enabled, found.codes_left
        self.factor_required, self.factor_missing = found.required, found.is_missing

    @rx.event
    async def begin(self) -> None:
        """Make a secret and show it."""
        actor = await self.require()
        async with db.transaction() as session:
            await second_factor.begin(session, actor)
        self.errors, self.setting_up = {}, True
        self.qr = f"/files/second-factor.svg?at={int(clock.now().timestamp() * 1000)}"  # the one before is cached

    @rx.event
    async def reveal_secret(self) -> Any:
        """The dialog is there: hand the secret to its field."""
        actor = await self.require()
        async with db.reading() as session:
            secret = (await second_factor.setup(session, actor)).secret
        parts = [secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)]
        return browser.set_value(KEY_ID, " ".join(parts))

    @rx.event
    async def confirm(self, form: dict[str, Any]) -> Any:
        """Switch it on."""
        actor = await self.require()
        self.errors = {}
        try:
            async with self.busy("working"), db.transaction() as session:
                codes = await second_factor.confirm(session, actor, str(form.get("setup-code", "")))
        except Invalid as error:
            self.errors = error.fields
            return None
        self.setting_up, self.qr = False, ""
        await self._show(actor, codes)
        return [AppState.enter, notify_success("Second factor switched on")]  # it may open everything else

    @rx.event
    async def ask(self, what: str) -> None:
        """Open the dialog that asks for a code; "" closes it."""
        await self.require()
        self.errors, self.asked = {}, what if what in {"disable", "codes"} else ""

    @rx.event
    async def close(self, opened: bool = False) -> None:
        """A dialog was left by Esc or Cancel."""
        await self.require()
        if not opened:
            self.setting_up, self.asked, self.qr = False, "", ""

    @rx.event
    async def make_codes(self, form: dict[str, Any]) -> Any:
        """New recovery codes in the place of the old ones."""
        actor = await self.require()
        self.errors = {}
        try:
            async with self.busy("working"), db.transaction() as session:
                codes = await second_factor.new_codes(session, actor, str(form.get("codes-code", "")))
        except Invalid as error:
            self.errors = error.fields
            return
        self.asked = ""
        await self._show(actor, codes)

    @rx.event
    async def disable(self, form: dict[str, Any]) -> Any:
        """Sign in with the password alone."""
        actor = await self.require()
        self.errors = {}
        password, code = str(form.get("factor-password", "")), str(form.get("disable-code", ""))
        try:
            async with self.busy("working"), db.transaction() as session:
                await second_factor.disable(session, actor, password, code)
        except Invalid as error:
            self.errors = error.fields
            return None
        self.asked = ""
        await self._read(actor)
        return [AppState.enter, notify_success("Second factor switched off")]

    async def _show(self, actor: Actor, codes: list[str]) -> None:
        self._codes, self.has_codes = crypto.seal("\n".join(codes)), True  # Reflex keeps it in Redis while they show
        await self._read(actor)

    @rx.event
    async def reveal_codes(self) -> Any:
        """The dialog is there: hand the codes to their field."""
        await self.require()
        return browser.set_value(CODES_ID, crypto.unseal(self._codes))

    @rx.event
    async def save_codes(self) -> Any:
        """As a text file."""
        await self.require()
        text = f"Recovery codes for Beacon. Each works once.\n\n{crypto.unseal(self._codes)}\n"
        return browser.download(text.encode(), "beacon-recovery-codes.txt", "text/plain")

    @rx.event
    async def close_codes(self, opened: bool = False) -> None:
        """They cannot be seen again."""
        await self.require()
        if not opened:
            self.has_codes, self._codes = False, ""


for_set_up(Factor, "load", "begin", "reveal_secret", "confirm", "close", "reveal_codes", "save_codes", "close_codes")
