"""The list of sending accounts with their health."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import service
from campaign_app.channels.schemas import AccountRow
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.ui import routes
from campaign_app.ui.accounts.labels import used_share, used_words
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.list_query import ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState
from campaign_app.ui.pages import Hit


@dataclass
class AccountLine:
    """One account as the list shows it. `share` is the used part of the daily limit, 0 to 100."""

    id: int
    href: str
    name: str
    address: str
    server: str
    health: str
    words: str
    used: str
    share: float
    has_limit: bool
    per_minute: str


class AccountList(ListState, AppState):
    """The list. There are few accounts, so it has one page."""

    spec: ClassVar[ListSpec] = ListSpec(may="accounts:read", one="account", address=routes.ACCOUNTS, paged=False)
    rows: list[AccountLine] = []
    summary: str = ""

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[AccountRow]:  # noqa: ARG002
        found = await service.list_accounts(session, actor)
        today = sum(row.sent_today for row in found)
        self.summary = f"{text.plural(today, 'message')} sent today" if found else ""
        return Page(found)

    def _line(self, row: AccountRow) -> AccountLine:
        return line_of(row, now(), self._zone)


def line_of(row: AccountRow, at: datetime, zone: str) -> AccountLine:
    return AccountLine(
        id=row.id,
        href=routes.account(row.id),
        name=row.name,
        address=row.address,
        server=row.server,
        health=row.health,
        words=row.words,
        used=used_words(row, at, zone),
        share=used_share(row),
        has_limit=row.limit_per_day is not None,
        per_minute=text.number(row.limit_per_minute) if row.limit_per_minute else "–",
    )


async def find(session: AsyncSession, actor: Actor, wanted: str) -> list[Hit]:
    """Accounts by name or address, for the command palette."""
    low = wanted.lower()
    rows = await service.list_accounts(session, actor)
    return [
        Hit("plug", row.name, routes.account(row.id), row.address)
        for row in rows
        if low in row.name.lower() or low in row.address.lower()
    ]
