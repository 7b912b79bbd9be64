"""The media library: upload, same bytes twice, search, rename, refused and allowed deletion."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from campaign_app.audit import service as audit
from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns import templates_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.config import settings
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.media import files, jobs, service, types
from campaign_app.media.errors import LibraryFull, MediaChanged, MediaInUse, MediaNotFound, MediaRefused
from campaign_app.media.schemas import Added, MediaQuery, MediaRow, Use
from campaign_app.models.campaign import Campaign
from campaign_app.models.media import MediaKind
from campaign_app.models.user import Role
from campaign_app.ops import checkup
from tests.conftest import MakeActor, count_rows
from tests.media import samples


async def stream(data: bytes, piece: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


async def upload(actor: Actor, data: bytes, name: str = "photo.png") -> Added:
    async with db.transaction() as session:
        return await service.add(session, actor, name, stream(data))


async def listed(actor: Actor, **query: object) -> list[str]:
    async with db.reading() as session:
        return [row.name for row in (await service.search(session, actor, MediaQuery(**query))).rows]


def stored() -> list[Path]:
    return [path for path in settings().media_folder.rglob("*") if path.is_file()]


def make_old() -> None:
    for path in stored():
        os.utime(path, times=(time.time() - 2 * files.KEEP_UNKNOWN_S,) * 2)


async def test_a_file_is_stored_and_told(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor(Role.MARKETER)
    added = await upload(ines, samples.png(30, 20), "../Über uns.PNG")
    media = added.media
    assert added.is_new
    assert (media.name, media.kind, media.content_type) == ("Über uns.png", MediaKind.IMAGE, "image/png")
    assert (media.width, media.height, media.size_bytes) == (30, 20, len(samples.png(30, 20)))
    assert media.created_by == "Ines Keller"
    token, name = media.address.removeprefix(f"{settings().server_url}/media/").split("/")
    assert (len(token), name) == (22, "Uber-uns.png")
    (file,) = stored()
    assert file.read_bytes() == samples.png(30, 20)
    async with db.reading() as session:
        (entry,) = (await audit.search(session, ines, limit=5)).rows if ines.can("audit:read") else [None]
        assert entry is None
        found = await service.published(session, token)
        assert found is not None
        assert (found.path, found.content_type) == (file, "image/png")
        assert await service.published(session, "x" * 22) is None


async def test_the_same_bytes_are_stored_once(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    first = await upload(actor, samples.png(), "one.png")
    again = await upload(actor, samples.png() + b"behind the end", "two.png")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.media == first.media
    assert len(stored()) == await count_rows("media") == await count_rows("audit_entry") == 1


async def test_the_same_bytes_at_the_same_time_are_stored_once(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    made = await asyncio.gather(*(upload(actor, samples.gif(), f"{number}.gif") for number in range(5)))
    assert sorted(added.is_new for added in made) == [False] * 4 + [True]
    assert len({added.media.id for added in made}) == len(stored()) == 1


@pytest.mark.parametrize("data", [b"", b"hello", samples.png()[:-4], samples.png() + b"x" * 5 * types.MEGABYTE])
async def test_nothing_stays_of_what_is_refused(sqlite_database: str, make_actor: MakeActor, data: bytes) -> None:
    actor = await make_actor()
    with pytest.raises(MediaRefused):
        await upload(actor, data)
    assert stored() == []
    assert await count_rows("media") == 0


async def test_an_upload_is_cut_off_as_soon_as_it_cannot_be_right(sqlite_database: str, make_actor: MakeActor) -> None:
    taken = 0

    async def endless(start: bytes) -> AsyncIterator[bytes]:
        nonlocal taken
        yield start
        while True:
            taken += 1
            yield b"\0" * types.MEGABYTE

    actor = await make_actor()
    for start, most in ((b"MZ" + b"\0" * 40, 0), (samples.png(), 6), (samples.pdf(), 101)):
        taken = 0
        with pytest.raises(MediaRefused):
            async with db.transaction() as session:
                await service.add(session, actor, "x", endless(start))
        assert taken <= most
        assert stored() == []


async def test_the_library_has_a_limit(
    sqlite_database: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await make_actor()
    monkeypatch.setattr(types, "MEGABYTE", 100)
    monkeypatch.setenv("BEACON_MEDIA_LIMIT_MB", "1")
    settings.cache_clear()
    await upload(actor, samples.png())
    with pytest.raises(LibraryFull, match="BEACON_MEDIA_LIMIT_MB"):
        await upload(actor, samples.gif())
    assert not (await upload(actor, samples.png())).is_new  # the same bytes take no space
    async with db.reading() as session:
        space = await service.space(session, actor)
    assert (space.used, space.limit, space.files) == (len(samples.png()), 100, 1)
    assert len(stored()) == 1


async def test_the_list_is_searched_sorted_and_paged(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    for name, data in (("b.gif", samples.gif()), ("A.png", samples.png(300, 2)), ("c_1.pdf", samples.pdf() * 9)):
        await upload(actor, data, name)
    assert await listed(actor) == ["c_1.pdf", "A.png", "b.gif"]
    assert await listed(actor, sort="name", descending=False) == ["A.png", "b.gif", "c_1.pdf"]
    assert (await listed(actor, sort="size"))[0] == "c_1.pdf"
    assert await listed(actor, kind="image") == ["A.png", "b.gif"]
    assert await listed(actor, search="C_1") == ["c_1.pdf"]
    assert await listed(actor, search="%") == []
    async with db.reading() as session:
        first = await service.search(session, actor, MediaQuery(limit=2))
        rest = await service.search(session, actor, MediaQuery(limit=2, cursor=first.next_cursor or ""))
    assert (first.total, [row.name for row in rest.rows], rest.next_cursor) == (3, ["b.gif"], None)


async def test_name_and_text_are_changed_by_one_person_at_a_time(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    media = (await upload(actor, samples.jpeg(), "a.jpeg")).media
    assert media.name == "a.jpeg"
    async with db.transaction() as session:
        fields = {"name": " ../Team.exe ", "alt_text": "Five people at a lake"}
        after = await service.update(session, actor, media.id, media.version, fields)
    assert (after.name, after.alt_text, after.version) == ("Team.jpg", "Five people at a lake", 2)
    assert after.address.rsplit("/", 2)[1] == media.address.rsplit("/", 2)[1]
    with pytest.raises(MediaChanged, match="saved by someone else"):
        async with db.transaction() as session:
            await service.update(session, actor, media.id, media.version, {"name": "x"})
    for wrong in ({"name": ""}, {"name": "x", "alt_text": "y" * 501}, {"name": "x", "token": "chosen"}):
        with pytest.raises(Invalid):
            async with db.transaction() as session:
                await service.update(session, actor, media.id, 2, wrong)


async def use(actor: Actor, media: MediaRow) -> tuple[int, int]:
    """Create a campaign and a template that use the image; return their ids."""
    html = f'<p><img src="{media.address}" alt=""> {{{{ unsubscribe_url }}}}</p>'
    async with db.transaction() as session:
        campaign = await campaigns.create(session, actor, "Autumn", html=html, subject="Hello")
        template = await templates_service.create(session, actor, {"name": "Letter", "subject": "Hello", "html": html})
    return campaign.id or 0, template.id or 0


async def test_a_used_file_stays(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    media = (await upload(actor, samples.png())).media
    other = (await upload(actor, samples.gif())).media
    campaign_id, template_id = await use(actor, media)
    async with db.reading() as session:
        found = await service.uses(session, actor, media.id)
        assert await service.uses(session, actor, other.id) == []
    assert found == [Use("campaign", campaign_id, "Autumn"), Use("template", template_id, "Letter")]
    with pytest.raises(MediaInUse, match="used in campaign “Autumn”, template “Letter”"):
        async with db.transaction() as session:
            await service.delete(session, actor, media.id)
    async with db.transaction() as session:
        await templates_service.delete(session, actor, template_id)
        launched = await session.get(Campaign, campaign_id)
        assert launched is not None
        launched.launched_at = launched.deleted_at = now()
        session.add(launched)
    with pytest.raises(MediaInUse):  # its e-mails were sent and show the image
        async with db.transaction() as session:
            await service.delete(session, actor, media.id)
    async with db.transaction() as session:
        launched = await session.get(Campaign, campaign_id)
        assert launched is not None
        launched.launched_at = None
        session.add(launched)
    async with db.transaction() as session:
        await service.delete(session, actor, media.id)
    with pytest.raises(MediaNotFound):
        async with db.reading() as session:
            await service.get(session, actor, media.id)


@pytest.mark.parametrize(
    "message",
    [
        {"html": '<img src="https:&#47;&#47;x.example&#47;media&#47;{token}&#47;a.png">', "text": ""},
        {"html": '<td background="{path}">', "text": ""},
        {"html": "<style>td {{ background: url({path}) }}</style>", "text": ""},
        {"html": "", "text": "The price list: https://x.example{path}"},
    ],
)
async def test_a_reference_is_found_however_it_is_written(
    sqlite_database: str, make_actor: MakeActor, message: dict[str, str]
) -> None:
    actor = await make_actor()
    media = (await upload(actor, samples.png())).media
    token = media.address.rsplit("/", 2)[1]
    given = {name: text.format(token=token, path=f"/media/{token}/a.png") for name, text in message.items()}
    async with db.transaction() as session:
        await campaigns.create(session, actor, "Autumn", subject="Hello", **given)
    async with db.reading() as session:
        assert [use.name for use in await service.uses(session, actor, media.id)] == ["Autumn"]


async def test_bytes_go_when_their_file_left_and_only_then(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    kept, gone = (await upload(actor, samples.png())).media, (await upload(actor, samples.gif())).media
    (settings().media_folder / "incoming" / "broken-off").write_bytes(b"half")
    async with db.transaction() as session:
        await service.delete(session, actor, gone.id)
    assert await jobs.tidy_media({}) == 0  # the same bytes may be in an upload now
    make_old()
    assert await jobs.tidy_media({}) == 2
    (left,) = stored()
    assert left.read_bytes() == samples.png()
    assert (await upload(actor, samples.png())).media.id == kept.id


async def test_bytes_that_come_again_while_they_are_removed_stay(
    sqlite_database: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await make_actor()
    gone = (await upload(actor, samples.png())).media
    async with db.transaction() as session:
        await service.delete(session, actor, gone.id)
    make_old()
    (found,) = files.unknown(())
    again = (await upload(actor, samples.png())).media
    assert not files.remove(found)
    assert found.read_bytes() == samples.png()
    assert again.id != gone.id


async def test_roles(sqlite_database: str, make_actor: MakeActor) -> None:
    marketer, viewer = await make_actor(Role.MARKETER), await make_actor(Role.VIEWER)
    nobody = Actor(9, "N", "n@example.com", "viewer", frozenset())
    media = (await upload(marketer, samples.png())).media
    assert await listed(viewer) == ["photo.png"]
    with pytest.raises(Forbidden):
        await upload(viewer, samples.gif())
    async with db.transaction() as session:
        for refused in (
            service.update(session, viewer, media.id, 1, {"name": "x"}),
            service.delete(session, viewer, media.id),
            service.search(session, nobody, MediaQuery()),
            service.get(session, nobody, media.id),
            service.uses(session, nobody, media.id),
            service.space(session, nobody),
        ):
            with pytest.raises(Forbidden):
                await refused
    assert len(stored()) == 1


async def test_a_host_that_does_not_share_the_folder_is_told(
    sqlite_database: str, make_actor: MakeActor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upload(await make_actor(), samples.png())
    (finding,) = await checkup._media()
    assert finding.state == checkup.OK
    monkeypatch.setenv("BEACON_MEDIA", str(tmp_path / "of-this-host-alone"))
    settings.cache_clear()
    (finding,) = await checkup._media()
    assert (finding.state, finding.words.startswith("1 file of the media library not found")) == (checkup.BROKEN, True)
    assert "BEACON_MEDIA" in finding.mend
