"""The state of a form and its saving: field errors, double clicks, conflicts with another save."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeVar

import reflex as rx
from pydantic import BaseModel, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid, SavedMeanwhile
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.dialogs_state import Dialog

Kind = Literal["text", "email", "area", "secret_area", "password", "code", "select", "switch"]
Option = tuple[str, str]
SECRET: Final = frozenset({"password", "code", "secret_area"})
TICKET: Final = "ticket"
ON: Final = "on"
_OFF: Final = frozenset({"", "false", "off", "0", "none"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. The room's errors use the same `name`. `more` are attributes of its control.

    Secrets (`password`, `code`, `secret_area`) go directly to the service and are kept in no var.
    """

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    optional: bool = False
    options: tuple[Option, ...] = ()
    more: Mapping[str, Any] | None = None


Row = Field | tuple[Field, Field]


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form and the permission to save it ("" = all signed-in people). Ids in the page start with
    `prefix`.
    """

    prefix: str
    may: str
    rows: tuple[Row, ...]

    def fields(self) -> Iterator[Field]:
        """Every field, in order."""
        for row in self.rows:
            yield from row if isinstance(row, tuple) else (row,)

    def field(self, name: str) -> Field:
        """One of the fields."""
        return next(field for field in self.fields() if field.name == name)

    def id_of(self, name: str) -> str:
        """The id and the form name of a field's control."""
        return f"{self.prefix}-{name.replace('_', '-')}" if self.prefix else name


class FormState(AppState, mixin=True):
    """A form whose text stays in the browser until it is saved.

    Subclasses declare `form`, save with `_save`, and return the following events from `_saved`. `values` are the
    initial values. A new `revision` draws the fields again, without unsaved input.
    """

    form: ClassVar[Form]
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    form_error: str = ""  # errors that belong to no field
    conflict: str = ""  # who saved meanwhile, and what to do
    conflict_title: str = ""
    saving: bool = False
    revision: int = 0
    ticket: int = 1  # changes with every save: a second click sends the old one and is ignored
    _filled_in: int = 0  # the page visit in which the fields were filled

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> Any:
        """Save the values, in the form's transaction. `given`: a text per field, a bool per switch."""
        raise NotImplementedError

    async def _saved(self, actor: Actor, saved: Any) -> Any:  # noqa: ARG002
        """Events after a save, after its transaction."""
        return None

    def _fill(self, **values: str) -> None:
        """Set the initial values without errors. Only changed values draw the fields again: somebody may be typing."""
        if values != dict(self.values):
            self.revision += 1
        self.values, self._filled_in = values, self.visit
        self._forget_errors()

    def _is_filled(self) -> bool:
        """Whether the fields were filled in this visit, so that a page that loads again does not change them."""
        return self._filled_in == self.visit

    def _forget_errors(self) -> None:
        self.errors, self.form_error, self.conflict, self.conflict_title = {}, "", "", ""

    @rx.event
    async def submit(self, form: dict[str, Any]) -> Any:
        """Save the form."""
        actor = await self.require(self.form.may)
        if not self._takes_form(form):
            return
        async for step in self._submit(actor, self._given(form)):
            yield step

    async def _submit(self, actor: Actor, given: dict[str, Any]) -> AsyncIterator[Any]:
        self._forget_errors()
        self.saving = True
        yield None
        try:
            saved, is_stored = await self._store(actor, given)
        finally:
            self.saving = False
        if not is_stored:
            yield self._refused()
            return
        self.ticket += 1
        self._stored()
        yield await self._saved(actor, saved)

    async def _store(self, actor: Actor, given: dict[str, Any]) -> tuple[Any, bool]:
        try:
            async with db.transaction() as session:
                return await self._save(session, actor, given), True
        except SavedMeanwhile as error:
            self.conflict_title, self.conflict = error.title or "Somebody else saved in between", error.message
        except Invalid as error:
            self._refuse(error)
        return None, False

    def _takes_form(self, form: Mapping[str, Any]) -> bool:
        """Whether the submitted form should be saved: not if it was already saved."""
        return str(form.get(TICKET, self.ticket)) == str(self.ticket)

    def _stored(self) -> None:
        """The form is saved. A dialog closes here."""

    def _refused(self) -> Any:
        """Events after a refused save."""
        return None

    def _refuse(self, error: Invalid) -> None:
        names = {field.name for field in self.form.fields()}
        self.errors = {name: words for name, words in error.fields.items() if name in names}
        if not self.errors:
            self.form_error = error.message

    def _given(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The submitted values by field. Values that are not secret are kept, in case the form is drawn again."""
        given: dict[str, Any] = {}
        for field in self.form.fields():
            value = self._sent(field, form)
            given[field.name] = value == ON if field.kind == "switch" else value
            if field.kind not in SECRET:
                self.values[field.name] = value
        return given

    def _sent(self, field: Field, form: Mapping[str, Any]) -> str:
        """The field as submitted. A missing field is unchanged, except a switch: browsers omit one that is off."""
        name = self.form.id_of(field.name)
        if name in form:
            sent = "" if form[name] is None else str(form[name])
            return switched(sent.lower() not in _OFF) if field.kind == "switch" else sent
        if field.kind in SECRET or (field.kind == "switch" and TICKET in form):
            return ""
        return self.values.get(field.name, "")


class FormDialog(FormState, Dialog, mixin=True):
    """A form over the page."""

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        """The initial values; may set `subject`."""
        return {}

    @rx.event
    async def open(self, key: int | str) -> None:
        """Open it for an object, or for a new one ("")."""
        actor = await self.require(self.form.may)
        self._open(key)
        try:
            self._fill(**await self._start(actor, self.key))
        except BaseException:
            self._close()
            raise

    def _stored(self) -> None:
        self._close()


M = TypeVar("M", bound=BaseModel)


def validated(schema: type[M], **values: Any) -> M:
    """The submitted values as the room's model.

    Raises:
        Invalid: a value does not fit; `fields` says which and why.
    """
    try:
        return schema(**values)
    except ValidationError as error:
        wrong = {str(one["loc"][0]): _words(one) for one in error.errors() if one["loc"]}
        raise Invalid("Nothing was saved. Check the marked fields.", wrong, title="Not saved") from None


def _words(error: Any) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "string_too_long":
            return f"At most {limits['max_length']:,} characters. Shorten it."
        case "string_too_short" | "missing":
            return "Fill this in."
        case "enum" | "literal_error":
            return "Choose one of the list."
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
    return "This value is not possible here."


def switched(on: bool) -> str:
    """A switch as one of a form's `values`."""
    return ON if on else ""
