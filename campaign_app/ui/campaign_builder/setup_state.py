"""First step: name, account, sender."""

import reflex as rx

from campaign_app.channels import service as accounts
from campaign_app.core import db
from campaign_app.ui.campaign_builder.state import OPENERS, Builder


class BuilderSetup(Builder):
    """Each field is saved when typing stops."""

    accounts: list[tuple[str, str]] = []
    account: str = ""
    account_address: str = ""
    from_name: str = ""
    from_hint: str = ""
    reply_to: str = ""
    _senders: dict[str, tuple[str, str]] = {}

    @rx.event
    async def open_step(self) -> None:
        actor = await self.require("campaigns:write")
        async with db.reading() as session:
            rows = await accounts.list_accounts(session, actor)
        active = [row for row in rows if row.is_active or row.id == self._mine["account_id"]]
        self.accounts = [(str(row.id), f"{row.sender_name or row.name} · {row.address}") for row in active]
        self._senders = {str(row.id): (row.sender_name, row.address) for row in active}
        self.from_name, self.reply_to = self._mine["from_name"], self._mine["reply_to"]
        self._show_account(str(self._mine["account_id"] or ""))
        if not self.account and len(self.accounts) == 1:
            self._show_account(self.accounts[0][0])
            await self._save(account_id=int(self.account))
        self.opened = "setup"

    def _show_account(self, account: str) -> None:
        self.account = account
        name, self.account_address = self._senders.get(account, ("", ""))
        self.from_hint = f"Empty: {name}, as in the account." if name else "Shown in the inbox instead of the address."

    @rx.event
    async def set_name(self, name: str) -> None:
        """The campaign's name, shown only to your team."""
        await self.require("campaigns:write")
        if not name.strip():
            self.errors = {**self.errors, "name": "Give it a name of 1 to 255 characters."}
            return
        if await self._save(name=name.strip()):
            self.name = name.strip()

    @rx.event
    async def choose_account(self, account: str) -> None:
        """The account that sends."""
        await self.require("campaigns:write")
        if account in self._senders:
            self._show_account(account)
            await self._save(account_id=int(account))

    @rx.event
    async def set_from_name(self, name: str) -> None:
        """The sender's name in the inbox."""
        await self.require("campaigns:write")
        self.from_name = name
        await self._save(from_name=name.strip())

    @rx.event
    async def set_reply_to(self, address: str) -> None:
        """The address for replies."""
        await self.require("campaigns:write")
        self.reply_to = address
        await self._save(reply_to=address.strip())


OPENERS["setup"] = BuilderSetup.open_step
