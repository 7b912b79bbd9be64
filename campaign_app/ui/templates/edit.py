"""One template: fields on the left, preview for a sample person on the right."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.components.editors.fields import editor_choice, line_field, message_field
from campaign_app.ui.kit.dialogs import question
from campaign_app.ui.kit.forms import form_callouts
from campaign_app.ui.kit.forms_state import TICKET
from campaign_app.ui.kit.vars import choose, entry, is_set
from campaign_app.ui.layout import page
from campaign_app.ui.templates.edit_state import EditorQuestions
from campaign_app.ui.templates.edit_state import TemplateEdit as State


@page(routes.TEMPLATE, title="Template", on_load=State.load, may="templates:read", variant="window")
def template() -> list[rx.Component]:
    """Bar, two panes, foot with Save."""
    sent = State.submit({TICKET: State.ticket})
    save = c.primary_button("Save template", on_click=sent, busy=State.saving)
    loading = rx.el.div(c.skeleton_card(6), class_name="bd-narrow", aria_busy="true")
    return [
        c.builder_bar(
            choose(is_set(State.name), State.name, "New template"),
            choose(State.changed, "Not saved yet", ""),
            rx.fragment(),
            phone_step="",
            close_href=routes.TEMPLATES,
        ),
        rx.cond(is_set(State.conflict) | is_set(State.form_error), _told(), rx.fragment()),
        rx.cond(State.built_in, rx.el.div(_built_in(), class_name="bd-conflict"), rx.fragment()),
        rx.el.div(rx.cond(State.ready, _panes(), loading), class_name="bd-body"),
        c.builder_foot(
            c.ghost_button("Close", href=routes.TEMPLATES),
            rx.cond(State.built_in, rx.fragment(), c.if_allowed("templates:write", save)),
        ),
        _switch_question(),
    ]


def _told() -> rx.Component:
    told = form_callouts(State, reload=State.load_saved, keep_copy=State.keep_as_copy)
    return rx.el.div(told, class_name="bd-conflict")


def _built_in() -> rx.Component:
    return c.callout(
        "It comes with Beacon and stays as it is. Duplicate it and change the copy.",
        title="Built-in template",
        action=c.if_allowed("templates:write", c.small_button("Duplicate", "copy", State.duplicate)),
    )


def _panes() -> rx.Component:
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
        rx.el.div(_write(), _preview(), class_name="bd-split b-grow", data_mode=State.mode),
    )


def _input(field: str, label: str, value: Any, **more: Any) -> rx.Component:
    box = c.text_input(
        field,
        default_value=value,
        key=f"{field}-{State.revision}",
        on_change=lambda text: State.type_field(field, text).debounce(300),
        on_blur=lambda text: State.type_field(field, text),
        error=entry(State.errors, field),
        size="3",
        **more,
    )
    return c.form_field(label, box, name=field, error=entry(State.errors, field))


def _write() -> rx.Component:
    def shared(field: str) -> dict[str, Any]:
        return {"error": entry(State.errors, field), "revision": State.revision, "variables": State.variables}

    def texts(field: str) -> list[Any]:
        return [lambda text: State.type_field(field, text), State.refresh]

    return rx.el.section(
        rx.el.div(
            _input("name", "Template name", State.name, max_length=255),
            _input("category", "Category", State.category, max_length=64, list="template-categories"),
            class_name="bd-fields",
        ),
        rx.el.datalist(
            rx.foreach(State.known_categories, lambda name: rx.el.option(value=name)), id="template-categories"
        ),
        _input("description", "Description", State.description, max_length=500),
        line_field("subject", "Subject", State.subject, texts("subject"), **shared("subject")),
        line_field(
            "preheader",
            "Preview text",
            State.preheader,
            texts("preheader"),
            **shared("preheader"),
        ),
        rx.el.div(editor_choice(State.editor, State.switch_editor)),
        message_field(State.editor, State.html, texts("html"), dark=State.dark, **shared("html")),
        class_name="bd-write",
        aria_label="Write",
    )


def _preview() -> rx.Component:
    widths = rx.segmented_control.root(
        rx.segmented_control.item("Desktop", value="desktop"),
        rx.segmented_control.item("Phone", value="phone"),
        value=State.width,
        on_change=State.show_width,
        aria_label="Preview as",
    )
    problem = c.callout(State.problem, "error", title="The message cannot be made")
    return rx.el.section(
        rx.el.div(
            rx.el.span("For an example person", class_name="b-dense b-muted"), widths, class_name="bd-preview-top"
        ),
        rx.cond(is_set(State.problem), problem, rx.fragment()),
        rx.el.div(
            c.preview_frame(
                State.rendered_html,
                width=rx.Var.create(State.width),
                subject=State.rendered_subject,
                sender="Sender",
                sender_letters="S",
                to="Anna Brandt",
                busy=State.rendering,
            ),
            class_name="bd-preview-body",
        ),
        class_name="bd-preview",
        aria_label="Preview",
    )


def _switch_question() -> rx.Component:
    return question(
        EditorQuestions,
        "switch",
        "Switch to the simple editor?",
        rx.fragment(
            "The simple editor cannot keep this part of the message: ",
            rx.el.b(EditorQuestions.subject),
            ". Text, links, pictures and variables stay.",
        ),
        act="Switch and lose it",
        cancel="Stay with HTML",
        danger=True,
    )
