"""A message as its recipient sees it, in a frame that can run no script and reach none of our pages."""

from typing import Any, Literal

import reflex as rx

from campaign_app.ui.components.base import Text, Truth, avatar
from campaign_app.ui.kit.vars import choose


def preview_frame(
    html: Text,
    *,
    title: str = "Preview of the message",
    width: Literal["desktop", "phone"] | rx.Var[Any] = "desktop",
    subject: Text = "",
    sender: Text = "",
    sender_letters: Text = "",
    to: Text = "",
    time: Text = "",
    busy: Truth = False,
) -> rx.Component:
    """Always on white; no scripts, no same origin. While `busy` the previous one stays at 60% opacity."""
    head = rx.el.div(
        rx.el.div(subject, class_name="b-preview-subject"),
        rx.el.div(
            avatar(sender_letters, tint=True),
            rx.el.span(rx.el.b(sender), " to ", to, class_name="b-grow b-ell"),
            rx.el.span(time, class_name="b-num"),
            class_name="b-row b-dense",
        ),
        class_name="b-preview-head",
    )
    frame = rx.el.iframe(
        src_doc=html,
        title=title,
        sandbox="allow-popups",
        referrer_policy="no-referrer",
        class_name="b-preview-body",
    )
    return rx.el.div(
        head, frame, class_name="b-preview light", data_width=width, data_busy=choose(busy, "true", "false")
    )
