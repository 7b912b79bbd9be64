"""A lease is read on where it was left, whatever the ids of the contacts are. On both databases."""

import re
import sqlite3

import pytest
from sqlalchemy import make_url

from campaign_app.core import clock
from campaign_app.core.config import settings
from campaign_app.delivery.ledger import lease_stores, sql_sqlite
from campaign_app.delivery.ledger.lease_store import LeaseOwner
from tests.delivery import factory
from tests.delivery.conftest import launch


@pytest.mark.usefixtures("redis_url", "database")
async def test_the_second_campaign_to_a_list_reads_nobody_twice() -> None:
    """Its deliveries have other ids than the contacts: once, on PostgreSQL, the one was taken for the other."""
    account, everybody = await factory.account(), await factory.audience(30)
    await launch(await factory.campaign(account, [everybody]))
    campaign_id = await factory.campaign(account, [everybody])
    await launch(campaign_id)
    store = lease_stores.open_store()
    claimed = await store.claim(campaign_id, LeaseOwner("w", "host", "w.journal"), 10, clock.now())
    assert claimed is not None
    handle = claimed.handle
    read, reach = [row.id for row in claimed.rows], claimed.read_through_id
    while reach < handle.last_id:
        assert reach == read[-1]
        more = await store.read_more(handle, reach, 10, clock.now())
        assert more is not None
        read += [row.id for row in more[0]]
        reach = more[1]
    assert read == list(range(31, 61))
    await store.close()


@pytest.mark.usefixtures("sqlite_database")
@pytest.mark.parametrize("statement", ["READ", "LEFT", "SKIP"])
async def test_a_lease_costs_its_own_rows_and_not_its_campaigns(statement: str) -> None:
    """Of a million recipients: the range of ids is searched, not everything that the campaign has."""
    text = getattr(sql_sqlite, statement)
    count = len(set(re.findall(r"\?\d", text)))
    connection = sqlite3.connect(make_url(settings().database).database or "")
    plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", [1] * count)]
    connection.close()
    search = next(line for line in plan if line.startswith(("SEARCH d ", "SEARCH delivery ")))
    assert "INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in search
