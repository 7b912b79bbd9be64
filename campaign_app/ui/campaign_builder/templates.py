"""The template library, shown over the builder."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.content_state import BuilderContent, TemplatePicker
from campaign_app.ui.kit.dialogs import plain_dialog


def thumbnail(html: Any, name: Any) -> rx.Component:
    """A small picture of a template, in a frame that cannot run scripts."""
    frame = rx.el.iframe(
        src_doc=html,
        title=f"Picture of {name}",
        sandbox="",
        referrer_policy="no-referrer",
        loading="lazy",
        tab_index=-1,
        aria_hidden="true",
    )
    return rx.el.div(frame, class_name="tp-thumb")


def picker() -> rx.Component:
    """Choose a template. Undo restores the previous content."""

    def card(template: Any) -> rx.Component:
        words = rx.el.div(
            rx.el.div(template.name, class_name="b-strong"),
            rx.el.div(template.category, class_name="b-dense b-muted"),
            class_name="tp-words",
        )
        return rx.el.button(
            thumbnail(template.thumbnail, template.name),
            words,
            type="button",
            class_name="tp-card tp-pick",
            on_click=BuilderContent.use_template(template.id),
        )

    return plain_dialog(
        TemplatePicker,
        "Choose a template",
        rx.el.div(
            rx.cond(
                TemplatePicker.loading,
                c.skeleton_lines(6),
                rx.el.div(rx.foreach(TemplatePicker.templates, card), class_name="tp-grid"),
            ),
            class_name="tp-dialog",
        ),
        text="It replaces subject and message; Undo brings yours back.",
        foot=[
            c.text_link("Template library", routes.TEMPLATES),
            c.outline_button("Close", on_click=TemplatePicker.close(False)),
        ],
        width="860px",
    )
