"""Campaigns: rules of editing, conflicts, lists, duplicates, deletion, bulk actions."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign_app.campaigns import lifecycle, service
from campaign_app.campaigns.errors import CampaignNotFound, SavedByAnother
from campaign_app.campaigns.schemas import VIEWS, CampaignPatch, CampaignQuery
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.core.errors import Conflict, Forbidden, Invalid
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.audit import AuditEntry
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.user import Role
from tests.campaigns import world
from tests.conftest import MakeActor

S = CampaignStatus


async def set_status(campaign_id: int, status: CampaignStatus) -> None:
    async with db.transaction() as session:
        await session.execute(sa.update(Campaign).where(Campaign.id == campaign_id).values(status=status))


async def test_a_draft_knows_its_owner_account_and_zone(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    async with db.transaction() as session:
        made = await service.create(session, ines, "  November offer ")
    assert (made.name, made.status, made.owner_id) == ("November offer", S.DRAFT, ines.user_id)
    assert made.account_id == here.account_id  # the only account
    async with db.reading() as session:
        lines = await service.activity(session, ines, made.id)
        actions = (await session.execute(sa.select(AuditEntry.action))).scalars().all()
    assert [line.title for line in lines] == ["Created"]
    assert "campaign.created" in actions


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"),
        ({"subject": "Hi\r\nBcc: a@b.example"}, "subject"),
        ({"reply_to": "nobody"}, "reply_to"),
        ({"rate_per_minute": 0}, "rate_per_minute"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_delay_ms": -1}, "batch_delay_ms"),
        ({"priority": 10}, "priority"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"windows": {"days": {"0": [["9", "x"]]}}}, "windows"),
        ({"send_at": "2026-01-01T09:00:00"}, "send_at"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
async def test_wrong_input_is_told_by_field(
    sqlite_database: str, make_actor: MakeActor, fields: dict[str, object], wrong: str
) -> None:
    ines = await make_actor()
    with pytest.raises(Invalid) as caught:
        async with db.transaction() as session:
            await service.create(session, ines, **{"name": "x", **fields})
    assert set(caught.value.fields) == {wrong}
    assert len(caught.value.message) > 10
    async with db.reading() as session:
        assert (await service.counts_by_view(session, ines))["all"] == 0


async def test_steps_are_saved_and_only_what_is_given_changes(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here)
    saved = await world.save(ines, made, rate_per_minute=31, step_reached=4)
    again = await world.save(ines, saved, windows={"zone": "UTC", "days": {"0": [["09:00", "18:00"]]}}, step_reached=2)
    async with db.reading() as session:
        stored = await service.get(session, ines, made.id)
    assert (stored.rate_per_minute, stored.subject, stored.step_reached) == (31, made.subject, 4)
    assert stored.version == again.version == 3
    unchanged = await world.save(ines, again, rate_per_minute=31)
    assert unchanged.version == 3


async def test_two_people_editing_the_second_is_told_and_nothing_is_lost(database: str, make_actor: MakeActor) -> None:
    ines, tom = await make_actor(), await make_actor(Role.MARKETER, "Tom Berg")
    here = await world.built(ines)
    made = await world.draft(ines, here)
    await world.save(tom, made, subject="Tom's subject")
    with pytest.raises(SavedByAnother) as caught:
        await world.save(ines, made, subject="Ines' subject")
    assert "Tom Berg saved this campaign just now" in caught.value.message
    assert (caught.value.who, caught.value.version) == ("Tom Berg", 2)
    async with db.reading() as session:
        assert (await service.get(session, ines, made.id)).subject == "Tom's subject"


async def test_a_race_between_reading_and_saving_is_told_too(database: str, make_actor: MakeActor) -> None:
    ines, tom = await make_actor(), await make_actor(Role.MARKETER, "Tom Berg")
    made = await world.draft(ines, await world.built(ines))
    from campaign_app.campaigns import repository

    async with db.reading() as session:
        stale = await service.get(session, ines, made.id)
    await world.save(tom, made, subject="Tom's")
    async with db.transaction() as session:
        assert not await repository.save(session, stale, stale.version, {"subject": "Ines'"})


@pytest.mark.parametrize("status", [status for status in S if not lifecycle.can("edit", status)])
async def test_what_went_out_cannot_be_edited(
    sqlite_database: str, make_actor: MakeActor, status: CampaignStatus
) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines))
    await set_status(made.id, status)
    with pytest.raises(NotAllowed, match="cannot be edited"):
        await world.save(ines, made, subject="x")


async def test_the_start_time_lies_in_the_future(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines))
    with pytest.raises(Invalid, match="passed"):
        await world.save(ines, made, send_at=now() - timedelta(minutes=1))
    saved = await world.save(ines, made, send_at=now() + timedelta(hours=1))
    await set_status(made.id, S.SCHEDULED)
    with pytest.raises(Invalid, match="scheduled campaign needs"):
        await world.save(ines, saved, send_at=None)
    async with db.transaction() as session:
        assert (await service.unschedule(session, ines, made.id)).status is S.DRAFT


async def test_duplicating_copies_the_message_and_not_the_run(database: str, make_actor: MakeActor) -> None:
    ines, tom = await make_actor(), await make_actor(Role.MARKETER, "Tom Berg")
    made = await world.draft(ines, await world.built(ines), rate_per_minute=31)
    await world.save(ines, made, send_at=now() + timedelta(hours=1))
    await set_status(made.id, S.COMPLETED)
    async with db.transaction() as session:
        copy = await service.duplicate(session, tom, made.id)
        second = await service.duplicate(session, tom, made.id)
    assert (copy.name, second.name) == ("November offer (copy)", "November offer (copy 2)")
    assert (copy.status, copy.owner_id, copy.send_at) == (S.DRAFT, tom.user_id, None)
    assert (copy.html, copy.audience, copy.rate_per_minute) == (made.html, made.audience, 31)
    assert copy.launched_at is None


@pytest.mark.parametrize("status", list(S))
async def test_deleting_by_the_rules(sqlite_database: str, make_actor: MakeActor, status: CampaignStatus) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines))
    await set_status(made.id, status)
    async with db.transaction() as session:
        if lifecycle.can("delete", status):
            await service.delete(session, ines, made.id)
        else:
            with pytest.raises(Conflict, match="cannot be deleted"):
                await service.delete(session, ines, made.id)
    async with db.reading() as session:
        if lifecycle.can("delete", status):
            with pytest.raises(CampaignNotFound):
                await service.get(session, ines, made.id)
            assert (await session.get(Campaign, made.id)).deleted_at is not None
        else:
            assert (await service.get(session, ines, made.id)).status is status


async def test_bulk_acts_report_each(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    first, second = await world.draft(ines, here), await world.draft(ines, here, name="Second")
    await set_status(second.id, S.RUNNING)
    async with db.transaction() as session:
        results = await service.bulk(session, ines, [first.id, second.id, 999], service.delete)
    assert [(result.name, result.ok) for result in results] == [
        ("November offer", True),
        ("Second", False),
        ("Campaign 999", False),
    ]
    assert "running campaign cannot be deleted" in results[1].message
    async with db.reading() as session:
        assert (await service.counts_by_view(session, ines))["all"] == 1


async def test_a_viewer_reads_and_no_more(database: str, make_actor: MakeActor) -> None:
    ines, vera = await make_actor(), await make_actor(Role.VIEWER, "Vera")
    made = await world.draft(ines, await world.built(ines))
    async with db.transaction() as session:
        assert (await service.get(session, vera, made.id)).name == made.name
        for attempt in (
            service.create(session, vera, "x"),
            service.save_step(session, vera, made.id, 1, CampaignPatch(name="y")),
            service.duplicate(session, vera, made.id),
            service.delete(session, vera, made.id),
            service.unschedule(session, vera, made.id),
        ):
            with pytest.raises(Forbidden):
                await attempt


@pytest.mark.parametrize("sort", ["updated", "created", "name", "audience"])
@pytest.mark.parametrize("descending", [True, False])
async def test_paging_both_ways_shows_each_once(
    database: str, make_actor: MakeActor, sort: str, descending: bool
) -> None:
    ines = await make_actor()
    names = ["Beta", "alpha", "Gamma 50%", "delta", "Beta", "under_score", "Zeta"]
    async with db.transaction() as session:
        for number, name in enumerate(names):
            made = await service.create(session, ines, name)
            session.add(CampaignCounter(campaign_id=made.id, total=number // 2))
    seen, cursor, pages = [], "", []
    async with db.reading() as session:
        while True:
            query = CampaignQuery(sort=sort, descending=descending, limit=3, cursor=cursor)
            page = await service.list_campaigns(session, ines, query)
            assert page.total == 7
            pages.append([row.id for row in page.rows])
            seen += pages[-1]
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        back = await service.list_campaigns(session, ines, query.model_copy(update={"cursor": page.previous_cursor}))
    assert len(seen) == len(set(seen)) == 7
    assert [row.id for row in back.rows] == pages[-2]
    if sort == "name":
        found = [names[i - min(seen)].lower() for i in seen]
        assert found == sorted((name.lower() for name in names), reverse=descending)


@pytest.mark.parametrize(
    ("search", "expected"), [("50%", ["Gamma 50%"]), ("r_s", ["under_score"]), ("BETA", ["Beta"]), ("restock x", [])]
)
async def test_search_takes_words_literally(
    database: str, make_actor: MakeActor, search: str, expected: list[str]
) -> None:
    ines = await make_actor()
    async with db.transaction() as session:
        for name in ("Beta", "Gamma 50%", "under_score"):
            await service.create(session, ines, name, subject="Restock")
    async with db.reading() as session:
        page = await service.list_campaigns(session, ines, CampaignQuery(search=search))
    assert [row.name for row in page.rows] == expected


async def test_views_count_what_they_list(database: str, make_actor: MakeActor) -> None:
    ines, tom = await make_actor(), await make_actor(Role.MARKETER, "Tom Berg")
    async with db.transaction() as session:
        for number, status in enumerate([*S, S.PAUSED]):
            made = await service.create(session, tom if number % 2 else ines, f"{status} {number}")
            made.status = status
            made.status_reason = "The account does not work" if number > 6 else ""
            session.add(CampaignCounter(campaign_id=made.id, total=5, uncertain=int(status is S.COMPLETED)))
    async with db.reading() as session:
        counts = await service.counts_by_view(session, ines)
        for view in VIEWS:
            page = await service.list_campaigns(session, ines, CampaignQuery(view=view))
            assert (len(page.rows), page.total) == (counts[view], counts[view])
    assert (counts["all"], counts["attention"], counts["mine"], counts["running"]) == (8, 3, 4, 1)


async def test_the_same_edit_twice_is_one_line(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines))
    for number in range(3):
        made = await world.save(ines, made, subject=f"Subject {number}")
    async with db.reading() as session:
        lines = await service.activity(session, ines, made.id)
    assert [line.title for line in lines] == ["Message changed", "Created"]
