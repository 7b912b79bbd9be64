"""What an account has sent "today" begins at the reader's midnight; what its limit has used, at midnight UTC."""

from datetime import UTC, datetime

import pytest
import time_machine

from campaign_app.channels import service
from campaign_app.core import db
from campaign_app.models.campaign import Campaign, CampaignMinute
from campaign_app.ui.accounts import labels
from tests.channels.accounts import smtp_row
from tests.conftest import MakeActor

AT = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # 00:30 of the next day in Berlin
SENT = {datetime(2026, 11, 26, 9, 0, tzinfo=UTC): 500, datetime(2026, 11, 26, 23, 10, tzinfo=UTC): 40}


@pytest.mark.parametrize(
    ("zone", "today", "said"),
    [
        ("UTC", 540, "540 of 1,000"),
        ("Europe/Berlin", 40, "40, limit 540 of 1,000 until 01:00"),
        ("America/Los_Angeles", 540, "540 of 1,000"),
    ],
)
async def test_the_readers_today(database: str, make_actor: MakeActor, zone: str, today: int, said: str) -> None:
    ines = await make_actor()
    async with db.transaction() as session:
        account = smtp_row(name="Main", host="h", port=25, from_address="a@b.de", limit_per_day=1_000)
        session.add(account)
        await session.flush()
        campaign = Campaign(name="Spring", account_id=account.id)
        session.add(campaign)
        await session.flush()
        for minute, sent in SENT.items():
            session.add(CampaignMinute(campaign_id=campaign.id, minute=minute, sent=sent))
    reader = type(ines)(ines.user_id, ines.name, ines.email, ines.role, ines.permissions, "", zone)
    with time_machine.travel(AT, tick=False):
        async with db.reading() as session:
            (row,) = await service.list_accounts(session, reader)
    assert (row.sent_today, row.limit_used) == (today, 540)
    assert labels.used_words(row, AT, zone) == said
