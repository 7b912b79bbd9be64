"""What a form keeps, and how it is saved: errors at their fields, a second click, somebody else's save in between."""

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
    """One field of a form. `name` is the one that the room's errors use; `more` are attributes of its control.

    Secrets (`password`, `code`, `secret_area`) go straight to the service and are kept in no var.
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
    """What a form asks for and who may save it ("" = who is signed in). Ids in the page begin with `prefix`."""

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
    """A form whose texts stay in the browser until it is saved.

    Subclasses declare `form`, store with `_save` and say with `_saved` what follows. `values` are what the fields begin
    with; a new `revision` draws them again, without what was typed.
    """

    form: ClassVar[Form]
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    form_error: str = ""  # what is wrong beyond the fields
    conflict: str = ""  # who saved in between, and what to do
    conflict_title: str = ""
    saving: bool = False
    revision: int = 0
    ticket: int = 1  # a form that was saved is not saved again: the second click brings the old one
    _filled_in: int = 0  # the visit in which the fields were filled

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> Any:
        """Store what was given, in the form's transaction. `given`: a text a field, a bool a switch."""
        raise NotImplementedError

    async def _saved(self, actor: Actor, saved: Any) -> Any:  # noqa: ARG002
        """Events that follow a save, after its transaction."""
        return None

    def _fill(self, **values: str) -> None:
        """Begin the form with these values, nothing wrong. It is drawn again only for other ones: somebody may type."""
        if values != dict(self.values):
            self.revision += 1
        self.values, self._filled_in = values, self.visit
        self._forget_errors()

    def _is_filled(self) -> bool:
        """Whether the fields were filled in this visit, so that a page that loads again leaves them as they are."""
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
        """Whether what was sent is to be saved: not when it was saved already."""
        return str(form.get(TICKET, self.ticket)) == str(self.ticket)

    def _stored(self) -> None:
        """The form is saved; a dialog closes here."""

    def _refused(self) -> Any:
        """Events that follow when it was not saved."""
        return None

    def _refuse(self, error: Invalid) -> None:
        names = {field.name for field in self.form.fields()}
        self.errors = {name: words for name, words in error.fields.items() if name in names}
        if not self.errors:
            self.form_error = error.message

    def _given(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """What the browser sent, by field; texts that are no secret are kept, should the form be drawn again."""
        given: dict[str, Any] = {}
        for field in self.form.fields():
            value = self._sent(field, form)
            given[field.name] = value == ON if field.kind == "switch" else value
            if field.kind not in SECRET:
                self.values[field.name] = value
        return given

    def _sent(self, field: Field, form: Mapping[str, Any]) -> str:
        """The field as it was sent. One that was not sent is as it was; a browser sends no switch that is off."""
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
        """The values to begin with; may set `subject`."""
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
    """The room's model of what a form gave.

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
