"""The account's DKIM key: made here, published by a person, checked in DNS."""

from contextlib import suppress
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels.email import dkim, dkim_service
from campaign_app.channels.email.dns_check import Published
from campaign_app.channels.errors import AccountInvalid, AccountNotFound
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import AppError
from campaign_app.ui.accounts.account_state import NEW, AccountPage
from campaign_app.ui.app_state import AppState, explain, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog
from campaign_app.ui.payload import choice

KINDS = [(dkim.KeyKind.RSA.value, "RSA 2048: understood everywhere"), (dkim.KeyKind.ED25519.value, "Ed25519: short")]
_NO_KEY = "Paste the private key, or let Beacon make one."


class AccountDkim(AppState):
    """The record to publish. Private keys come in and never go out."""

    signs: bool = False
    domain: str = ""
    selector: str = ""
    record_name: str = ""
    record_text: str = ""
    checking: bool = False
    finding: str = ""
    found_right: bool = False

    @rx.event
    async def load(self) -> None:
        actor = await self.require("accounts:read")
        self.finding, self.signs = "", False
        if self.account_id == NEW:
            return
        with suppress(AccountNotFound):  # another provider's account, which has no such card
            await self._read(actor)

    async def _changed(self, actor: Actor) -> None:
        self.finding = ""
        await self._read(actor)
        await (await self.get_state(AccountPage))._read()  # the account has a new version

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            found = await dkim_service.get(session, actor, to_id(self.account_id, "sending account"))
        self.signs, self.domain, self.selector = found.signs, found.domain, found.selector
        self.record_name, self.record_text = found.record.name, found.record.text

    @rx.event(background=True)
    async def check_dns(self) -> Any:
        """Look up the record in DNS. Takes up to 5 s."""
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


class DkimForm(FormDialog, AppState):
    """A key that is made here, or a pasted one (`own`)."""

    form: ClassVar[Form] = Form(
        "",
        "accounts:write",
        (
            Field("dkim_domain", "Domain", hint="The domain of the sender address, or one above it"),
            Field("dkim_selector", "Selector", hint="Any short name; one for each key"),
            Field("dkim_kind", "Kind", "select", options=tuple(KINDS)),
            Field(
                "dkim_key",
                "Private key",
                "secret_area",
                "PEM, RSA or Ed25519. Stored encrypted and never shown again.",
                more={"rows": "6", "placeholder": "-----BEGIN PRIVATE KEY-----"},
            ),
        ),
    )
    own: bool = False

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        self.own, page = False, await self.get_state(AccountDkim)
        return {"dkim_domain": page.domain, "dkim_selector": page.selector, "dkim_kind": dkim.KeyKind.RSA.value}

    @rx.event
    async def bring_own(self, own: bool) -> None:
        """Paste a key instead of making one."""
        await self.require("accounts:write")
        self.own, self.errors = own, {}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> None:
        key = given["dkim_key"].strip() if self.own else ""
        if self.own and not key:
            raise AccountInvalid(_NO_KEY, {"dkim_key": _NO_KEY})
        await dkim_service.set_key(
            session,
            actor,
            to_id(self.account_id, "sending account"),
            domain=given["dkim_domain"],
            selector=given["dkim_selector"],
            kind=choice(dkim.KeyKind, given["dkim_kind"]),
            key=key,
        )

    async def _saved(self, actor: Actor, saved: None) -> Any:  # noqa: ARG002
        await (await self.get_state(AccountDkim))._changed(actor)
        return notify_success("Key saved", "Publish its DNS record before the next campaign.")


class DkimQuestions(Questions, AppState):
    """Stop signing."""

    async def _remove(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await dkim_service.remove_key(session, actor, to_id(self.account_id, "sending account"))
        await (await self.get_state(AccountDkim))._changed(actor)
        return notify_success("Messages of this account are not signed any more")

    questions: ClassVar = {"remove": Question("accounts:write", _remove)}
