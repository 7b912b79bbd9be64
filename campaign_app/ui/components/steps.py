"""The parts of a builder: stepper, bar and foot; findings of the pre-flight."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.ui import theme
from campaign_app.ui.components.base import Content, Handler, Text, anchor, icon
from campaign_app.ui.components.buttons import icon_button
from campaign_app.ui.components.status import status_icon
from campaign_app.ui.kit.vars import choose


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, current, later or problem (text or Var). `href` or `on_click` open a step that was reached."""

    label: str
    state: Any
    href: Any = None
    on_click: Any = None


def stepper(steps: list[Step]) -> rx.Component:
    """Circles and labels with lines between. Later steps cannot be clicked."""
    parts: list[rx.Component] = []
    for number, step in enumerate(steps, start=1):
        if number > 1:
            parts.append(rx.el.li(class_name="b-step-line", aria_hidden="true"))
        parts.append(rx.el.li(_step(number, step)))
    return rx.el.ol(*parts, class_name="b-steps", aria_label="Steps")


def _step(number: int, step: Step) -> rx.Component:
    state = rx.Var.create(step.state)
    mark = rx.match(
        state,
        ("done", icon("check", 12, stroke_width=2.5)),
        ("problem", icon("octagon_alert", 14, stroke_width=2)),
        rx.el.span(str(number)),
    )
    inner = [rx.el.span(mark, class_name="b-step-mark"), rx.el.span(step.label)]
    props: dict[str, Any] = {"class_name": "b-step", "data_state": state}
    still = rx.el.span(*inner, aria_current=choose(state == "current", "step", "false"), **props)
    if step.href is not None:
        return rx.cond((state == "later") | (state == "current"), still, anchor(*inner, href=step.href, **props))
    if step.on_click is not None:
        go = rx.el.button(*inner, type="button", on_click=step.on_click, **props)
        return rx.cond((state == "later") | (state == "current"), still, go)
    return still


def builder_bar(
    title: Text,
    saved: Text,
    steps: rx.Component,
    *,
    phone_step: Text,
    on_close: Handler = None,
    close_href: Text = "",
    action: Content | None = None,
) -> rx.Component:
    """A 56px bar at the top of a full-window builder: close, name, time of saving, stepper, one action."""
    return rx.el.header(
        rx.el.div(
            icon_button(
                "x", "Close the builder", on_click=on_close, href=close_href or None, variant="ghost", small=True
            ),
            rx.el.h1(title, class_name="b-builder-title b-ell"),
            rx.el.span(saved, class_name="b-small b-muted b-only-wide", aria_live="polite"),
            class_name="b-row b-builder-side",
        ),
        rx.el.div(steps, class_name="b-only-wide"),
        rx.el.span(phone_step, class_name="b-muted b-dense b-only-phone"),
        rx.el.div(*([action] if action is not None else []), class_name="b-row b-builder-side b-end b-only-wide"),
        class_name="b-builder-bar",
    )


def builder_foot(back: Content, forward: Content, note: Content | None = None) -> rx.Component:
    """A 60px foot of a builder: back on the left, next on the right, a reason or a number beside it."""
    return rx.el.footer(
        back,
        rx.el.div(
            *([rx.el.div(note, class_name="b-dense b-muted b-num")] if note is not None else []),
            forward,
            class_name="b-row b-gap-12",
        ),
        class_name="b-builder-foot",
    )


def finding_group(kind: str, count: Any, *rows: Content, more: Content | None = None) -> rx.Component:
    """Card of findings of one kind ("blocking", "warning", "fine"); `more` is "Show all 11"."""
    head = rx.el.div(
        rx.el.h2(theme.FINDING[kind].label),
        rx.el.span(count, class_name="b-muted b-dense b-num"),
        *([rx.el.div(more, class_name="b-push")] if more is not None else []),
        class_name="b-finding-head",
        data_kind=kind,
    )
    return rx.el.section(head, *rows, class_name="b-card b-findings")


def finding_row(kind: Text, title: Text, detail: Text = "", action: Content | None = None) -> rx.Component:
    """One finding: icon, sentence, explanation, one button that leads to the fix."""
    return rx.el.div(
        rx.el.div(status_icon(kind, 16), class_name="b-item-mark"),
        rx.el.div(
            rx.el.div(title, class_name="b-strong"),
            rx.cond(rx.Var.create(detail) != "", rx.el.div(detail, class_name="b-dense b-muted"), rx.fragment()),
            class_name="b-grow",
        ),
        *([rx.el.div(action, class_name="b-finding-act")] if action is not None else []),
        class_name="b-item b-finding",
    )
