"""The common state of dialogs: whether it is open, its subject, whether its action is running."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.ui.app_state import AppState


class Dialog(AppState, mixin=True):
    """Open within one visit of a page. It closes when another page opens, and stays open when the socket reconnects."""

    shown_in: int = 0  # the visit in which it was opened; 0 = closed
    key: str = ""  # the id of its object; "" for a new one
    subject: str = ""  # the object's name, for titles

    def _open(self, key: int | str = "", subject: str = "") -> None:
        self.shown_in, self.key, self.subject = self.visit, str(key or ""), subject

    def _close(self) -> None:
        self.shown_in = 0

    def _is_open(self) -> bool:
        return self.shown_in == self.visit

    @rx.event
    async def close(self, opened: bool = False) -> None:
        """Closed by its button, Esc or a click beside it."""
        await self.require()
        if not opened:
            self._close()


@dataclass(frozen=True, slots=True)
class Question:
    """An action that needs confirmation.

    `act` runs it in its own transaction and returns the events that follow. `prepare` runs before the question is
    shown and may set vars for its text. Events that it returns are sent instead of the question.
    """

    may: str
    act: Callable[[Any, Actor], Awaitable[Any]]
    prepare: Callable[[Any, Actor], Awaitable[Any]] | None = None


class Questions(Dialog, mixin=True):
    """The questions of a page; one is open at a time."""

    questions: ClassVar[Mapping[str, Question]] = {}
    asked: str = ""
    answering: bool = False

    @rx.event
    async def ask(self, what: str, key: int | str, subject: str) -> Any:
        """Open one of the questions."""
        question = self._question(what)
        actor = await self.require(question.may if question else "")
        if question is None:
            raise Invalid("There is no such question.", title="This step did not work")
        self._ask(what, key, subject)
        if question.prepare and (instead := await question.prepare(self, actor)):
            self._close()
            return instead
        return None

    @rx.event
    async def answer(self, what: str) -> Any:
        """Run the action of the open question. A second click finds it closed."""
        question = self._question(what)
        actor = await self.require(question.may if question else "")
        if question is None or self.asked != what or not self._is_open():
            return
        self.answering = True
        yield
        try:
            followed = await question.act(self, actor)
        finally:
            self.answering = False
            self._close()
        yield followed

    def _ask(self, what: str, key: int | str = "", subject: str = "") -> None:
        """Open a question from a handler."""
        self._open(key, subject)
        self.asked = what

    def _question(self, what: str) -> Question | None:
        return self.questions.get(what)
