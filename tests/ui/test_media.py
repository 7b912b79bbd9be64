"""The page of the media library: its list, one file with its uses, its form, deleting one and many."""

import pytest

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden
from campaign_app.media import service
from campaign_app.media.schemas import MediaRow
from campaign_app.models.campaign import Campaign
from campaign_app.models.user import Role
from campaign_app.ui.media.details_state import MediaDetails, MediaForm
from campaign_app.ui.media.library_state import MediaLibrary, size
from tests.conftest import MakeActor
from tests.media import samples
from tests.media.test_service import upload
from tests.ui.tabs import Tab


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.fixture
def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(actor, monkeypatch)


async def add(actor: Actor, name: str, width: int = 30) -> MediaRow:
    return (await upload(actor, samples.png(width, 20), name)).media


async def use(actor: Actor, *files: MediaRow) -> None:
    html = "".join(f'<img src="{file.address}">' for file in files)
    async with db.transaction() as session:
        session.add(Campaign(name="Spring offer", html=html, owner_id=actor.user_id))


async def test_files_are_listed_searched_and_sorted(tab: Tab, actor: Actor) -> None:
    await add(actor, "lake.png", 31)
    await add(actor, "hills.png", 32)
    await tab.go("/media?sort=name").do(MediaLibrary.load)
    state = tab.state(MediaLibrary)
    assert [row.name for row in state.rows] == ["hills.png", "lake.png"]
    first = state.rows[0]
    assert (first.type, first.is_image, first.person) == ("PNG, 32 × 20", True, "Ines Keller")
    assert first.path.startswith("/media/")
    assert state.summary.endswith("used")
    await tab.do(MediaLibrary.search, "lake")
    assert ([row.name for row in state.rows], tab.addresses) == (["lake.png"], ["/media?search=lake&sort=name"])
    await tab.do(MediaLibrary.choose, "kind", "video")
    assert (state.rows, state.narrowed) == ([], True)
    await tab.do(MediaLibrary.clear)
    await add(actor, "sea.png", 33)
    await tab.do(MediaLibrary.show_uploads)
    assert len(state.rows) == 3


async def test_a_file_says_where_it_is_used(tab: Tab, actor: Actor) -> None:
    file = await add(actor, "lake.png")
    await use(actor, file)
    await tab.go("/media").do(MediaDetails.open, file.id)
    details = tab.state(MediaDetails)
    assert tab.shows(MediaDetails)
    assert (details.subject, details.address) == ("lake.png", file.address)
    assert [(one.noun, one.name) for one in details.uses] == [("Campaign", "Spring offer")]
    assert details.uses[0].href.startswith("/campaigns/")


async def test_name_and_alternative_text_are_saved_once(tab: Tab, actor: Actor) -> None:
    file = await add(actor, "lake.png")
    await tab.go("/media").do(MediaLibrary.load)
    await tab.do(MediaForm.open, file.id)
    async with db.transaction() as session:
        await service.update(session, actor, file.id, file.version, {"name": "sea", "alt_text": "The sea"})
    await tab.do(MediaForm.submit, {"media-name": "pond", "media-alt-text": "A pond"})
    assert "saved by someone else" in tab.state(MediaForm).conflict
    await tab.do(MediaForm.open, file.id)
    await tab.do(MediaForm.submit, {"media-name": "pond", "media-alt-text": "A pond"})
    (row,) = tab.state(MediaLibrary).rows
    assert (row.name, row.alt_text) == ("pond.png", "A pond")


async def test_many_are_deleted_and_those_in_use_are_kept(tab: Tab, actor: Actor) -> None:
    used, _, _ = [await add(actor, f"{name}.png", width) for width, name in enumerate(("lake", "hills", "sea"), 20)]
    await use(actor, used)
    await tab.go("/media").do(MediaLibrary.load)
    await tab.do(MediaLibrary.check_all)
    await tab.do(MediaLibrary.ask, "delete", [], "")
    assert tab.state(MediaLibrary).asked_words == "3 files"
    await tab.do(MediaLibrary.answer)
    assert [row.name for row in tab.state(MediaLibrary).rows] == ["lake.png"]
    assert "2 files deleted" in tab.toasts[-2]
    assert "lake.png was not changed" in tab.toasts[-1]
    assert "campaign “Spring offer”" in tab.toasts[-1]
    await tab.do(MediaLibrary.ask, "delete", [99], "gone.png")
    await tab.do(MediaLibrary.answer)
    assert "no longer in the library" in tab.toasts[-1]


async def test_a_viewer_looks_and_changes_nothing(
    actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await add(actor, "lake.png")
    viewer = Tab(await make_actor(Role.VIEWER, "Vera"), monkeypatch).go("/media")
    await viewer.do(MediaLibrary.load)
    await viewer.do(MediaDetails.open, file.id)
    assert viewer.shows(MediaDetails)
    for handler, *arguments in ((MediaLibrary.ask, "delete", [file.id], ""), (MediaForm.open, file.id)):
        with pytest.raises(Forbidden):
            await viewer.do(handler, *arguments)
    assert len(viewer.state(MediaLibrary).rows) == 1


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (640, "640 B"), (12_345, "12 kB"), (4_100_000, "4.1 MB"), (2_000_000_000, "2.0 GB")],
)
def test_sizes_read_well(count: int, words: str) -> None:
    assert size(count) == words
