"""The person's second factor. The secret and the codes go directly to their fields in the browser and are in no var."""

from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import second_factor
from campaign_app.core import clock, crypto, db
from campaign_app.core.actor import Actor
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState, for_set_up, notify_success
from campaign_app.ui.kit.dialogs_state import Dialog
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog

KEY_ID: Final = "factor-secret"
CODES_ID: Final = "recovery-codes"
_GROUP: Final = 4
_REQUIRED: Final = {"required": True, "auto_complete": "one-time-code", "max_length": 50}
_CODE: Final = Field("code", "Code", "code", more=_REQUIRED)
_ANY_CODE: Final = Field("code", "Code", "code", "From your app, or a recovery code", more=_REQUIRED)
_PASSWORD: Final = Field(
    "factor-password", "Password", "password", more={"required": True, "auto_complete": "current-password"}
)


class Factor(AppState):
    """The state of the second factor's card."""

    loading: bool = True
    factor_enabled: bool = False
    factor_required: bool = False  # the workspace requires it of owners and admins
    factor_missing: bool = False  # required and not set up: no other page opens
    codes_left: int = 0

    @rx.event
    async def load(self) -> None:
        actor = await self.require()
        async with self.busy():
            await self._read(actor)
        if self.factor_enabled:  # perhaps in another tab
            (await self.get_state(SetUpFactor))._close()

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            found = await second_factor.state(session, actor)
        self.factor_enabled, self.codes_left = found.enabled, found.codes_left
        self.factor_required, self.factor_missing = found.required, found.is_missing


class SetUpFactor(FormDialog, AppState):
    """A secret is made and shown. The code that an app derives from it turns the factor on."""

    form: ClassVar[Form] = Form("setup", "", (_CODE,))
    qr: str = ""

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        async with db.transaction() as session:
            await second_factor.begin(session, actor)
        self.qr = f"/files/second-factor.svg?at={int(clock.now().timestamp() * 1000)}"  # the previous one is cached
        return {}

    def _close(self) -> None:
        super()._close()
        self.qr = ""

    @rx.event
    async def reveal_secret(self) -> Any:
        """The dialog is open: send the secret to its field."""
        actor = await self.require()
        async with db.reading() as session:
            secret = (await second_factor.setup(session, actor)).secret
        parts = [secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)]
        return browser.set_value(KEY_ID, " ".join(parts))

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> list[str]:
        return await second_factor.confirm(session, actor, given["code"])

    async def _saved(self, actor: Actor, saved: list[str]) -> Any:
        await (await self.get_state(RecoveryCodes))._show(actor, saved)
        return [AppState.enter, notify_success("Second factor switched on")]  # other pages may open now


class NewCodes(FormDialog, AppState):
    """Replaces the recovery codes."""

    form: ClassVar[Form] = Form("codes", "", (_ANY_CODE,))

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> list[str]:
        return await second_factor.new_codes(session, actor, given["code"])

    async def _saved(self, actor: Actor, saved: list[str]) -> Any:
        await (await self.get_state(RecoveryCodes))._show(actor, saved)


class DisableFactor(FormDialog, AppState):
    """Sign in with only the password."""

    form: ClassVar[Form] = Form("disable", "", (_PASSWORD, _ANY_CODE))

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> None:
        await second_factor.disable(session, actor, given["factor-password"], given["code"])

    async def _saved(self, actor: Actor, saved: None) -> Any:  # noqa: ARG002
        await (await self.get_state(Factor))._read(actor)
        return [AppState.enter, notify_success("Second factor switched off")]


class RecoveryCodes(Dialog, AppState):
    """The codes, shown once."""

    _codes: str = ""

    async def _show(self, actor: Actor, codes: list[str]) -> None:
        self._open()
        self._codes = crypto.seal("\n".join(codes))  # Reflex keeps it in Redis while they are shown
        await (await self.get_state(Factor))._read(actor)

    def _close(self) -> None:
        super()._close()
        self._codes = ""

    @rx.event
    async def reveal(self) -> Any:
        """The dialog is open: send the codes to their field."""
        await self.require()
        return browser.set_value(CODES_ID, crypto.unseal(self._codes))

    @rx.event
    async def save(self) -> Any:
        """Download them as a text file."""
        await self.require()
        text = f"Recovery codes for Beacon. Each works once.\n\n{crypto.unseal(self._codes)}\n"
        return browser.download(text.encode(), "beacon-recovery-codes.txt", "text/plain")


for_set_up(Factor, "load")
for_set_up(SetUpFactor, "open", "reveal_secret", "submit", "close")
for_set_up(RecoveryCodes, "reveal", "save", "close")
