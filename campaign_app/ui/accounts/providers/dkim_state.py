"""The account's DKIM key: made here, published by a person, looked for in DNS."""

from contextlib import suppress
from typing import Any

import reflex as rx

from campaign_app.channels.email import dkim, dkim_service
from campaign_app.channels.email.dns_check import Published
from campaign_app.channels.errors import AccountInvalid, AccountNotFound
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import AppError
from campaign_app.ui.accounts.account_state import NEW, AccountPage
from campaign_app.ui.app_state import AppState, explain, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.payload import choice

KINDS = [(dkim.KeyKind.RSA.value, "RSA 2048: understood everywhere"), (dkim.KeyKind.ED25519.value, "Ed25519: short")]


class AccountDkim(AppState):
    """The record to publish. Private keys come in and never go out."""

    signs: bool = False
    domain: str = ""
    selector: str = ""
    record_name: str = ""
    record_text: str = ""
    kind: str = dkim.KeyKind.RSA.value
    own: bool = False
    open: bool = False
    asking: bool = False
    saving: bool = False
    checking: bool = False
    finding: str = ""
    found_right: bool = False
    errors: dict[str, str] = {}

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        actor = await self.require("accounts:read")
        self.finding, self.errors, self.open, self.asking, self.own = "", {}, False, False, False
        self.signs = False
        if self.account_id == NEW:
            return
        with suppress(AccountNotFound):  # another provider's, which has no such card
            await self._read(actor)

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            found = await dkim_service.get(session, actor, to_id(self.account_id, "sending account"))
        self.signs, self.domain, self.selector = found.signs, found.domain, found.selector
        self.record_name, self.record_text = found.record.name, found.record.text

    @rx.event
    async def show_form(self, is_open: bool) -> None:
        """The dialog with domain, selector and kind."""
        await self.require("accounts:write")
        self.open, self.errors, self.own = is_open, {}, False

    @rx.event
    async def choose_kind(self, kind: str) -> None:
        """RSA or Ed25519."""
        await self.require("accounts:write")
        self.kind = choice(dkim.KeyKind, kind).value

    @rx.event
    async def bring_own(self, own: bool) -> None:
        """Paste a key instead of making one."""
        await self.require("accounts:write")
        self.own, self.errors = own, {}

    @rx.event
    async def ask_remove(self, asking: bool) -> None:
        """The question before signing stops."""
        await self.require("accounts:write")
        self.asking = asking

    @rx.event
    async def save(self, given: dict[str, Any]) -> Any:
        """Make the key, or take the one that was pasted."""
        actor = await self.require("accounts:write")
        key = str(given.get("dkim_key", "")).strip() if self.own else ""
        if self.own and not key:
            self.errors = {"dkim_key": "Paste the private key, or let Beacon make one."}
            return None
        try:
            async with self.busy("saving"), db.transaction() as session:
                await dkim_service.set_key(
                    session,
                    actor,
                    to_id(self.account_id, "sending account"),
                    domain=str(given.get("dkim_domain", "")),
                    selector=str(given.get("dkim_selector", "")),
                    kind=dkim.KeyKind(self.kind),
                    key=key,
                )
        except AccountInvalid as error:
            self.errors = error.fields
            return None
        self.open, self.finding = False, ""
        await self._read(actor)
        return [AccountPage.load, notify_success("Key saved", "Publish its DNS record before the next campaign.")]

    @rx.event
    async def remove(self) -> Any:
        """Sign no more."""
        actor = await self.require("accounts:write")
        self.asking = False
        async with db.transaction() as session:
            await dkim_service.remove_key(session, actor, to_id(self.account_id, "sending account"))
        self.finding = ""
        await self._read(actor)
        return [AccountPage.load, notify_success("Messages of this account are not signed any more")]

    @rx.event(background=True)
    async def check_dns(self) -> Any:
        """Ask DNS for the record; up to 5 s."""
        async with self:
            actor = await self.require("accounts:read")
            number = to_id(self.account_id, "sending account")
            self.checking, self.finding = True, ""
        try:
            async with db.reading() as session:
                found = await dkim_service.check_dns(session, actor, number)
        except AppError as error:
            yield explain(error)
        else:
            async with self:
                self.finding, self.found_right = found.words, found.published is Published.RIGHT
        finally:
            async with self:
                self.checking = False
