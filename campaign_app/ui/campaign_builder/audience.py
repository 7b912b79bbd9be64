"""Second step of the builder: lists, segments, exclusions, and the number of recipients."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.audience_state import BuilderAudience as State
from campaign_app.ui.campaign_builder.parts import option, step_head
from campaign_app.ui.kit.vars import choose, has_items


def audience_step() -> rx.Component:
    """Choices on the left, the count on the right."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                step_head("Who gets it", "People in several lists or segments get one message."),
                _whom(),
                rx.cond(State.everyone, rx.fragment(), _included()),
                _excluded(),
                class_name="bd-col",
            ),
            rx.el.div(_count(), class_name="bd-sticky"),
            class_name="bd-two",
        ),
        class_name="bd-page",
    )


def _whom() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Audience", class_name="b-hidden"),
        option(
            "whom",
            "People in lists and segments",
            "Choose them below.",
            ~State.everyone,
            lambda _: State.choose_everyone(False),
        ),
        option(
            "whom",
            "Everyone",
            "All contacts, without those you leave out below.",
            State.everyone,
            lambda _: State.choose_everyone(True),
        ),
        class_name="bd-options",
    )


def _choices(chosen: Any, on_change: Any, verb: str) -> rx.Component:
    def row(choice: Any) -> rx.Component:
        box = rx.checkbox(
            checked=chosen.contains(choice.key),
            on_change=lambda on: on_change(choice.key, on),
            aria_label=f"{verb} {choice.name}",
            size="2",
        )
        return rx.el.label(
            box,
            rx.el.span(choice.name, class_name="b-strong b-grow b-ell"),
            rx.el.span(choice.detail, class_name="b-dense b-muted b-ell b-num"),
            c.tag(choice.kind),
            class_name="bd-check",
        )

    return rx.el.div(rx.foreach(State.shown, row), class_name="bd-checks")


def _included() -> rx.Component:
    search = c.search_field(State.search, State.find.debounce(250), "Search lists and segments")
    empty = rx.el.div(
        choose(has_items(State.choices), "Nothing with this name.", "There are no lists or segments yet."),
        c.text_link("Import contacts", routes.IMPORTS),
        class_name="b-row b-dense b-muted b-item",
    )
    return c.card(
        rx.cond(has_items(State.shown), _choices(State.included, State.include, "Send to"), empty),
        title="Lists and segments",
        aside=search,
        pad=False,
    )


def _excluded() -> rx.Component:
    return c.card(
        rx.cond(
            has_items(State.shown),
            _choices(State.excluded, State.exclude, "Leave out"),
            rx.el.div("Nothing to leave out.", class_name="b-dense b-muted b-item"),
        ),
        title="Leave out",
        meta="Wins over the choice above",
        pad=False,
    )


def _count() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return rx.el.div(rx.el.dt(item.label), rx.el.dd(item.value))

    content = rx.el.div(
        rx.el.div(
            rx.el.span(State.reachable_text, class_name="bd-number"),
            rx.el.span(
                choose(State.reachable == 1, "person can be reached", "people can be reached"), class_name="b-muted"
            ),
            rx.cond(State.counting, rx.spinner(size="1"), rx.fragment()),
            class_name="b-row b-wrap",
            aria_live="polite",
        ),
        rx.cond(
            State.chosen_any,
            rx.el.dl(rx.foreach(State.lines, line), class_name="bd-lines"),
            rx.el.p("Choose a list or a segment to see who gets the message.", class_name="b-dense b-muted"),
        ),
        rx.el.p("Counted again at launch. Suppressed people never get a message.", class_name="b-small b-muted"),
        class_name="bd-stack",
    )
    return c.card(content, title="Recipients")
