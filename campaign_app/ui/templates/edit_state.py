"""One template in its editor. It is saved by a button, because a template in use must not change with every key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import service as audience
from campaign_app.campaigns import previews, templates_service
from campaign_app.channels.email.content import MessageFields
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import NotFound
from campaign_app.kit import ids
from campaign_app.models.template import Editor, Template
from campaign_app.rendering.templating import context_for
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.components.editors import VariableChoice, switching
from campaign_app.ui.components.editors.variables import choices
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormState

_SHOWN = ("name", "category", "description", "subject", "preheader", "html")
_TEXTS = (*_SHOWN, "text")


class TemplateFields(AppState):
    """The fields as they are in the browser, and their preview."""

    name: str = ""
    category: str = ""
    description: str = ""
    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    editor: str = Editor.TEXT.value
    built_in: bool = False
    ready: bool = False
    changed: bool = False
    variables: list[VariableChoice] = []
    known_categories: list[str] = []
    width: str = "desktop"
    mode: str = "write"
    rendered_subject: str = ""
    rendered_html: str = ""
    problem: str = ""
    rendering: bool = False

    @rx.event
    async def refresh(self) -> Any:
        """Render the current text."""
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


class TemplateEdit(FormState, TemplateFields):
    """Loading, editing, saving. Input is sent at once, because the preview shows it."""

    if TYPE_CHECKING:  # of the address
        template_id: str
    form: ClassVar[Form] = Form("", "templates:write", tuple(Field(name, name) for name in _SHOWN))
    _id: int = 0
    _version: int = 0

    @rx.event
    async def load(self) -> None:
        """Read the template in the address; "new" starts an empty one."""
        await self.require("templates:read")
        if not self._is_filled():
            await self._read()

    @rx.event
    async def load_saved(self) -> None:
        """Replace the editor's content with what somebody else has saved."""
        await self.require("templates:read")
        await self._read()

    async def _read(self) -> None:
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
        self._fill()
        self.revision += 1
        self.changed, self.ready = False, True

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
        """Switch to the other editor. Asks first when something would be lost."""
        await self.require("templates:write")
        if editor == self.editor or editor not in list(Editor):
            return None
        if editor == Editor.HTML:
            return self._replace(switching.to_source(self.html), Editor.HTML)
        simple, losses = switching.to_simple(self.html)
        if losses:
            (await self.get_state(EditorQuestions))._ask("switch", subject=", ".join(losses))
            return None
        return self._replace(simple, Editor.TEXT)

    def _replace(self, html: str, editor: Editor) -> Any:
        self.html, self.editor, self.changed = html, editor.value, True
        self.revision += 1
        return TemplateFields.refresh

    @rx.event
    async def keep_as_copy(self) -> Any:
        """Save the content as a new template. The other person's is unchanged."""
        actor = await self.require("templates:write")
        given = self._given({}) | {"name": f"{self.name[:240]} (my copy)"}
        async for step in self._submit(actor, {**given, "as_copy": True}):
            yield step

    @rx.event
    async def duplicate(self) -> Any:
        """Open an editable copy of the stored template."""
        actor = await self.require("templates:write")
        async with db.transaction() as session:
            copy = await templates_service.duplicate(session, actor, self._id)
        return [browser.redirect(routes.template(copy.id)), notify_success(f"{copy.name} is yours to change")]

    def _given(self, form: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {name: getattr(self, name) for name in (*_TEXTS, "editor")}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> Template:
        as_copy = given.pop("as_copy", False)
        if self._id and not as_copy:
            return await templates_service.update(session, actor, self._id, self._version, given)
        return await templates_service.create(session, actor, given)

    async def _saved(self, actor: Actor, saved: Template) -> Any:  # noqa: ARG002
        told = notify_success(f"{saved.name} saved")
        if saved.id != self._id:
            return [browser.redirect(routes.template(saved.id)), told]
        self._version, self.changed = saved.version, False
        return told


class EditorQuestions(Questions, AppState):
    """Switches to the simple editor although something is lost. Nothing is saved yet."""

    async def _switch(self, actor: Actor) -> Any:  # noqa: ARG002
        page = await self.get_state(TemplateEdit)
        return page._replace(switching.to_simple(page.html)[0], Editor.TEXT)

    questions: ClassVar = {"switch": Question("templates:write", _switch)}
