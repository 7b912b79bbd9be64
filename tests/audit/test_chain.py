"""The log is one chain, also with several writers at once, and any change in it is found."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaign_app.audit import anchors, chain, repository, service
from campaign_app.audit.anchors import Anchor
from campaign_app.audit.service import Fault
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import Conflict, Forbidden
from campaign_app.models.audit import AuditEntry
from campaign_app.models.setting import Setting
from campaign_app.models.user import Role
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


async def write(number: int, **details: object) -> None:
    async with db.transaction() as session:
        await service.record(session, SYSTEM, "thing.update", "thing", number, f"Thing {number}", **details)


async def wrong_ids() -> list[int]:
    async with db.reading() as session:
        return (await service.prove(session)).wrong


async def change(statement: str) -> None:
    async with db.transaction() as session:
        await session.execute(sa.text(statement))


async def test_an_untouched_chain_fits(database: str) -> None:
    assert await wrong_ids() == []
    for number in range(5):
        await write(
            number, amount=1e20, share=0.1, when=datetime(2026, 1, 2, tzinfo=UTC), role=Role.ADMIN, odd="a\x00b"
        )
    assert await wrong_ids() == []


async def test_details_read_back_as_they_were_sealed(database: str, make_actor: MakeActor) -> None:
    await write(1, role=Role.ADMIN, tags={"b"}, nested={"when": datetime(2026, 1, 2, tzinfo=UTC), "n": None}, rate=0.5)
    async with db.reading() as session:
        page = await service.search(session, SYSTEM)
    assert page.rows[0].details == {
        "role": "admin",
        "tags": ["b"],
        "nested": {"when": "2026-01-02T00:00:00+00:00", "n": None},
        "rate": "0.5",
    }


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE audit_entry SET object_name = 'Other' WHERE id = 3", [3]),
        ("UPDATE audit_entry SET at = '2020-01-01 00:00:00+00:00' WHERE id = 3", [3]),
        ("UPDATE audit_entry SET details = '{\"a\": 1}' WHERE id = 2", [2]),
        ("DELETE FROM audit_entry WHERE id = 3", [4]),
        ("DELETE FROM audit_entry WHERE id = 1", [2]),
        ("DELETE FROM audit_entry WHERE id >= 4", [5]),
        ("UPDATE audit_entry SET hash = 'forged' WHERE id = 2", [2, 3]),
        ("DELETE FROM audit_entry", [5]),
    ],
)
async def test_what_was_tampered_with_is_named(database: str, statement: str, wrong: list[int]) -> None:
    for number in range(5):
        await write(number)
    await change(statement)
    assert await wrong_ids() == wrong


async def proof(*more: Anchor) -> service.Proof:
    async with db.reading() as session:
        return await service.prove(session, more)


async def head() -> dict[str, object]:
    async with db.reading() as session:
        return await repository.stored_head(session)


async def put_head(value: dict[str, object] | None) -> None:
    async with db.transaction() as session:
        await session.execute(sa.text("DELETE FROM setting WHERE key = 'audit_head'"))
        if value is not None:
            session.add(Setting(key="audit_head", value=value))


@pytest.mark.parametrize("signed", ["not at all", "as before", "with another key"])
async def test_a_cut_tail_is_found_whatever_the_head_says(database: str, signed: str) -> None:
    for number in range(5):
        await write(number)
    before = await head()
    async with db.reading() as session:
        third = [entry async for entries in repository.in_order(session, 10) for entry in entries][2]
    await change("DELETE FROM audit_entry WHERE id > 3")
    forged: dict[str, object] = {"id": 3, "hash": third.hash, "count": 3, "broken": False}
    if signed == "as before":
        forged["mac"] = before["mac"]
    elif signed == "with another key":
        forged = chain.head(b"guessed", 3, third.hash, 3, broken=False)
    await put_head(forged)
    assert Fault.HEAD in (await proof()).faults
    await write(9)  # later entries do not repair it
    await write(10)
    assert Fault.BROKEN in (await proof()).faults
    async with db.reading() as session:
        assert not (await service.glance(session)).is_whole


async def test_relinking_without_the_key_is_found(database: str) -> None:
    for number in range(5):
        await write(number)
    async with db.transaction() as session:
        rows = [entry async for entries in repository.in_order(session, 10) for entry in entries]
        previous = ""
        for row in rows:
            row.object_name = row.object_name.replace("Thing 2", "Other")
            row.previous_hash = previous
            row.hash = previous = chain.seal(b"guessed", row)
            session.add(row)
    await put_head(chain.head(b"guessed", 5, previous, 5, broken=False))
    found = await proof()
    assert found.wrong == [1, 2, 3, 4, 5]
    assert Fault.HEAD in found.faults


async def test_a_log_put_back_to_an_older_state_with_its_own_head_is_found_by_an_anchor(database: str) -> None:
    for number in range(3):
        await write(number)
    older = await head()
    await write(3)
    async with db.reading() as session:
        saved = anchors.parse(f"2026-11-02 info {await service.anchor_text(session, SYSTEM)}\n")
    assert saved is not None
    assert saved.count == 4
    await change("DELETE FROM audit_entry WHERE id = 4")
    await put_head(older)
    assert (await proof()).is_whole  # the database alone cannot show it
    assert (await proof(saved)).faults == [Fault.ANCHOR]
    await write(4)  # a different fourth entry
    assert (await proof(saved)).faults == [Fault.ANCHOR]


@pytest.mark.logs("the audit log was changed")
async def test_this_hosts_file_of_anchors_tells_by_itself(database: str) -> None:
    await write(0)
    older = await head()
    await write(1)
    service.keep_anchor(await proof())
    service.keep_anchor(await proof())
    assert [anchor.count for anchor in anchors.kept()] == [2]
    await change("DELETE FROM audit_entry WHERE id = 2")
    await put_head(older)
    found = await proof()
    assert found.faults == [Fault.ANCHOR]
    service.keep_anchor(found)  # a chain that is not whole is not anchored
    assert [anchor.count for anchor in anchors.kept()] == [2]
    async with db.reading() as session:
        with pytest.raises(Conflict):
            await service.anchor_text(session, SYSTEM)


async def test_deletion_of_everything_is_found(database: str, make_actor: MakeActor) -> None:
    assert (await proof()).is_whole
    await make_actor()
    for number in range(5):
        await write(number)
    await change("DELETE FROM audit_entry")
    assert not (await proof()).is_whole
    await put_head(None)
    assert (await proof()).faults == [Fault.EMPTY]


async def test_an_entry_put_in_or_taken_from_the_middle_changes_the_count(database: str) -> None:
    for number in range(5):
        await write(number)
    await change("DELETE FROM audit_entry WHERE id = 3")
    found = await proof()
    assert (found.wrong[0], found.faults) == (4, [Fault.COUNT])


@pytest.mark.parametrize("line", ["", "beacon-audit-anchor-1", "beacon-audit-anchor-1 x 1 1 h mac", "ü" * 5_000])
def test_what_is_no_anchor(var_dir: Path, line: str) -> None:
    assert anchors.parse(line) is None


async def test_writers_at_once_make_one_chain(database: str) -> None:
    await asyncio.gather(*(write(number) for number in range(40)))
    assert await count_rows("audit_entry") == 40
    assert await wrong_ids() == []


async def test_several_entries_of_one_transaction(database: str) -> None:
    async with db.transaction() as session:
        for number in range(3):
            await service.record(session, SYSTEM, "thing.create", "thing", number)
    await write(3)
    assert await count_rows("audit_entry") == 4
    assert await wrong_ids() == []


async def test_what_is_rolled_back_is_not_logged(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as session:
            await service.record(session, SYSTEM, "thing.create", "thing", 1)
            raise RuntimeError
    assert await count_rows("audit_entry") == 0


async def test_pages_go_forth_and_back(database: str) -> None:
    for number in range(5):
        await write(number)

    async def page(cursor: str = "") -> tuple[list[str], str | None, str | None]:
        async with db.reading() as session:
            found = await service.search(session, SYSTEM, cursor=cursor, limit=2)
        return [row.object_id for row in found.rows], found.previous_cursor, found.next_cursor

    first, before, after = await page()
    assert (first, before) == (["4", "3"], None)
    second, back, after = await page(after or "")
    assert second == ["2", "1"]
    last, _, end = await page(after or "")
    assert (last, end) == (["0"], None)
    again, before, after = await page(back or "")
    assert (again, before) == (["4", "3"], None)
    assert after is not None


async def test_search_by_action_object_person_and_text(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor(Role.OWNER, "Ines Keller")
    async with db.transaction() as session:
        await service.record(session, ines, "campaign.launch", "campaign", 7, "Spring 100%")
        await service.record(session, SYSTEM, "campaign.finish", "campaign", 7, "Spring 100%")
        await service.record(session, SYSTEM, "contact.delete", "contact", 9, "Autumn")

    async def found(**filters: object) -> list[str]:
        async with db.reading() as session:
            return [row.action for row in (await service.search(session, ines, **filters)).rows]  # type: ignore[arg-type]

    assert await found(action="campaign.") == ["campaign.finish", "campaign.launch"]
    assert await found(action="campaign.launch") == ["campaign.launch"]
    assert await found(object_type="contact") == ["contact.delete"]
    assert await found(actor_id=ines.user_id) == ["campaign.launch"]
    assert await found(text="100%") == ["campaign.finish", "campaign.launch"]
    assert await found(text="ines") == ["campaign.launch"]
    assert await found(text="_") == []
    async with db.reading() as session:
        choices = await service.choices(session, ines)
        exported: list[AuditEntry] = [row async for row in service.export(session, ines, text="spring")]
    assert choices.actors == [(ines.user_id, "Ines Keller")]
    assert choices.object_types == ["campaign", "contact"]
    assert [row.action for row in exported] == ["campaign.finish", "campaign.launch"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER])
async def test_only_who_may_read_it(sqlite_database: str, make_actor: MakeActor, role: Role) -> None:
    actor = await make_actor(role)
    async with db.reading() as session:
        with pytest.raises(Forbidden):
            await service.search(session, actor)
