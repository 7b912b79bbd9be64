"""The media library: files that messages use."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.dialogs import open_form
from campaign_app.ui.kit.lists import Table, bulk_question, list_page
from campaign_app.ui.kit.vars import by_case
from campaign_app.ui.layout import page
from campaign_app.ui.media.details import media_dialogs
from campaign_app.ui.media.details_state import MediaDetails, MediaForm
from campaign_app.ui.media.library_state import MediaLibrary, MediaLine
from campaign_app.ui.pages import Area, Link

_UPLOADED = "media-uploaded"
_LIMITS = "JPEG, PNG, GIF or WebP images up to 5 MB, PDF, MP4 and MP3"


def _thumbnail(line: MediaLine) -> rx.Component:
    image = rx.el.img(src=line.path, alt="", loading="lazy", class_name="md-thumbnail")
    marks = (("video", c.icon("film")), ("audio", c.icon("music")), c.icon("file_text"))
    return rx.cond(line.is_image, image, rx.el.span(by_case(line.kind, *marks), class_name="md-thumbnail md-mark"))


def _name(line: MediaLine) -> rx.Component:
    return c.name_cell(line.name, detail=line.alt_text, before=_thumbnail(line), on_click=MediaDetails.open(line.id))


def _menu(line: MediaLine) -> rx.Component:
    one = rx.Var.create([line.id])
    return c.menu(
        c.menu_item("Where it is used", MediaDetails.open(line.id), "search"),
        c.if_allowed("media:write", c.menu_item("Edit", open_form(MediaForm, line.id), "pencil_line")),
        c.if_allowed(
            "media:write",
            c.menu_item("Delete", MediaLibrary.ask("delete", one, line.name), "trash_2", danger=True),
        ),
        label=f"Actions for {line.name}",
    )


_TABLE = Table(
    "Media",
    [
        c.Column("Name", sort="name", skeleton="lines", cell=_name),
        c.Column("Type", width="190px", cell=lambda line: line.type),
        c.Column("Size", sort="size", align="right", width="100px", cell=lambda line: line.size),
        c.Column("Added by", width="160px", hide="narrow", muted=True, cell=lambda line: line.person),
        c.Column(
            "Added",
            sort="added",
            align="right",
            width="120px",
            muted=True,
            cell=lambda line: line.when,
            title=lambda line: line.exact,
        ),
        c.Column("", align="right", width="56px", skeleton="none", class_name="b-above", cell=_menu),
    ],
    phone_row=lambda line: c.phone_item(
        line.name, left=line.type, right=line.size, before=_thumbnail(line), on_click=MediaDetails.open(line.id)
    ),
    check_label=lambda line: line.name,
    search="Search name or alternative text",
    search_width="260px",
)


@page(
    routes.MEDIA,
    title="Media library",
    on_load=MediaLibrary.load,
    may="media:read",
    icon="image",
    links=[Link(Area.MAIN, 55, label="Media")],
)
def media() -> rx.Component:
    """The upload box, the files, actions on one or many."""
    upload = c.upload_box(
        "Choose files or drop them here", _LIMITS, label="Files", to="/files/media", done=_UPLOADED, several=True
    )
    done = rx.el.button("Show uploads", id=_UPLOADED, hidden=True, type="button", on_click=MediaLibrary.show_uploads)
    empty = c.empty_state(
        "image",
        "Add images and files",
        "What you upload here has a public address that campaigns and templates can use.",
    )
    question: Any = bulk_question(
        MediaLibrary,
        "delete",
        f"Delete {MediaLibrary.asked_words}?",
        "The addresses stop working. Files that a campaign or a template uses are kept.",
        act="Delete",
    )
    return rx.fragment(
        list_page(
            MediaLibrary,
            _TABLE,
            above=[c.if_allowed("media:write", rx.fragment(upload, done))],
            empty=empty,
            meta=MediaLibrary.summary,
        ),
        question,
        media_dialogs(),
    )
