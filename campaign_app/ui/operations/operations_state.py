"""The state of the operations page, refreshed every two seconds while the page is open."""

import asyncio
from typing import Any, Final

import reflex as rx
from redis.exceptions import RedisError

from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden
from campaign_app.delivery.ledger.outcome_writer import TROUBLE
from campaign_app.kit import text
from campaign_app.ops import service
from campaign_app.ui import live, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.operations import presenters
from campaign_app.ui.operations.presenters import Seen
from campaign_app.workspace import service as workspace

EVERY_S: Final = 2.0


class OperationsPage(AppState):
    """Which worker holds which leases, and since when."""

    loading: bool = True
    seen: Seen = Seen()
    silent_since: str = ""  # set while the database does not answer
    _turn: int = 0
    _zone: str = "UTC"

    @rx.event
    async def load(self) -> Any:
        """Open the page, then follow live."""
        actor = await self.require("workspace:read")
        async with self.busy():
            self.seen, self._zone = await _look(actor)
            self.silent_since = ""
        return OperationsPage.follow

    @rx.event(background=True)
    async def follow(self) -> Any:
        """Refresh as long as the page is open.

        It starts with the page's load, so Reflex cancels it when the tab opens another page. A second call replaces
        the first one and also ends with the page.
        """
        async with self:
            await self.require("workspace:read")
            self._turn += 1
            turn = self._turn
        going = True
        while going:
            await asyncio.sleep(EVERY_S)
            try:
                going = await self._round(turn)
            except RedisError:
                continue  # this state is stored there too: nothing can be shown until it is back
            except Forbidden:
                return AppState.enter  # the role was changed: the page shows what the new role allows
        return None

    async def _round(self, turn: int) -> bool:
        """Refresh once. Returns False when nobody has the page open any more."""
        try:
            async with self:
                if self._turn != turn or not await self._is_watched():
                    return False
                actor = await self.require("workspace:read", again=True)
            found, _ = await _look(actor)
        except TROUBLE:
            async with self:
                self.silent_since = self.silent_since or text.exact(clock.now(), self._zone)
            return True
        async with self:
            self.seen, self.silent_since = found, ""
        return True

    async def _is_watched(self) -> bool:
        return self.router.url.path.rstrip("/") == routes.OPERATIONS and await live.is_open(self)


async def _look(actor: Actor) -> tuple[Seen, str]:
    async with db.reading() as session:
        zone = await workspace.zone_of(session, actor)
        found = await service.operations(session, actor)
    return presenters.seen(found, zone), zone
