"""The common state of lists: its question, one page of rows, and whether they are loading, missing or unreadable."""

from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import AppError, Forbidden, Unauthenticated
from campaign_app.kit.pagination import Page
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.filters import View
from campaign_app.ui.kit.list_query import ListQuery, ListSpec, Option, range_of
from campaign_app.workspace import service as workspace

_UNREADABLE: Final = "The list could not be read. What is shown may be out of date."


class ListState(AppState, mixin=True):
    """A list that is searched, filtered, sorted and paged on the server.

    Subclasses declare `spec` and `rows`, and read a page with `_fetch`. Handlers change the question and read at once.
    A newer search or page cancels the running one (`supersedes`), so that a stale result is never shown.
    """

    spec: ClassVar[ListSpec]
    rows: list[Any] = []
    loading: bool = True
    problem: str = ""  # why the rows could not be read
    view: str = ""
    views: list[View] = []
    search_text: str = ""
    filters: dict[str, str] = {}
    choices: dict[str, list[Option]] = {}  # options of filters that do not declare them
    sort: str = ""
    total_text: str = ""
    range_text: str = ""
    has_previous: bool = False
    has_next: bool = False
    narrowed: bool = False
    _asked: ListQuery = ListQuery()
    _next: str = ""
    _previous: str = ""
    _first: int = 1  # the number of the first row that is shown
    _zone: str = "UTC"

    @rx.var
    def filter_words(self) -> dict[str, str]:
        """By filter: the label of its value when its options come from `choices`."""
        return {name: dict(self.choices.get(name, [])).get(value, value) for name, value in self.filters.items()}

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[Any]:
        """The page of rows for a question."""
        raise NotImplementedError

    def _line(self, row: Any) -> Any:
        """A row as the list shows it."""
        return row

    async def _prepare(self, session: AsyncSession, actor: Actor) -> None:
        """Read what the page needs besides its rows, such as `choices`. Called when it opens and after an action."""

    async def _shown(self) -> None:
        """Called when a page of rows is shown, for lists with live rows."""

    @rx.event
    async def load(self) -> Any:
        """Open the list with the question in its address."""
        actor = await self.require(self.spec.may)
        asked = self.spec.read(self.query) if self.spec.address else self.spec.start
        if asked != self._asked:
            self.rows = []
        self._ask(asked)
        async with self.busy():
            yield browser.show_search(asked.search) if self.spec.address else None
            await self._read_all(actor)

    async def _read_all(self, actor: Actor) -> None:
        async with db.reading() as session:
            await self._prepare(session, actor)
        await self._read()

    def _ask(self, query: ListQuery) -> None:
        self._asked = query
        self.view, self.search_text, self.sort = query.view, query.search, query.sort
        self.filters = {one.name: query.filter(one.name) for one in self.spec.filters}
        self.narrowed = query.is_narrowed

    async def _read(self) -> None:
        """Read the rows of the current question again."""
        actor = await self.require(self.spec.may)
        query, self.problem = self._asked, ""
        try:
            async with db.reading() as session:
                self._zone = await workspace.zone_of(session, actor)
                page = await self._fetch(session, actor, query)
        except (Forbidden, Unauthenticated):
            raise
        except AppError as error:
            self.problem = error.message
            return
        except Exception:
            self.problem = _UNREADABLE
            raise
        self.rows = [self._line(row) for row in page.rows]
        self._show_place(page, query)
        await self._shown()

    async def _read_first(self) -> None:
        """Read the first page again, to show added rows."""
        self._ask(self._asked.from_start())
        await self._read()

    def _show_place(self, page: Page[Any], query: ListQuery) -> None:
        self._next, self._previous = page.next_cursor or "", page.previous_cursor or ""
        self.has_next, self.has_previous = bool(self._next), bool(self._previous)
        self._first = query.first if self.has_previous else 1
        self.range_text = range_of(page, self._first)
        self.total_text = self.spec.counted(page.total, page.total_is_minimum)

    async def _go(self, query: ListQuery, *, in_history: bool = True) -> Any:
        """Change the question: read its rows and update the address."""
        self._ask(query)
        await self._read()
        return browser.show_address(self.spec.path(query), in_history=in_history) if self.spec.address else None

    def _changed(self) -> None:
        """The question now selects other rows."""

    async def _narrow(self, query: ListQuery, *, in_history: bool = True) -> Any:
        self._changed()
        return await self._go(query, in_history=in_history)

    @rx.event(supersedes=True)
    async def search(self, words: str) -> Any:
        """Show only rows with these words. A newer search cancels this one, even while it reads."""
        await self.require(self.spec.may)
        return await self._narrow(self._asked.from_start(search=words.strip()[:200]), in_history=False)

    @rx.event
    async def choose(self, name: str, value: str) -> Any:
        """Set one filter; "" removes it."""
        await self.require(self.spec.may)
        found = self.spec.find_filter(name)
        return await self._narrow(self._asked.filtered(name, found.clean(value))) if found else None

    @rx.event
    async def choose_view(self, view: str) -> Any:
        """Another saved view, without the filters of the previous one."""
        await self.require(self.spec.may)
        known = view in self.spec.views
        return await self._narrow(self._asked.from_start(view=view, filters={})) if known else None

    @rx.event
    async def sort_by(self, sort: str) -> Any:
        """Another order: "key" or "-key"."""
        await self.require(self.spec.may)
        known = self.spec.clean_sort(sort)
        return await self._go(self._asked.from_start(sort=known)) if known else None

    @rx.event(supersedes=True)
    async def turn(self, forward: bool) -> Any:
        """The next page, or the previous one."""
        await self.require(self.spec.may)
        cursor = self._next if forward else self._previous
        if not cursor:
            return None
        first = max(1, self._first + (self._asked.limit if forward else -self._asked.limit))
        return await self._go(self._asked.from_start(cursor=cursor, first=first))

    @rx.event
    async def clear(self) -> Any:
        """Remove view, search and filters."""
        await self.require(self.spec.may)
        return await self._narrow(self.spec.start.from_start(sort=self._asked.sort))

    @rx.event
    async def retry(self) -> None:
        """Read again after a failure."""
        await self.require(self.spec.may)
        async with self.busy():
            await self._read()
