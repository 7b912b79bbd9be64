"""A batch that finds no open lease waits until one of its campaign comes back; it does not poll."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from campaign_app.core import clock, db
from campaign_app.delivery import completion
from campaign_app.delivery.ledger import leases


class LeaseReturnNotifier:
    """How often leases of each campaign came back to the database, from this worker."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._events: dict[int, asyncio.Event] = {}

    def count(self, campaign_id: int) -> int:
        """How often so far."""
        return self._counts[campaign_id]

    def note(self, campaign_id: int) -> None:
        """A lease came back: those who wait go on."""
        self._counts[campaign_id] += 1
        event = self._events.pop(campaign_id, None)
        if event is not None:
            event.set()

    async def wait(self, campaign_id: int, seen: int, seconds: float) -> None:
        """Return when more than `seen` have come back, or after so many seconds."""
        if self._counts[campaign_id] != seen:
            return
        event = self._events.setdefault(campaign_id, asyncio.Event())
        try:
            await asyncio.wait_for(event.wait(), max(0.0, seconds))
        except TimeoutError:
            return

    def forget(self, campaign_id: int) -> None:
        """Nothing of this campaign is held any more."""
        self._counts.pop(campaign_id, None)

    async def nothing_open(
        self, campaign_id: int, seen: int, seconds: float, held_here: Callable[[int], object]
    ) -> datetime | None:
        """When to look again; None: there is nothing for this worker to do.

        Leases held here are waited for. Leases of other workers are continued by those workers.
        """
        async with db.reading() as session:
            outlook = await leases.outlook(session, campaign_id)
        if outlook is None:
            return None
        if outlook.available_at is not None:
            return max(outlook.available_at, clock.now() + timedelta(milliseconds=200))
        if held_here(campaign_id):
            await self.wait(campaign_id, seen, seconds)
            return clock.now()
        if self._counts[campaign_id] != seen:  # a lease came back meanwhile
            return clock.now()
        if not outlook.held:
            await completion.look(campaign_id)
        return None
