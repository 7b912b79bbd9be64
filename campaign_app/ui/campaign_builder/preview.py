"""The right pane of the content step: recipient picker, widths, the message in a sandboxed frame."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.preview_state import BuilderPreview as State
from campaign_app.ui.kit.vars import choose, has_items, joined, same


def preview_pane() -> rx.Component:
    """What the chosen person receives."""
    return rx.el.section(
        rx.el.div(_person(), _widths(), class_name="bd-preview-top"),
        rx.cond(
            State.problem != "", c.callout(State.problem, "error", title="The message cannot be made"), rx.fragment()
        ),
        rx.cond(has_items(State.missing), _missing(), rx.fragment()),
        rx.el.div(rx.cond(State.tab == "text", _plain(), _message()), class_name="bd-preview-body"),
        class_name="bd-preview",
        aria_label="Preview",
    )


def _person() -> rx.Component:
    opener = rx.el.button(
        c.avatar(State.person_letters),
        rx.el.span(State.person_name, class_name="b-strong b-ell"),
        rx.el.span(State.person_company, class_name="b-muted b-ell"),
        rx.el.span(", choose another recipient", class_name="b-hidden"),
        c.icon("chevrons_up_down", 14),
        type="button",
        class_name="bd-person",
    )

    def row(person: Any) -> rx.Component:
        return rx.el.button(
            c.avatar(person.letters),
            rx.el.span(person.name, class_name="b-strong b-ell"),
            rx.el.span(person.company, class_name="b-muted b-ell"),
            type="button",
            class_name="bd-pick",
            aria_pressed=choose(State.person == person.id, "true", "false"),
            on_click=State.choose_person(person.id),
        )

    panel = rx.popover.content(
        rx.el.div(
            c.search_field(State.person_search, State.find_person.debounce(250), "Search recipients", width="100%"),
            rx.cond(
                has_items(State.people),
                rx.el.div(rx.foreach(State.people, row), class_name="bd-picks"),
                rx.el.p("Nobody in the audience matches.", class_name="b-dense b-muted"),
            ),
            class_name="b-col b-gap-12",
        ),
        class_name="b-float",
        align="start",
        size="1",
        aria_label="Choose a recipient",
    )
    return rx.el.div(
        rx.popover.root(rx.popover.trigger(opener), panel, open=State.person_open, on_open_change=State.show_people),
        c.icon_button("chevron_left", "Previous recipient", State.step_person(-1), small=True),
        c.icon_button("chevron_right", "Next recipient", State.step_person(1), small=True),
        class_name="b-row b-grow",
    )


def _widths() -> rx.Component:
    return rx.segmented_control.root(
        rx.segmented_control.item(
            rx.el.span(c.icon("monitor", 14), "Desktop", class_name="b-row bd-width"), value="desktop"
        ),
        rx.segmented_control.item(
            rx.el.span(c.icon("smartphone", 14), "Phone", class_name="b-row bd-width"), value="phone"
        ),
        rx.segmented_control.item(
            rx.el.span(c.icon("file_text", 14), "Text", class_name="b-row bd-width"), value="text"
        ),
        value=choose(same(State.tab, "text"), "text", State.width),
        on_change=State.show_width,
        aria_label="Preview as",
        size="1",
    )


def _missing() -> rx.Component:
    return c.callout(
        rx.fragment(
            f"{State.person_name} has nothing in: ",
            rx.el.b(joined(State.missing, ", ")),
            ". People like this are skipped, unless you give a text to use instead.",
        ),
        "warning",
    )


def _message() -> rx.Component:
    return c.preview_frame(
        State.rendered_html,
        width=rx.Var.create(State.width),
        subject=State.rendered_subject,
        sender=State.sender,
        sender_letters=State.sender_letters,
        to=State.person_name,
        time=State.at,
        busy=State.rendering,
    )


def _plain() -> rx.Component:
    return rx.el.pre(State.rendered_text, class_name="bd-plain", tab_index=0, aria_label="Plain-text version")
