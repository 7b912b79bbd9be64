"""The content step of a channel without its own editor: its declared fields, and the resulting message."""

from typing import Any

import reflex as rx

from campaign_app.channels.content import Channel
from campaign_app.channels.fields import Field
from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.fields_state import BuilderFields as State
from campaign_app.ui.campaign_builder.parts import error_of, step_head
from campaign_app.ui.campaign_builder.state import Builder


def fields_step(channel: Channel) -> rx.Component:
    """The form on the left, the message for one person on the right."""
    rows = [_field(field) for field in channel.content_form.fields]
    return rx.el.div(
        rx.el.div(step_head("What it says", "Variables stand in double braces."), *rows, class_name="bd-col"),
        rx.el.div(_preview(), class_name="bd-col"),
        class_name="bd-page b-grid-1-1",
    )


def _field(field: Field) -> rx.Component:
    def on_text(value: Any) -> Any:
        return State.change(field.name, value)

    area = c.text_area(
        field.name,
        default_value=State.values.get(field.name, ""),
        key=f"{field.name}-{Builder.revision}",
        on_blur=on_text,
        rows="8",
        placeholder=field.placeholder,
        error=error_of(field.name),
    )
    return c.form_field(
        field.label, area, name=field.name, error=error_of(field.name), hint=field.hint, optional=field.optional
    )


def _preview() -> rx.Component:
    shown = rx.el.pre(State.rendered, class_name="bd-plain", tab_index=0, aria_label="Message")
    return c.card(
        rx.cond(
            State.rendering_problem != "",
            c.callout(State.rendering_problem, "error", title="The message cannot be made"),
            shown,
        ),
        title=f"As {State.rendered_for} gets it",
    )
