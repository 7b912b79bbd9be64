"""The kit of lists: the question in the address, pages, choice and acts, what is shown when reading fails."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex_base.event import Event
from reflex_base.event.processor.base_state_processor import BaseStateEventProcessor
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.kit.bulk import ItemResult
from campaign_app.kit.pagination import Page
from campaign_app.models.user import Role
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.bulk_state import BulkAction, BulkState, Chosen
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

SPEC = ListSpec(
    may="campaigns:read",
    one="plant",
    address="/plants",
    views={"all": "All", "trees": "Trees"},
    filters=[Filter("color", "Colour", [("red", "Red"), ("green", "Green")]), Filter("bed", "Bed")],
    sorts=("name", "height"),
    sort="-height",
    page_size=3,
)


@dataclass(frozen=True)
class Plant:
    id: int
    name: str
    can_cut: bool = True


PLANTS = [Plant(number, f"Plant {number}", number % 4 != 0) for number in range(1, 9)]


async def cut(state: Any, _actor: Actor, chosen: Chosen) -> list[ItemResult]:
    state.acted.append(chosen)
    found = [plant for plant in PLANTS if plant.id in chosen.ids]
    return [
        ItemResult(plant.id, plant.name, plant.can_cut, "" if plant.can_cut else "It is protected.") for plant in found
    ]


async def move(state: Any, _actor: Actor, chosen: Chosen) -> int:
    state.acted.append(chosen)
    return len(PLANTS) if chosen.query else len(chosen.ids)


class Plants(BulkState, AppState):
    """A list in memory. Its cursors are the numbers of rows."""

    spec: ClassVar[ListSpec] = SPEC
    actions: ClassVar[Mapping[str, BulkAction]] = {
        "cut": BulkAction("Cut", "x", "campaigns:pause", cut, "cut", possible="can_cut", why_not="Some are protected"),
        "move": BulkAction("Move", "x", "campaigns:write", move, "moved to {value}", asks=True),
    }
    asked: ClassVar[list[ListQuery]] = []
    acted: ClassVar[list[Chosen]] = []
    fails: ClassVar[list[Exception]] = []
    rows: list[Plant] = []

    async def _prepare(self, session: AsyncSession, actor: Actor) -> None:
        self.choices = {"bed": [("1", "At the wall"), ("2", "By the pond")]}

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[Plant]:
        self.asked.append(query)
        if self.fails:
            raise self.fails[0]
        start = int(query.cursor or 0)
        found = [plant for plant in PLANTS if query.search in plant.name]
        end = start + query.limit
        following = str(end) if end < len(found) else None
        previous = str(max(0, start - query.limit)) if start else None
        return Page(found[start:end], following, previous, len(found))


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.fixture
def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    for kept in (Plants.asked, Plants.acted, Plants.fails):
        kept.clear()
    return Tab(actor, monkeypatch)


async def opened(tab: Tab, address: str = "/plants") -> Plants:
    await tab.go(address).do(Plants.load)
    return tab.state(Plants)


@pytest.mark.parametrize(
    "query",
    [
        SPEC.start,
        replace(SPEC.start, view="trees", search="a&b=ç", sort="name"),
        replace(SPEC.start, filters={"color": "red", "bed": "7/8"}, cursor="abc", first=51),
    ],
)
def test_a_question_is_read_back_from_its_address(query: ListQuery) -> None:
    address = SPEC.path(query)
    values = dict(parsed(address))
    assert SPEC.read(lambda name: values.get(name, "")) == query


def parsed(address: str) -> list[tuple[str, str]]:
    return parse_qsl(address.partition("?")[2])


def test_the_address_of_the_first_page_is_bare() -> None:
    assert SPEC.path(SPEC.start) == "/plants"


@pytest.mark.parametrize(
    "values",
    [
        {"view": "__class__", "sort": "password", "color": "blue", "from": "-1"},
        {"sort": "--height", "from": "1e9", "unknown": "x"},
        {"sort": "-", "from": "99999999999999999999"},
        {"from": "٣"},
    ],
)
def test_what_the_list_does_not_have_is_left_out(values: dict[str, str]) -> None:
    assert SPEC.read(lambda name: values.get(name, "")) == SPEC.start


def test_texts_in_the_address_are_cut() -> None:
    found = SPEC.read(lambda name: "x" * 10_000)
    assert (len(found.search), len(found.filter("bed")), len(found.cursor)) == (200, 200, 2_000)


def test_a_filter_cannot_take_a_name_of_the_list() -> None:
    with pytest.raises(ValueError, match="page"):
        ListSpec(may="x", one="x", filters=[Filter("page", "Page")])


async def test_the_page_shows_what_its_address_asks_for(tab: Tab) -> None:
    state = await opened(tab, "/plants?view=trees&color=red&bed=2&search=Plant&sort=name")
    assert Plants.asked == [
        replace(SPEC.start, view="trees", search="Plant", sort="name", filters={"color": "red", "bed": "2"})
    ]
    assert (state.view, state.search_text, state.sort, state.narrowed) == ("trees", "Plant", "name", True)
    assert tab.searched == "Plant"
    assert state.filter_words == {"color": "red", "bed": "By the pond"}
    assert (state.total_text, state.range_text, state.loading) == ("8 plants", "1–3 of 8", False)


async def test_each_change_reads_at_once_and_goes_into_the_address(tab: Tab) -> None:
    state = await opened(tab)
    await tab.do(Plants.search, "  Plant ")
    await tab.do(Plants.choose, "color", "red")
    await tab.do(Plants.choose, "bed", "2")
    await tab.do(Plants.sort_by, "name")
    await tab.do(Plants.turn, True)
    await tab.do(Plants.choose, "color", "")
    await tab.do(Plants.choose_view, "trees")
    await tab.do(Plants.clear)
    assert tab.addresses == [
        "/plants?search=Plant",
        "/plants?color=red&search=Plant",
        "/plants?color=red&bed=2&search=Plant",
        "/plants?color=red&bed=2&search=Plant&sort=name",
        "/plants?color=red&bed=2&search=Plant&sort=name&page=3&from=4",
        "/plants?bed=2&search=Plant&sort=name",
        "/plants?view=trees&search=Plant&sort=name",
        "/plants?sort=name",
    ]
    assert len(Plants.asked) == 9
    assert tab.redirects == []
    assert not state.narrowed


async def test_typing_does_not_fill_the_history(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Event] = []
    monkeypatch.setattr(tab, "_note", seen.append)
    await opened(tab)
    await tab.do(Plants.search, "a")
    await tab.do(Plants.sort_by, "name")
    assert [event.payload["in_history"] for event in seen if event.name == browser.ADDRESS] == [False, True]


@pytest.mark.parametrize(
    ("handler", "arguments"),
    [
        (Plants.choose, ("colour", "red")),
        (Plants.choose_view, ("x",)),
        (Plants.sort_by, ("password",)),
        (Plants.turn, (False,)),
    ],
)
async def test_what_the_list_does_not_offer_changes_nothing(tab: Tab, handler: Any, arguments: tuple[Any, ...]) -> None:
    await opened(tab)
    await tab.do(handler, *arguments)
    assert (len(Plants.asked), tab.addresses) == (1, [])


async def test_rows_are_numbered_over_the_pages(tab: Tab) -> None:
    state = await opened(tab)
    seen = []
    for forward in (True, True, False, False):
        await tab.do(Plants.turn, forward)
        seen.append(state.range_text)
    assert seen == ["4–6 of 8", "7–8 of 8", "4–6 of 8", "1–3 of 8"]
    await opened(tab, "/plants?page=3&from=4")
    assert state.range_text == "4–6 of 8"


async def test_why_it_cannot_be_read_is_said_and_the_rows_stay(tab: Tab) -> None:
    state = await opened(tab)
    Plants.fails.append(Invalid("This text is too long to be searched for."))
    await tab.do(Plants.search, "x")
    assert (state.problem, len(state.rows)) == ("This text is too long to be searched for.", 3)
    Plants.fails[0] = OSError("the database is away")
    with pytest.raises(OSError, match="away"):
        await tab.do(Plants.retry)
    assert (state.loading, len(state.rows)) == (False, 3)
    assert "could not be read" in state.problem
    Plants.fails.clear()
    await tab.do(Plants.retry)
    assert (state.problem, state.loading) == ("", False)


async def test_who_lost_the_permission_is_told_and_sees_nothing_new(tab: Tab) -> None:
    await opened(tab)
    Plants.fails.append(Forbidden("Not allowed"))
    with pytest.raises(Forbidden):
        await tab.do(Plants.retry)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "search": ("x",),
    "choose": ("color", "red"),
    "choose_view": ("trees",),
    "sort_by": ("name",),
    "turn": (True,),
    "check": (1, True),
    "check_page": (True,),
    "ask": ("move", [1], ""),
    "set_value": ("x",),
    "run": ("cut", [1]),
    "show_question": (False,),
}


@pytest.mark.parametrize("name", sorted(Plants.event_handlers.keys() - AppState.event_handlers.keys() - {"setvar"}))
async def test_every_handler_asks_for_the_permission(
    tab: Tab, actor: Actor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await opened(tab)
    before = len(Plants.asked)
    stranger = Tab(replace(actor, permissions=frozenset()), monkeypatch)
    with pytest.raises(Forbidden):
        await stranger.do(getattr(Plants, name), *ARGUMENTS.get(name, ()))
    assert (len(Plants.asked), Plants.acted, stranger.state(Plants).rows) == (before, [], [])


async def test_a_choice_lasts_over_pages_and_ends_with_the_question(tab: Tab) -> None:
    state = await opened(tab)
    await tab.do(Plants.check, 2, True)
    assert (state.all_checked, state.chosen_words) == ("indeterminate", "1 selected")
    await tab.do(Plants.turn, True)
    await tab.do(Plants.check_page, True)
    await tab.do(Plants.sort_by, "name")
    assert (state.chosen, state.chosen_words) == ([2, 4, 5, 6], "4 selected")
    await tab.do(Plants.choose, "color", "red")
    assert (state.chosen, state.chosen_words, state.all_checked) == ([], "", False)


async def test_all_that_match_can_be_chosen_without_naming_them(tab: Tab) -> None:
    state = await opened(tab)
    assert state.everything_words == "Select all 8 plants"
    await tab.do(Plants.check_all)
    assert (state.all_checked, state.chosen_words, state.everything_words) == (True, "All 8 plants selected", "")
    await tab.do(Plants.ask, "move", [], "")
    assert state.asked_words == "all 8 plants"
    await tab.do(Plants.set_value, " bed 2 ")
    await tab.do(Plants.answer)
    assert Plants.acted == [Chosen([], SPEC.start, "bed 2")]
    assert "8 plants moved to bed 2" in tab.toasts[-1]
    assert (state.everything, state.asked_action, state.working) == (False, "", False)
    await tab.do(Plants.check_all)
    await tab.do(Plants.check, 2, False)
    assert (state.chosen, state.everything) == ([1, 3], False)


async def test_each_item_has_a_result(tab: Tab) -> None:
    state = await opened(tab)
    await tab.do(Plants.check_page, True)
    assert state.why_not == {"cut": "", "move": ""}
    await tab.do(Plants.turn, True)
    await tab.do(Plants.check, 4, True)
    assert state.why_not == {"cut": "Some are protected", "move": ""}
    await tab.do(Plants.run, "cut", [])
    assert "3 plants cut" in tab.toasts[-2]
    assert "Plant 4 was not changed" in tab.toasts[-1]
    assert "It is protected." in tab.toasts[-1]
    assert state.chosen == []


async def test_of_many_refusals_three_are_told_and_the_rest_counted(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    protected = [replace(plant, can_cut=False) for plant in PLANTS]
    monkeypatch.setattr("tests.ui.test_lists.PLANTS", protected)
    await opened(tab)
    await tab.do(Plants.run, "cut", [1, 2, 3, 4, 5])
    assert ["Plant 1" in tab.toasts[0], "Plant 3" in tab.toasts[2]] == [True, True]
    assert "2 plants more not changed" in tab.toasts[3]


async def test_an_act_without_rows_or_without_its_question_does_nothing(tab: Tab) -> None:
    await opened(tab)
    await tab.do(Plants.run, "cut", [])
    await tab.do(Plants.answer)
    for name in ("move", "unknown", "__class__"):
        with pytest.raises(Invalid):
            await tab.do(Plants.run, name, [1])
    assert Plants.acted == []


async def test_a_newer_search_ends_the_one_that_still_reads(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through Reflex's own event queue: the answer to the first search never comes."""
    reading, cancelled = asyncio.Event(), asyncio.Event()
    quick = Plants._fetch

    async def slow(self: Plants, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[Plant]:
        if query.search == "slow":
            reading.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise
        return await quick(self, session, actor, query)

    monkeypatch.setattr(Plants, "_fetch", slow)
    manager = StateManagerMemory()
    name = f"{Plants.get_full_name()}.search"
    router = {
        "pathname": "/plants",
        "asPath": "/plants",
        "query": {},
        "headers": {"cookie": f"beacon_session={64 * '0'}"},
    }
    async with BaseStateEventProcessor().configure(state_manager=manager) as processor:
        await processor.enqueue("tab", Event(name=name, payload={"words": "slow"}, router_data=router))
        await asyncio.wait_for(reading.wait(), 5)
        newer = await processor.enqueue("tab", Event(name=name, payload={"words": "Plant 7"}, router_data=router))
        await asyncio.wait_for(newer.wait_all() if hasattr(newer, "wait_all") else newer, 5)
    assert cancelled.is_set()
    async with manager.modify_state(BaseStateToken(ident="tab", cls=Plants)) as root:
        state = await root.get_state(Plants)
        assert ([row.name for row in state.rows], state.search_text) == (["Plant 7"], "Plant 7")
