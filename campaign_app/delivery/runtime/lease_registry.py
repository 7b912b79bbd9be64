"""The leases in this worker's hands. A lost one counts no more, but its last messages are still answered."""

from collections.abc import Iterator

from campaign_app.core import logging
from campaign_app.delivery.ledger.lease_store import LeaseHandle
from campaign_app.delivery.runtime.held_lease import HeldLease, LeasePhase

log = logging.get("delivery")


class LeaseRegistry:
    """Held leases by id. A lease may be claimed anew, also by this worker, while a lost one of its id still waits."""

    def __init__(self) -> None:
        self._held: dict[int, HeldLease] = {}
        self._lost: set[HeldLease] = set()

    def __iter__(self) -> Iterator[HeldLease]:
        """Those that are held."""
        return iter(list(self._held.values()))

    def __bool__(self) -> bool:
        """Whether the journal still holds what is not in the database."""
        return bool(self._held or self._lost)

    def add(self, lease: HeldLease) -> None:
        """A lease was claimed."""
        self._held[lease.handle.lease_id] = lease

    def handles(self) -> Iterator[LeaseHandle]:
        """What to ask the database for. Of a lost lease too, so that what comes late is known to come late."""
        lost = [lease for lease in self._lost if lease.handle.lease_id not in self._held]
        return (lease.handle for lease in [*self._held.values(), *lost])

    def answered(self, lost: set[int], asked_at: float) -> list[HeldLease]:
        """What the database said to the question of `asked_at` (clock.steady); the leases that it newly calls lost."""
        gone = [lease for lease in self if lease.handle.lease_id in lost and lease.phase is not LeasePhase.ENDED]
        for lease in self:
            lease.confirm(asked_at)
        for lease in gone:
            self.lose(lease)
        return gone

    def lose(self, lease: HeldLease) -> None:
        """Another worker has settled this lease."""
        log.warning("lease lost", lease=lease.handle.lease_id, campaign=lease.handle.campaign_id)
        lease.lose()
        self._lost.add(lease)
        self._forget(lease)

    def remove(self, lease: HeldLease) -> None:
        """It was released, or the last message of a lost one is settled."""
        self._lost.discard(lease)
        self._forget(lease)

    def _forget(self, lease: HeldLease) -> None:
        if self._held.get(lease.handle.lease_id) is lease:
            del self._held[lease.handle.lease_id]

    def of(self, campaign_id: int) -> bool:
        """Whether a lease of this campaign is held."""
        return any(lease.handle.campaign_id == campaign_id for lease in self._held.values())
