"""Choose or drop files. The browser sends each as a stream (assets/upload.js)."""

import reflex as rx

from campaign_app.ui.components.base import icon


def upload_box(
    title: str,
    limits: str,
    *,
    label: str,
    to: str,
    accept: str = "",
    then: str = "",
    done: str = "",
    several: bool = False,
) -> rx.Component:
    """Sends files to the address `to`, then opens `then` + id, or clicks the element with the id `done`."""
    return rx.el.div(
        rx.el.label(
            icon("upload", 20),
            rx.el.span(title, class_name="b-strong"),
            rx.el.span(limits, class_name="b-small b-muted"),
            rx.el.input(type="file", accept=accept, aria_label=label, multiple=several, class_name="b-file"),
            class_name="b-drop",
        ),
        rx.el.progress(max="100", value="0", class_name="b-upload-progress", aria_label="Upload", hidden=True),
        rx.el.p(role="alert", class_name="b-field-error b-upload-error", hidden=True),
        data_upload=to,
        data_then=then,
        data_done=done,
        class_name="b-upload",
    )
