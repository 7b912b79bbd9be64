"""Third step of the builder: texts on the left, the message for one person on the right."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.content_state import BuilderContent as State
from campaign_app.ui.campaign_builder.content_state import BuilderQuestions, TemplatePicker
from campaign_app.ui.campaign_builder.parts import error_of
from campaign_app.ui.campaign_builder.preview import preview_pane
from campaign_app.ui.campaign_builder.preview_state import BuilderPreview
from campaign_app.ui.campaign_builder.templates import picker
from campaign_app.ui.components.editors.fields import editor_choice, line_field, message_field
from campaign_app.ui.kit.dialogs import question
from campaign_app.ui.kit.vars import joined


def content_step() -> rx.Component:
    """Two panes, or a switch where both do not fit."""
    return rx.fragment(
        rx.el.div(
            rx.segmented_control.root(
                rx.segmented_control.item("Write", value="write"),
                rx.segmented_control.item("Preview", value="preview"),
                value=State.mode,
                on_change=State.show_mode,
                aria_label="Write or preview",
            ),
            class_name="bd-modes",
        ),
        rx.el.div(_write(), preview_pane(), class_name="bd-split b-grow", data_mode=State.mode),
        picker(),
        _switch_question(),
    )


def _write() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            editor_choice(State.editor, State.switch_editor),
            c.small_button("Choose a template", "layout_template", TemplatePicker.show),
            class_name="b-between b-wrap",
        ),
        _line(
            "subject",
            "Subject",
            State.subject,
            State.set_subject,
            BuilderPreview.subject_count,
            BuilderPreview.subject_over,
        ),
        _line(
            "preheader",
            "Preview text",
            State.preheader,
            State.set_preheader,
            BuilderPreview.preheader_count,
            BuilderPreview.preheader_over,
        ),
        _message(),
        _plain(),
        class_name="bd-write",
        aria_label="Write",
    )


def _line(name: str, label: str, value: Any, on_text: Any, counter: Any, over: Any) -> rx.Component:
    return line_field(
        name,
        label,
        value,
        [on_text, BuilderPreview.refresh],
        revision=State.text_revision,
        variables=BuilderPreview.variables,
        error=error_of(name),
        counter=counter,
        over=over,
    )


def _message() -> rx.Component:
    return message_field(
        State.editor,
        State.html,
        [State.set_html, BuilderPreview.refresh],
        revision=State.text_revision,
        variables=BuilderPreview.variables,
        dark=State.dark,
        error=error_of("html"),
    )


def _plain() -> rx.Component:
    area = c.text_area(
        "text",
        default_value=State.plain,
        key=f"text-{State.text_revision}",
        on_change=State.set_plain.debounce(400),
        on_blur=[State.set_plain, BuilderPreview.refresh],
        rows="6",
        error=error_of("text"),
    )
    return rx.el.details(
        rx.el.summary("Plain-text version", class_name="b-link b-dense"),
        c.form_field(
            "Plain text", area, name="text", error=error_of("text"), hint="Empty: made from the message when sending."
        ),
        class_name="bd-col",
    )


def _switch_question() -> rx.Component:
    return question(
        BuilderQuestions,
        "switch",
        "Switch to the simple editor?",
        rx.fragment(
            "The simple editor cannot keep this part of the message: ",
            rx.el.b(joined(State.losses, ", ")),
            ". Text, links, pictures and variables stay.",
        ),
        act="Switch and lose it",
        cancel="Stay with HTML",
        danger=True,
    )
