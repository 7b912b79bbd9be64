"""Third step: subject, preview text and the message, in either editor on the same HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from campaign_app.campaigns import templates_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.models.template import Editor, Template
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.campaign_builder.state import OPENERS, Builder
from campaign_app.ui.components.editors import switching
from campaign_app.ui.kit.dialogs_state import Dialog, Question, Questions
from campaign_app.ui.templates.thumbnails import thumbnails

_TEXTS = ("subject", "preheader", "html", "text", "editor")


@dataclass
class TemplateCard:
    """A template in the picker."""

    id: int
    name: str
    category: str
    thumbnail: str


class BuilderContent(Builder):
    """An editor's `on_change` only stores the text. `text_revision` increases when the server replaces the text."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    plain: str = ""
    editor: str = Editor.TEXT.value
    text_revision: int = 0
    losses: list[str] = []
    mode: str = "write"
    _before: dict[str, Any] = {}

    @rx.event
    async def open_step(self) -> Any:
        """Fill the screen. Editors appear when the variables are known, because chips show their labels."""
        await self.require("campaigns:write")
        self._show()
        self.mode = "write"
        return OPENERS["preview"]

    def _show(self) -> None:
        self.subject, self.preheader = self._mine["subject"], self._mine["preheader"]
        self.html, self.plain = self._mine["html"], self._mine["text"]
        self.editor = Editor(self._mine["editor"]).value
        self.text_revision += 1

    @rx.event
    async def set_subject(self, subject: str) -> None:
        await self.require("campaigns:write")
        self.subject = subject
        await self._save(subject=subject)

    @rx.event
    async def set_preheader(self, preheader: str) -> None:
        """The text that the inbox shows after the subject."""
        await self.require("campaigns:write")
        self.preheader = preheader
        await self._save(preheader=preheader)

    @rx.event
    async def set_html(self, html: str) -> None:
        await self.require("campaigns:write")
        self.html = html
        await self._save(html=html)

    @rx.event
    async def set_plain(self, plain: str) -> None:
        """A separate plain-text version; empty: made from the HTML."""
        await self.require("campaigns:write")
        self.plain = plain
        await self._save(text=plain)

    @rx.event
    async def show_mode(self, mode: str | list[str]) -> None:
        """Write or preview, where both do not fit."""
        await self.require("campaigns:write")
        self.mode = "preview" if mode == "preview" else "write"

    @rx.event
    async def switch_editor(self, editor: str | list[str]) -> Any:
        """Switch to the other editor. Asks first when something would be lost."""
        await self.require("campaigns:write")
        if editor == self.editor or editor not in list(Editor):
            return None
        if editor == Editor.HTML:
            return await self._replace(html=switching.to_source(self.html), editor=Editor.HTML)
        simple, self.losses = switching.to_simple(self.html)
        if self.losses:
            (await self.get_state(BuilderQuestions))._ask("switch")
            return None
        return await self._replace(html=simple, editor=Editor.TEXT)

    @rx.event
    async def use_template(self, template_id: int) -> Any:
        """Take subject, preview text and message from a template. Undo restores the previous ones."""
        actor = await self.require("campaigns:write")
        async with db.reading() as session:
            found = await templates_service.get(session, actor, template_id)
        (await self.get_state(TemplatePicker))._close()
        refresh = await self._replace(
            subject=found.subject or self.subject,
            preheader=found.preheader or self.preheader,
            html=found.html,
            text=found.text,
            editor=found.editor,
        )
        return [refresh, notify_success(f"{found.name} is in your message", undo=BuilderContent.put_back)]

    @rx.event
    async def put_back(self) -> Any:
        """Undo the last switch or template."""
        await self.require("campaigns:write")
        return await self._replace(**self._before) if self._before else None

    async def _replace(self, **texts: Any) -> Any:
        self._before = {field: self._mine[field] for field in _TEXTS}
        await self._save(**texts)
        self._show()
        return OPENERS["preview"]


class TemplatePicker(Dialog, AppState):
    """The template library, shown over the page."""

    loading: bool = False
    templates: list[TemplateCard] = []

    @rx.event
    async def show(self) -> Any:
        """Read the templates and open it."""
        actor = await self.require("templates:read")
        self._open()
        async with self.busy():
            yield
            async with db.reading() as session:
                rows = await templates_service.list_templates(session, actor)
                pictures = await thumbnails(session, actor, rows)
            self.templates = [_card(row, pictures) for row in rows]


def _card(row: Template, pictures: Mapping[int, str]) -> TemplateCard:
    number = int(row.id or 0)
    return TemplateCard(number, row.name, row.category, pictures[number])


class BuilderQuestions(Questions, AppState):
    """Switches to the simple editor although something is lost. The toast offers Undo."""

    async def _switch(self, actor: Actor) -> Any:  # noqa: ARG002
        page = await self.get_state(BuilderContent)
        if not page._mine:
            return None  # no campaign is open
        simple, _ = switching.to_simple(page.html)
        refresh = await page._replace(html=simple, editor=Editor.TEXT)
        return [refresh, notify_success("Now in the simple editor", undo=BuilderContent.put_back)]

    questions: ClassVar = {"switch": Question("campaigns:write", _switch)}


OPENERS["content email"] = BuilderContent.open_step
