"""Last step of the builder: findings, finishing time, summary, launch."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.chart import finish_card
from campaign_app.ui.campaign_builder.review_state import BuilderReview as State
from campaign_app.ui.campaign_builder.state import Builder
from campaign_app.ui.kit.vars import choose, length, more_than, same


def review_step() -> rx.Component:
    """Checks on the left, time and summary on the right."""
    return rx.el.div(
        rx.cond(
            State.headline == "",
            rx.el.div(c.skeleton_card(5), c.skeleton_card(3), class_name="b-grid-review"),
            rx.el.div(
                rx.el.div(
                    rx.el.div(
                        rx.el.h2(State.headline),
                        rx.el.p(State.checked),
                        class_name="bd-head",
                        aria_live="polite",
                    ),
                    _group("blocking", State.blocking, length(State.blocking)),
                    _group("warning", State.warnings, length(State.warnings)),
                    _fine(),
                    class_name="bd-col",
                ),
                rx.el.div(finish_card(), _summary(), class_name="bd-col"),
                class_name="b-grid-review",
            ),
        ),
        _question(),
        class_name="bd-page",
        aria_busy=State.checking,
    )


def _finding(kind: str) -> Any:
    def row(finding: Any) -> rx.Component:
        button = rx.cond(finding.href != "", c.small_button(finding.fix, href=finding.href), rx.fragment())
        return c.finding_row(kind, finding.title, finding.detail, button)

    return row


def _group(kind: str, rows: Any, count: Any) -> rx.Component:
    return rx.cond(more_than(count, 0), c.finding_group(kind, count, rx.foreach(rows, _finding(kind))), rx.fragment())


def _fine() -> rx.Component:
    count = length(State.fine)
    more = rx.cond(
        more_than(count, 3),
        c.text_link(choose(State.fine_all, "Show fewer", f"Show all {count}"), on_click=State.show_fine),
        rx.fragment(),
    )
    shown = rx.foreach(State.fine_shown, lambda finding: c.finding_row("fine", finding.title, finding.detail))
    return rx.cond(more_than(count, 0), c.finding_group("fine", count, shown, more=more), rx.fragment())


def _summary() -> rx.Component:
    def row(item: Any) -> rx.Component:
        edit = c.text_link("Edit", item.href, aria_label=f"Edit {item.label}")
        return rx.fragment(
            rx.el.span(item.label, class_name="b-muted"),
            rx.el.span(item.value, class_name="bd-value"),
            rx.cond(item.href != "", edit, rx.el.span()),
        )

    return c.card(rx.el.div(rx.foreach(State.summary, row), class_name="bd-summary"), title="Summary")


def _question() -> rx.Component:
    return c.confirm_dialog(
        State.question,
        State.consequence,
        act=State.confirm,
        cancel="Keep editing",
        on_confirm=State.launch,
        open=same(State.launch_in, State.visit),
        on_open_change=State.ask_launch,
        busy=State.launching,
        facts=[
            ("Campaign", Builder.name),
            ("From", State.sender),
            ("Finishes", State.finish_when),
            ("Warnings", State.warning_words),
        ],
    )
