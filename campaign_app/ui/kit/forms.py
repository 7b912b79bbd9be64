"""A form as components: fields with their errors, general errors, and conflicts with another save."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import reflex as rx

from campaign_app.ui.components.base import Content, Size, Text
from campaign_app.ui.components.buttons import small_button
from campaign_app.ui.components.empty import callout
from campaign_app.ui.components.forms import form_field, select_field, switch_field, text_area, text_input
from campaign_app.ui.kit.forms_state import ON, SECRET, TICKET, Field, FormState, Row
from campaign_app.ui.kit.vars import entry, is_set, same

Overrides = Mapping[str, Mapping[str, Any]]
"""By field: `hint`, `options`, what stands `below` it, or an attribute of its control that only the page knows."""

_TYPES = {"email": "email", "password": "password"}


def form_body(
    state: type[FormState],
    *,
    foot: Content | None = None,
    before: Content | None = None,
    after: Content | None = None,
    rows: Sequence[Content] | None = None,
    class_name: str = "b-form",
    size: Size = "2",
    overrides: Overrides | None = None,
    reload: Any = None,
    keep_copy: Any = None,
) -> rx.Component:
    """The form of `state`, or other `rows` of its fields.

    `reload` and `keep_copy` are offered when somebody else saved meanwhile.
    """
    return rx.form(
        rx.el.input(type="hidden", name=TICKET, value=state.ticket, read_only=True),
        form_callouts(state, reload, keep_copy),
        *([before] if before is not None else []),
        *(form_rows(state, size, overrides) if rows is None else rows),
        *([after] if after is not None else []),
        *([foot] if foot is not None else []),
        id=form_id(state),
        on_submit=state.submit,
        reset_on_submit=False,
        class_name=class_name,
        key=state.revision,
    )


def form_id(state: type[FormState]) -> str:
    """The id of the form, for a submit button outside it."""
    return f"{state.__name__}-form"


def form_rows(state: type[FormState], size: Size = "2", overrides: Overrides | None = None) -> list[rx.Component]:
    """The fields below each other; those of a pair are beside each other."""
    return [_row(state, row, size, overrides or {}) for row in state.form.rows]


def _row(state: type[FormState], row: Row, size: Size, overrides: Overrides) -> rx.Component:
    if isinstance(row, Field):
        return field_of(state, row, size, overrides.get(row.name, {}))
    pair = (field_of(state, field, size, overrides.get(field.name, {})) for field in row)
    return rx.el.div(*pair, class_name="b-form-pair")


def field_of(
    state: type[FormState], field: Field, size: Size = "2", more: Mapping[str, Any] = MappingProxyType({})
) -> rx.Component:
    """One field: label, control, hint or error."""
    error = entry(state.errors, field.name)
    name = state.form.id_of(field.name)
    given = {**(field.more or {}), **more}
    hint, below = given.pop("hint", field.hint), given.pop("below", None)
    made: rx.Component
    if field.kind == "switch":
        on = same(entry(state.values, field.name), ON)
        wrong = rx.cond(is_set(error), callout(error, "error"), rx.fragment())
        made = rx.fragment(switch_field(name, field.label, on, hint=hint, **given), wrong)
    else:
        control = _control(state, field, name, error, size, given)
        made = form_field(field.label, control, name=name, error=error, hint=hint, optional=field.optional)
    return made if below is None else rx.fragment(made, below)


def _control(
    state: type[FormState], field: Field, name: str, error: Text, size: Size, given: dict[str, Any]
) -> rx.Component:
    value = entry(state.values, field.name)
    if field.kind == "select":
        options = given.pop("options", list(field.options))
        return select_field(name, options, value, error=error, size=size, **given)
    if field.kind not in SECRET:
        given["default_value"] = value
    if field.kind in {"area", "secret_area"}:
        return text_area(name, error=error, size=size, **given)
    if field.kind in _TYPES:
        given["type"] = _TYPES[field.kind]
    return text_input(name, error=error, size=size, **given)


def form_callouts(state: type[FormState], reload: Any = None, keep_copy: Any = None) -> rx.Component:
    """A conflict with another save and its solutions; general errors."""
    acts = []
    if reload is not None:
        acts.append(small_button("Load the saved version", on_click=reload))
    if keep_copy is not None:
        acts.append(small_button("Keep mine as a copy", on_click=keep_copy, busy=state.saving))
    action = rx.el.div(*acts, class_name="b-row b-wrap") if acts else None
    conflict = callout(state.conflict, "error", title=state.conflict_title, action=action)
    return rx.fragment(
        rx.cond(is_set(state.conflict), conflict, rx.fragment()),
        rx.cond(is_set(state.form_error), callout(state.form_error, "error"), rx.fragment()),
    )
