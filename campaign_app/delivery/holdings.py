"""The leases in this worker's hands. One that it lost counts no more, but its last messages are still answered."""

from collections.abc import Iterator

from campaign_app.core import logging
from campaign_app.delivery.fast import Hold
from campaign_app.delivery.feed import Feed

log = logging.get("delivery")


class Holdings:
    """Feeds by lease. The same lease may be claimed anew, also by this worker, while the lost feed still waits."""

    def __init__(self) -> None:
        self._held: dict[int, Feed] = {}
        self._lost: set[Feed] = set()

    def __iter__(self) -> Iterator[Feed]:
        """Those that are held."""
        return iter(list(self._held.values()))

    def __bool__(self) -> bool:
        """Whether the journal still holds what is not in the database."""
        return bool(self._held or self._lost)

    def add(self, feed: Feed) -> None:
        """A lease was claimed."""
        self._held[feed.hold.lease_id] = feed

    def holds(self) -> Iterator[Hold]:
        """What to ask the database for. Of a lost lease too, so that what comes late is known to come late."""
        lost = [feed for feed in self._lost if feed.hold.lease_id not in self._held]
        return (feed.hold for feed in [*self._held.values(), *lost])

    def answered(self, lost: set[int], asked_at: float) -> list[Feed]:
        """What the database said to the question of `asked_at` (clock.steady); those of which we hear now that they are
        lost."""
        gone = [feed for feed in self if feed.hold.lease_id in lost and not feed.ended]
        for feed in self:
            feed.beat(asked_at)
        for feed in gone:
            self.lose(feed)
        return gone

    def lose(self, feed: Feed) -> None:
        """Another worker has settled its lease."""
        log.warning("lease lost", lease=feed.hold.lease_id, campaign=feed.hold.campaign_id)
        feed.lost = True
        self._lost.add(feed)
        self._forget(feed)

    def remove(self, feed: Feed) -> None:
        """It was given back, or the last message of a lost one is settled."""
        self._lost.discard(feed)
        self._forget(feed)

    def _forget(self, feed: Feed) -> None:
        if self._held.get(feed.hold.lease_id) is feed:
            del self._held[feed.hold.lease_id]

    def of(self, campaign_id: int) -> bool:
        """Whether a lease of this campaign is held."""
        return any(feed.hold.campaign_id == campaign_id for feed in self._held.values())
