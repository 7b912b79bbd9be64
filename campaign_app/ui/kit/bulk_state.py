"""Actions on the selected rows of a list, with a result for each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import reflex as rx
from reflex_base.event import Event

from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit.bulk import ItemResult
from campaign_app.ui.app_state import notify_error, notify_success
from campaign_app.ui.kit.list_query import ListQuery
from campaign_app.ui.kit.selection_state import Selection

_MOST_TOASTS: Final = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """The target of an action: rows by id, or all rows of `query`. `value` is the value entered in its dialog."""

    ids: Sequence[int]
    query: ListQuery | None = None
    value: str = ""


Outcome = Sequence[ItemResult] | int | Event
Act = Callable[[Any, Actor, Chosen], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action on selected rows. It returns a result per item, the number of changed items, or an event (a download).

    `possible` names a bool of a row. If a selected row lacks it, the action is disabled, and `why_not` gives the
    reason.
    """

    label: str
    icon: str
    may: str
    act: Act
    done: str = ""  # "paused": "Spring offer paused", "3 campaigns paused"; {value} is the value entered in the dialog
    possible: str = ""
    why_not: str = ""
    asks: bool = False
    in_bar: bool = True


class BulkState(Selection, mixin=True):
    """A list with actions on its rows: on the selected ones, or on one from its menu."""

    actions: ClassVar[Mapping[str, BulkAction]] = {}
    asked_action: str = ""
    asked_in: int = 0  # the page visit in which it was asked
    asked_words: str = ""  # "“Spring offer”", "3 campaigns"
    value: str = ""
    working: bool = False
    _asked_ids: list[int] | None = None  # None: the selected rows
    _impossible: dict[int, list[str]] = {}

    @rx.var
    def why_not(self) -> dict[str, str]:
        """By action: why it is disabled; "" when it is possible for every selected row."""
        chosen = set(self.chosen)
        stopped = {name for one, names in self._impossible.items() if one in chosen for name in names}
        return {name: action.why_not if name in stopped else "" for name, action in self.actions.items()}

    async def _shown(self) -> None:
        self._remember(self.rows)

    def _named(self, rows: Sequence[Any]) -> None:
        self._remember(rows)

    def _remember(self, rows: Sequence[Any]) -> None:
        """Record which actions each row does not allow."""
        limits = {name: one.possible for name, one in self.actions.items() if one.possible}
        found = {row.id: [name for name, able in limits.items() if not getattr(row, able)] for row in rows}
        self._impossible = {**self._impossible, **found}

    def _forget(self) -> None:
        super()._forget()
        self.asked_action, self._asked_ids, self.value, self._impossible = "", None, "", {}
        self._remember(self.rows)

    def _action(self, name: str) -> BulkAction:
        if name not in self.actions:
            raise Invalid("This list has no such act. Reload the page.", title="This step did not work")
        return self.actions[name]

    @rx.event
    async def ask(self, name: str, ids: list[int], subject: str) -> None:
        """Open the dialog of an action, for these rows or ([]) the selected ones."""
        await self.require(self._action(name).may)
        self.asked_action, self.asked_in, self._asked_ids, self.value = name, self.visit, ids or None, ""
        count = self.spec.number(len(ids or self.chosen))
        all_words = f"all {self.total_text}" if self.everything and not ids else count
        self.asked_words = f"“{subject}”" if subject else all_words

    @rx.event
    async def set_value(self, value: str) -> None:
        """The value entered in the action's dialog."""
        await self.require(self.spec.may)
        self.value = value

    @rx.event
    async def show_question(self, opened: bool) -> None:
        """The dialog was closed."""
        await self.require(self.spec.may)
        self.asked_action = self.asked_action if opened else ""

    @rx.event
    async def answer(self) -> Any:
        """Run the action of the dialog. A second click finds the dialog closed."""
        name, ids = self.asked_action, self._asked_ids
        await self.require(self._action(name).may if name else self.spec.may)
        if not name or self.asked_in != self.visit:
            return
        self.working = True
        yield
        try:
            followed = await self._carry_out(name, ids)
        finally:
            self.working = False
        self.asked_action = ""
        yield followed

    @rx.event
    async def run(self, name: str, ids: list[int]) -> Any:
        """Run an action without a dialog, for these rows or ([]) the selected ones."""
        action = self._action(name)
        await self.require(action.may)
        if action.asks:
            raise Invalid("This act is asked about first.", title="This step did not work")
        return await self._carry_out(name, ids or None)

    async def _carry_out(self, name: str, ids: list[int] | None) -> list[Any]:
        action = self._action(name)
        actor = await self.require(action.may)
        query = self._asked if self.everything and ids is None else None
        chosen = Chosen(self.chosen if ids is None else ids, query, self.value.strip())
        if not chosen.ids and query is None:
            return []
        outcome = await action.act(self, actor, chosen)
        if isinstance(outcome, Event):
            return [outcome]
        self._forget()
        await self._read_all(actor)
        return self._told(action.done.format(value=chosen.value), outcome)

    def _told(self, done: str, outcome: Sequence[ItemResult] | int) -> list[Any]:
        """The message for the person: one line for what was done, and the reason for each item that was not changed."""
        if isinstance(outcome, int):
            return [notify_success(f"{self.spec.number(outcome)} {done}")]
        good, bad = [one for one in outcome if one.ok], [one for one in outcome if not one.ok]
        what = good[0].name if len(good) == 1 else self.spec.number(len(good))
        said = [notify_success(f"{what} {done}")] if good else []
        said += [notify_error(f"{one.name} was not changed", one.message) for one in bad[:_MOST_TOASTS]]
        rest = len(bad) - _MOST_TOASTS
        return [*said, notify_error(f"{self.spec.number(rest)} more not changed")] if rest > 0 else said
