"""Every pair of the status table, and `set_status`."""

import itertools
from datetime import timedelta

import pytest

from campaign_app.campaigns import lifecycle
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser

S = CampaignStatus


def test_every_status_has_a_row_and_a_cancelled_campaign_stays_so() -> None:
    assert set(lifecycle.TRANSITIONS) == set(S)
    assert lifecycle.TRANSITIONS[S.CANCELLED] == frozenset()
    reachable = {S.DRAFT}
    while fresh := {after for before in reachable for after in lifecycle.TRANSITIONS[before]} - reachable:
        reachable |= fresh
    assert reachable == set(S)


def test_capabilities_follow_the_rules_of_the_systems_before() -> None:
    edit = {status for status in S if lifecycle.possible_actions(status).can_edit}
    delete = {status for status in S if lifecycle.possible_actions(status).can_delete}
    start = {status for status in S if lifecycle.possible_actions(status).can_start}
    assert edit == {S.DRAFT, S.SCHEDULED}
    assert delete == {S.DRAFT, S.COMPLETED, S.FAILED, S.CANCELLED}
    assert start == {S.DRAFT, S.SCHEDULED, S.PAUSED}
    assert [status for status in S if lifecycle.can("pause", status)] == [S.RUNNING]
    assert all(lifecycle.possible_actions(status).can_duplicate for status in S)


@pytest.mark.parametrize(("action", "status"), itertools.product(lifecycle.ALLOWED, S))
def test_why_not_speaks_exactly_when_it_is_not_possible(action: str, status: CampaignStatus) -> None:
    said = lifecycle.why_not(action, status)
    assert bool(said) != lifecycle.can(action, status)
    if said:
        with pytest.raises(NotAllowed, match=r"\w"):
            lifecycle.require(action, Campaign(name="x", status=status))
    assert said == "" or said[0].isupper()


@pytest.mark.parametrize(("current", "target"), itertools.product(S, S))
async def test_every_pair(sqlite_database: str, current: CampaignStatus, target: CampaignStatus) -> None:
    async with db.transaction() as session:
        campaign = Campaign(name="x", status=current)
        session.add(campaign)
        await session.flush()
        if target in lifecycle.TRANSITIONS[current]:
            await lifecycle.set_status(session, campaign, target, "Because")
            assert (campaign.status, campaign.status_reason) == (target, "Because")
        else:
            with pytest.raises(NotAllowed) as caught:
                await lifecycle.set_status(session, campaign, target)
            assert (caught.value.current, caught.value.target) == (current, target)
            assert caught.value.message


async def test_of_two_that_start_one_wins(database: str) -> None:
    async with db.transaction() as session:
        campaign = Campaign(name="x")
        session.add(campaign)
    async with db.transaction() as session:
        mine = await session.get(Campaign, campaign.id)
        await lifecycle.set_status(session, mine, S.RUNNING)
    with pytest.raises(NotAllowed, match="already running"):
        async with db.transaction() as session:
            session.add(campaign)  # read while it was a draft
            await lifecycle.set_status(session, campaign, S.RUNNING)


async def test_times_are_kept(database: str) -> None:
    at = now()
    async with db.transaction() as session:
        campaign = Campaign(name="x")
        session.add(campaign)
        await session.flush()
        await lifecycle.set_status(session, campaign, S.RUNNING, at=at)
        await lifecycle.set_status(
            session, campaign, S.PAUSED, by="Ines", pauser=Pauser.PERSON, at=at + timedelta(minutes=1)
        )
        assert (campaign.paused_by, campaign.pauser) == ("Ines", Pauser.PERSON)
        await lifecycle.set_status(session, campaign, S.RUNNING, at=at + timedelta(minutes=2))
        assert (campaign.paused_by, campaign.pauser, campaign.paused_at) == ("", None, None)
        await lifecycle.set_status(session, campaign, S.COMPLETED, at=at + timedelta(minutes=3))
    async with db.reading() as session:
        stored = await session.get(Campaign, campaign.id)
    assert stored.started_at == at
    assert stored.finished_at == at + timedelta(minutes=3)
