"""The account's form, made from the fields that its provider's adapter declares."""

from typing import Any

import reflex as rx

from campaign_app.channels import registry
from campaign_app.channels.base import ChannelAdapter
from campaign_app.channels.fields import Field, Group, Kind
from campaign_app.ui import components as c
from campaign_app.ui.accounts import account_state as choices
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.accounts.check_state import AccountCheck
from campaign_app.ui.kit.forms import form_callouts
from campaign_app.ui.kit.forms_state import TICKET
from campaign_app.ui.kit.vars import choose, contains, is_set

FORM = "account-form"


def _pair(*fields: rx.Component) -> rx.Component:
    return rx.el.div(*fields, class_name="b-form-row") if len(fields) > 1 else fields[0]


def text(name: str, label: str, *, hint: Any = "", optional: bool = False, **props: Any) -> rx.Component:
    """A one-line text that stays in the browser until the form is saved or tested."""
    error = AccountPage.errors.get(name, "")
    return c.form_field(
        label,
        c.text_input(name, default_value=AccountPage.values.get(name, ""), error=error, auto_complete="off", **props),
        name=name,
        error=error,
        hint=hint,
        optional=optional,
    )


def _secret(field: Field) -> rx.Component:
    kept = contains(AccountPage.stored_secrets, field.name)
    error = AccountPage.errors.get(field.name, "")
    return c.form_field(
        field.label,
        c.text_input(field.name, type="password", error=error, auto_complete="new-password"),
        name=field.name,
        error=error,
        hint=choose(kept, "Stored encrypted. Leave it empty to keep it", "Stored encrypted"),
        optional=field.optional,
    )


def _list_field(name: str, label: str, options: Any, value: Any, on_change: Any, hint: Any = "") -> rx.Component:
    select = c.select_input(name, options, value, on_change)
    return c.form_field(label, select, name=name, hint=hint)


def _choice(field: Field) -> rx.Component:
    options = [(choice.value, choice.label) for choice in field.choices]
    value = AccountPage.choices.get(field.name, field.choices[0].value)
    return _list_field(
        field.name,
        field.label,
        options,
        value,
        lambda chosen: AccountPage.choose(field.name, chosen),
        field.hint,
    )


def field_of(field: Field) -> rx.Component:
    """One declared field."""
    if field.kind is Kind.SECRET:
        return _secret(field)
    if field.kind is Kind.CHOICE:
        return _choice(field)
    props: dict[str, Any] = {"placeholder": field.placeholder} if field.placeholder else {}
    if field.kind is Kind.EMAIL:
        props["type"] = "email"
    if field.kind is Kind.NUMBER:
        props["input_mode"] = "numeric"
    return text(field.name, field.label, hint=field.hint, optional=field.optional, **props)


def _warnings(row: tuple[Field, ...]) -> list[rx.Component]:
    return [
        rx.cond(
            AccountPage.choices.get(field.name, "") == choice.value,
            c.callout(choice.warning, "warning"),
            rx.fragment(),
        )
        for field in row
        for choice in field.choices
        if choice.warning
    ]


def _rows(group: Group) -> list[rx.Component]:
    return [part for row in group.rows for part in (_pair(*map(field_of, row)), *_warnings(row))]


def _presets(adapter: ChannelAdapter) -> list[rx.Component]:
    if not adapter.form.presets:
        return []
    hint = choose(is_set(AccountPage.preset_hint), AccountPage.preset_hint, "Fills the server in for you")
    options = choices.preset_choices(adapter.provider)
    select = _list_field("preset", "Provider", options, AccountPage.preset, AccountPage.choose_preset, hint)
    return [rx.cond(AccountPage.is_new, select, rx.fragment())]


def _of_provider(adapter: ChannelAdapter) -> rx.Component:
    first, *others = adapter.form.groups
    return c.stack(
        c.card(c.stack(*_presets(adapter), *_rows(first)), title=first.title),
        *(c.card(c.stack(*_rows(group)), title=group.title) for group in others),
    )


def _account() -> rx.Component:
    options = choices.provider_choices()
    kind = _list_field("provider", "Sends by", options, AccountPage.provider, AccountPage.choose_provider)
    return c.card(
        c.stack(
            *([rx.cond(AccountPage.is_new, kind, rx.fragment())] if len(options) > 1 else []),
            text("name", "Account name", hint="For your team only", max_length=255),
            c.switch("Campaigns may use this account", AccountPage.active, AccountPage.set_active),
        ),
        title="Account",
    )


def _limits() -> rx.Component:
    none = "Empty: no limit"
    return c.card(
        _pair(
            text("limit_per_minute", "Messages per minute", optional=True, hint=none, input_mode="numeric"),
            text("limit_per_day", "Messages per day", optional=True, hint=f"Days in UTC. {none}", input_mode="numeric"),
        ),
        title="Limits",
    )


def account_form() -> rx.Component:
    """The common fields, with the chosen provider's fields between them."""
    known = [(adapter.provider, _of_provider(adapter)) for adapter in registry.adapters()]
    return rx.form(
        form_callouts(AccountPage, reload=AccountPage.load_saved),
        c.stack(_account(), rx.match(AccountPage.provider, *known, rx.fragment()), _limits()),
        rx.el.input(type="hidden", name="act", default_value="save"),
        rx.el.input(type="hidden", name=TICKET, value=AccountPage.ticket, read_only=True),
        id=FORM,
        on_submit=[AccountPage.submit, AccountCheck.test_form],
        key=AccountPage.form_key,
        reset_on_submit=False,
        custom_attrs={"noValidate": True},
    )
