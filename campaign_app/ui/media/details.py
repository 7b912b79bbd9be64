"""The dialogs of one file."""

import reflex as rx

from campaign_app.ui import browser
from campaign_app.ui import components as c
from campaign_app.ui.kit.dialogs import form_dialog, open_form, plain_dialog
from campaign_app.ui.kit.vars import choose, has_items, is_set
from campaign_app.ui.media.details_state import MediaDetails, MediaForm, UseLine


def media_dialogs() -> rx.Component:
    """A file's details and uses; its form."""
    return rx.fragment(
        plain_dialog(
            MediaDetails,
            MediaDetails.subject,
            rx.el.div(_preview(), _facts(), _uses(), class_name="b-col b-gap-16"),
            width="560px",
            foot=[
                c.if_allowed(
                    "media:write",
                    c.outline_button("Edit", "pencil_line", on_click=[MediaDetails.close(False), _edit()]),
                ),
                c.primary_button("Copy address", "copy", on_click=browser.on_click_copy(MediaDetails.address)),
            ],
        ),
        form_dialog(MediaForm, f"Edit {MediaForm.subject}", act="Save file"),
    )


def _edit() -> object:
    return open_form(MediaForm, MediaDetails.file.id)


def _preview() -> rx.Component:
    file = MediaDetails.file
    image = rx.el.img(src=file.path, alt=file.alt_text, class_name="md-preview")
    download = rx.el.a(c.icon("download", 14), "Download", href=file.path, download=file.name, class_name="b-link")
    return rx.cond(file.is_image, image, download)


def _facts() -> rx.Component:
    file = MediaDetails.file
    alternative = choose(is_set(file.alt_text), file.alt_text, "None")
    return c.facts(
        [
            ("Type", file.type),
            ("Size", file.size),
            ("Alternative text", alternative),
            ("Added", rx.el.span(file.when, " by ", file.person, title=file.exact)),
            ("Address", rx.el.span(MediaDetails.address, class_name="b-small md-address")),
        ]
    )


def _uses() -> rx.Component:
    def line(use: UseLine) -> rx.Component:
        return rx.el.li(c.text_link(use.name, href=use.href), " ", rx.el.span(use.noun, class_name="b-muted b-dense"))

    found = rx.el.ul(rx.foreach(MediaDetails.uses, line), class_name="b-col b-gap-4")
    none = rx.el.p("No campaign and no template uses it.", class_name="b-muted b-dense")
    return rx.el.section(rx.el.h3("Used in", class_name="b-strong"), rx.cond(has_items(MediaDetails.uses), found, none))
