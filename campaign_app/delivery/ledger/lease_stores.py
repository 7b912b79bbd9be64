"""Opens the lease store of the configured database."""

from collections.abc import Sequence

from campaign_app.core import db
from campaign_app.delivery.ledger.lease_store import LeaseStore
from campaign_app.delivery.ledger.lease_store_postgres import PostgresLeaseStore
from campaign_app.delivery.ledger.lease_store_sqlite import SqliteLeaseStore


def open_store(keep_open: Sequence[int] = ()) -> LeaseStore:
    """The store of the configured database. `keep_open`: files that live as long as any process of the store does."""
    return PostgresLeaseStore() if db.is_postgres() else SqliteLeaseStore(keep_open)
