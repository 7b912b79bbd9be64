"""One template in its editor. It is saved by a button: a template in use must not change with every key."""

from typing import Any

import reflex as rx

from campaign_app.audience import service as audience
from campaign_app.campaigns import previews, templates_service
from campaign_app.campaigns.errors import SavedByAnother
from campaign_app.campaigns.schemas import MessageFields
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid, NotFound
from campaign_app.kit import ids
from campaign_app.models.template import Editor, Template
from campaign_app.rendering.templating import context_for
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.components.editors import VariableChoice, switching
from campaign_app.ui.components.editors.variables import choices

_TEXTS = ("name", "category", "description", "subject", "preheader", "html", "text")


class TemplateFields(AppState):
    """The fields as they stand in the browser, and how they look; `revision` grows when the server replaces them."""

    name: str = ""
    category: str = ""
    description: str = ""
    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    editor: str = Editor.TEXT.value
    built_in: bool = False
    revision: int = 0
    ready: bool = False
    changed: bool = False
    saving: bool = False
    errors: dict[str, str] = {}
    conflict: str = ""
    conflict_title: str = ""
    variables: list[VariableChoice] = []
    known_categories: list[str] = []
    losses: list[str] = []
    switch_open: bool = False
    width: str = "desktop"
    mode: str = "write"
    rendered_subject: str = ""
    rendered_html: str = ""
    problem: str = ""
    rendering: bool = False

    @rx.event
    async def refresh(self) -> Any:
        """Renders what is written now."""
        actor = await self.require("templates:read")
        self.rendering = True
        yield
        await self._render(actor)

    async def _render(self, actor: Actor) -> None:
        fields = MessageFields(**{name: getattr(self, name) for name in MessageFields.model_fields})
        try:
            async with db.reading() as session:
                shown = await previews.preview(session, actor, fields)
        finally:
            self.rendering = False
        self.problem = shown.problem
        if not shown.problem:
            self.rendered_subject, self.rendered_html = shown.subject, shown.html

    @rx.event
    async def show_width(self, width: str | list[str]) -> None:
        """Desktop or phone."""
        await self.require("templates:read")
        self.width = "phone" if width == "phone" else "desktop"

    @rx.event
    async def show_mode(self, mode: str | list[str]) -> None:
        """Write or preview, where both do not fit."""
        await self.require("templates:read")
        self.mode = "preview" if mode == "preview" else "write"


class TemplateEdit(TemplateFields):
    """Loading, writing, saving."""

    _id: int = 0
    _version: int = 0

    @rx.event
    async def load(self) -> Any:
        """Reads the template of the address; "new" begins an empty one."""
        actor = await self.require("templates:read")
        address = str(self.template_id)
        if address == "new":
            actor.require("templates:write")
        elif ids.number(address) is None:
            raise NotFound("This template does not exist any more.", title="No such template")
        async with db.reading() as session:
            found = Template(name="") if address == "new" else await templates_service.get(session, actor, int(address))
            labels = {row.key: row.label for row in await audience.attributes(session, actor)}
            self.known_categories = [name for name, _ in await templates_service.categories(session, actor) if name]
        self.variables = choices(labels, context_for(previews.EXAMPLE))
        self._take(found)
        await self._render(actor)

    def _take(self, found: Template) -> None:
        self._id, self._version = int(found.id or 0), found.version
        self.name, self.category, self.description = found.name, found.category, found.description
        self.subject, self.preheader, self.html, self.text = found.subject, found.preheader, found.html, found.text
        self.editor, self.built_in = Editor(found.editor).value, found.built_in
        self.errors, self.conflict, self.changed = {}, "", False
        self.revision += 1
        self.ready = True

    @rx.event
    async def type_field(self, field: str, value: str) -> None:
        """A field of the form changed."""
        await self.require("templates:write")
        if field in _TEXTS and getattr(self, field) != value:
            setattr(self, field, value)
            self.changed = True
            self.errors = {name: words for name, words in self.errors.items() if name != field}

    @rx.event
    async def switch_editor(self, editor: str | list[str]) -> Any:
        """To the other editor; asks first when something would be lost."""
        await self.require("templates:write")
        if editor == self.editor or editor not in list(Editor):
            return None
        if editor == Editor.HTML:
            return self._replace(switching.to_source(self.html), Editor.HTML)
        simple, self.losses = switching.to_simple(self.html)
        if self.losses:
            self.switch_open = True
            return None
        return self._replace(simple, Editor.TEXT)

    @rx.event
    async def confirm_switch(self) -> Any:
        """Goes to the simple editor although something is lost; nothing is saved yet."""
        await self.require("templates:write")
        return self._replace(switching.to_simple(self.html)[0], Editor.TEXT)

    def _replace(self, html: str, editor: Editor) -> Any:
        self.html, self.editor, self.changed, self.switch_open = html, editor.value, True, False
        self.revision += 1
        return TemplateFields.refresh

    @rx.event
    async def show_switch(self, is_open: bool) -> None:
        """The question before losing something."""
        await self.require("templates:write")
        self.switch_open = is_open

    @rx.event
    async def save(self) -> Any:
        """Stores it; a new one gets its address."""
        return await self._save(as_copy=False)

    @rx.event
    async def keep_as_copy(self) -> Any:
        """Stores what is here as a template of its own; the other person's stays."""
        return await self._save(as_copy=True)

    @rx.event
    async def duplicate(self) -> Any:
        """An editable copy of what is stored, opened."""
        actor = await self.require("templates:write")
        async with db.transaction() as session:
            copy = await templates_service.duplicate(session, actor, self._id)
        return [browser.redirect(routes.template(copy.id)), notify_success(f"{copy.name} is yours to change")]

    async def _save(self, *, as_copy: bool) -> Any:
        actor = await self.require("templates:write")
        fields = {name: getattr(self, name) for name in (*_TEXTS, "editor")}
        if as_copy:
            fields["name"] = f"{self.name[:240]} (my copy)"
        async with self.busy("saving"):
            try:
                async with db.transaction() as session:
                    if self._id and not as_copy:
                        saved = await templates_service.update(session, actor, self._id, self._version, fields)
                    else:
                        saved = await templates_service.create(session, actor, fields)
            except SavedByAnother as error:
                self.conflict_title, self.conflict = error.title, error.message
                return None
            except Invalid as error:
                self.errors = error.fields
                return None
        told = notify_success(f"{saved.name} saved")
        if saved.id != self._id:
            return [browser.redirect(routes.template(saved.id)), told]
        self._version, self.changed, self.conflict = saved.version, False, ""
        return told
