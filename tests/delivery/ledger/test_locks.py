"""Locks of rows that others refer to."""

import asyncio

from campaign_app.core import clock, db
from campaign_app.core.config import ROOT
from campaign_app.delivery import repository
from campaign_app.delivery.ledger import lease_stores
from campaign_app.delivery.ledger.lease_store import WriteBatch
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.models.delivery import DeliveryStatus
from tests.delivery import factory

S = DeliveryStatus


async def test_outcomes_are_written_while_somebody_holds_the_campaign(postgres_database: str) -> None:
    """A launch, pause or cancel holds its row. New roll-up rows refer to it: if they waited, both would be stuck."""
    campaign_id, ids = await factory.ledger_rows([S.PENDING])
    sent = Outcome(ids[0], campaign_id, 1, S.SENT, clock.now(), "d.example", 0, 1)
    store = lease_stores.open_store()
    async with db.transaction() as session:
        await repository.get_campaign(session, campaign_id, lock=True)
        async with asyncio.timeout(10):
            result = await store.write(WriteBatch([sent]), clock.now())
    assert not result.disputed
    await store.close()


def test_every_row_lock_lets_rows_refer_to_it() -> None:
    """The kind: FOR UPDATE would keep inserts of rows with a foreign key waiting."""
    for path in (ROOT / "campaign_app").rglob("*.py"):
        for line in path.read_text().splitlines():
            assert "with_for_update" not in line or "key_share" in line, f"{path}: {line}"
