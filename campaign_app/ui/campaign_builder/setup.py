"""First step of the builder: name, account, sender."""

import reflex as rx

from campaign_app.channels import registry
from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.parts import error_of, own_input, step_head
from campaign_app.ui.campaign_builder.setup_state import BuilderSetup as State
from campaign_app.ui.campaign_builder.state import Builder
from campaign_app.ui.kit.vars import has_items


def setup_step() -> rx.Component:
    return rx.el.div(
        step_head("Who sends it", "The name is for your team; people see the sender and the subject."),
        c.form_field(
            "Campaign name",
            own_input("name", State.name, State.set_name, max_length=255, required=True),
            name="name",
            error=error_of("name"),
        ),
        rx.cond(has_items(State.accounts), _account(), _no_account()),
        rx.match(Builder.channel, *((name, _sender()) for name in _with_sender()), rx.fragment()),
        class_name="bd-narrow",
    )


def _with_sender() -> list[str]:
    """Channels whose campaigns may have their own sender."""
    return [channel.name for channel in registry.channels() if "from_name" in channel.content_model.model_fields]


def _sender() -> rx.Component:
    return rx.el.div(
        c.form_field(
            "Sender name",
            own_input("from_name", State.from_name, State.set_from_name, max_length=255),
            name="from_name",
            error=error_of("from_name"),
            hint=State.from_hint,
            optional=True,
        ),
        c.form_field(
            "Replies go to",
            own_input("reply_to", State.reply_to, State.set_reply_to, type="email", placeholder=State.account_address),
            name="reply_to",
            error=error_of("reply_to"),
            hint="Empty: to the sending account.",
            optional=True,
        ),
        class_name="bd-fields",
    )


def _account() -> rx.Component:
    return c.form_field(
        "Sending account",
        c.select_input(
            "account_id",
            State.accounts,
            State.account,
            State.choose_account,
            placeholder="Choose the account that sends",
            label="Sending account",
            error=error_of("account_id"),
            size="3",
        ),
        name="account_id",
        error=error_of("account_id"),
    )


def _no_account() -> rx.Component:
    return c.callout(
        "A campaign goes out through a sending account. An admin connects one once; until then you can go on writing.",
        "warning",
        title="No sending account yet",
        action=c.small_button("Sending accounts", href=routes.ACCOUNTS),
    )
