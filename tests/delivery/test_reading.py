"""A lease is read on where it was left, whatever the ids of the contacts are. On both databases."""

import pytest

from campaign_app.core import clock
from campaign_app.delivery import fast
from campaign_app.delivery.fast import Owner
from tests.delivery import factory
from tests.delivery.conftest import launch

pytestmark = pytest.mark.usefixtures("redis_url", "database")


async def test_the_second_campaign_to_a_list_reads_nobody_twice() -> None:
    """Its deliveries have other ids than the contacts: once, on PostgreSQL, the one was taken for the other."""
    account, everybody = await factory.account(), await factory.audience(30)
    await launch(await factory.campaign(account, [everybody]))
    campaign_id = await factory.campaign(account, [everybody])
    await launch(campaign_id)
    store = fast.open_store()
    claimed = await store.claim(campaign_id, Owner("w", "host", "w.journal"), 10, clock.now())
    assert claimed is not None
    hold = claimed.hold
    read, reach = [row.id for row in claimed.rows], claimed.reach_id
    while reach < hold.last_id:
        assert reach == read[-1]
        more = await store.read_more(hold, reach, 10, clock.now())
        assert more is not None
        read += [row.id for row in more[0]]
        reach = more[1]
    assert read == list(range(31, 61))
    await store.close()
