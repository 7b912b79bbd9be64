"""The timeline of a contact and the activity log of a campaign."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from campaign_app.ui.components.base import icon
from campaign_app.ui.kit.vars import by_case

# Kind of event → lucide icon and colour: people's actions iris, replies green, the system gray.
KINDS: dict[str, tuple[str, str]] = {
    "click": ("mouse_pointer_click", "iris"),
    "open": ("eye", "iris"),
    "view": ("eye", "iris"),
    "reply": ("reply", "green"),
    "sent": ("mail", "gray"),
    "whatsapp": ("message_circle", "gray"),
    "linkedin": ("briefcase", "gray"),
    "tag": ("tag", "gray"),
    "import": ("file_spreadsheet", "gray"),
    "permission": ("shield_check", "green"),
    "unsubscribe": ("circle_minus", "amber"),
    "complain": ("octagon_alert", "red"),
    "bounce": ("mail_x", "red"),
    "failed": ("circle_x", "red"),
    "uncertain": ("circle_help", "orange"),
    "skipped": ("circle_minus", "gray"),
    "start": ("send", "gray"),
    "pause": ("circle_pause", "gray"),
    "resume": ("play", "gray"),
    "cancel": ("ban", "gray"),
    "done": ("circle_check", "green"),
    "rate": ("sliders_horizontal", "gray"),
    "note": ("sticky_note", "gray"),
    "edit": ("pencil_line", "gray"),
    "person": ("user", "gray"),
    "system": ("circle_dot", "gray"),
}


@dataclass
class TimelineEvent:
    """One event. `kind` is a key of KINDS; `time` is short, `exact` is for the tooltip."""

    kind: str
    title: str
    time: str
    detail: str = ""
    quote: str = ""
    exact: str = ""


@dataclass
class TimelineDay:
    """Events under one heading ("Today", "Sunday 8 November")."""

    day: str
    events: list[TimelineEvent] = field(default_factory=list)


def _mark(kind: Any, size: int) -> rx.Component:
    def draw(name: str, color: str) -> rx.Component:
        return icon(name, size, color=f"var(--{color}-11)")

    return by_case(kind, *((key, draw(*look)) for key, look in KINDS.items()), draw(*KINDS["system"]))


def _if_set(text: Any, shown: rx.Component) -> rx.Component:
    return rx.cond(text != "", shown, rx.fragment())


def timeline(days: Any) -> rx.Component:
    """`days` is a Var of list[TimelineDay], newest first."""

    def event(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(_mark(item.kind, 14), class_name="b-event-mark"),
            rx.el.div(
                rx.el.div(item.title, class_name="b-strong b-dense"),
                _if_set(item.detail, rx.el.div(item.detail, class_name="b-dense b-muted")),
                _if_set(item.quote, rx.el.blockquote(item.quote, class_name="b-quote")),
                class_name="b-grow",
            ),
            rx.el.time(item.time, title=item.exact, class_name="b-small b-muted b-num"),
            class_name="b-event",
        )

    def day(item: Any) -> rx.Component:
        return rx.el.section(
            rx.el.h3(item.day, class_name="b-day"),
            rx.el.ol(rx.foreach(item.events.to(list[TimelineEvent]), event)),
        )

    return rx.el.div(rx.foreach(days, day), class_name="b-timeline")


def activity_log(rows: Any) -> rx.Component:
    """`rows` is a Var of list[TimelineEvent]: time, small icon, the person in the title, the reason in the detail."""

    def row(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.time(item.time, title=item.exact, class_name="b-small b-muted b-num b-log-time"),
            rx.el.span(_mark(item.kind, 14), class_name="b-log-mark"),
            rx.el.div(
                rx.el.div(item.title, class_name="b-strong b-dense"),
                _if_set(item.detail, rx.el.div(item.detail, class_name="b-small b-muted")),
                class_name="b-grow",
            ),
            class_name="b-log-row",
        )

    return rx.el.ol(rx.foreach(rows, row), class_name="b-log")
