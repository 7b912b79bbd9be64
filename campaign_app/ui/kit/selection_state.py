"""The selected rows of a list: some by id, also on other pages, or all rows of its question."""

from collections.abc import Sequence
from typing import Any, ClassVar

import reflex as rx

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.kit.pagination import MAX_PAGE
from campaign_app.ui.kit.lists_state import ListState


class Selection(ListState, mixin=True):
    """A list whose rows can be selected. The selection lasts over pages and orders; another question clears it."""

    names_up_to: ClassVar[int] = 0  # up to how many rows "all" selects by id; 0 means all matches, without their ids
    chosen: list[int] = []
    everything: bool = False

    @rx.var
    def all_checked(self) -> bool | str:
        """The checkbox in the head: all rows of this page, some, none."""
        here = [self.everything or row.id in self.chosen for row in self.rows]
        return True if here and all(here) else "indeterminate" if any(here) else False

    @rx.var
    def chosen_words(self) -> str:
        """How many rows are selected; empty when none is."""
        if self.everything:
            return f"All {self.total_text} selected"
        return f"{len(self.chosen):,} selected" if self.chosen else ""

    @rx.var
    def everything_words(self) -> str:
        """The link that selects all rows; empty when there are no others."""
        if self.everything or not (self.has_next or self.has_previous):
            return ""
        return f"Select all {self.total_text}"

    async def _read_all_rows(self, actor: Actor) -> list[Any]:
        found: list[Any] = []
        query = self._asked.from_start(limit=MAX_PAGE)
        async with db.reading() as session:
            while len(found) < self.names_up_to:
                page = await self._fetch(session, actor, query)
                found += [self._line(row) for row in page.rows]
                if not page.next_cursor:
                    break
                query = query.from_start(cursor=page.next_cursor)
        return found

    def _named(self, rows: Sequence[Any]) -> None:
        """Called with all rows that were selected by id."""

    def _changed(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.chosen, self.everything = [], False

    @rx.event
    async def check(self, row_id: int, on: bool) -> None:
        """The checkbox of one row."""
        await self.require(self.spec.may)
        before = [row.id for row in self.rows] if self.everything else self.chosen
        rest = [one for one in before if one != row_id]
        self.chosen, self.everything = [*rest, row_id] if on else rest, False

    @rx.event
    async def check_page(self, on: bool) -> None:
        """The checkbox in the head."""
        await self.require(self.spec.may)
        here = [row.id for row in self.rows]
        self.chosen = [*(one for one in self.chosen if one not in here), *(here if on else [])]
        self.everything = False

    @rx.event
    async def check_all(self) -> None:
        """Select every row of the question."""
        actor = await self.require(self.spec.may)
        if not self.names_up_to:
            self.everything = True
            return
        rows = await self._read_all_rows(actor)
        self._named(rows)
        self.chosen, self.everything = [row.id for row in rows], False

    @rx.event
    async def uncheck(self) -> None:
        """Clear the selection."""
        await self.require(self.spec.may)
        self._forget()
