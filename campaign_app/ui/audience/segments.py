"""All segments."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import palette_sources, routes
from campaign_app.ui.audience.segments_state import SegmentLine, SegmentQuestions, Segments
from campaign_app.ui.kit.dialogs import ask, question
from campaign_app.ui.kit.vars import as_text, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link

_COLUMNS = [
    c.Column("Segment", skeleton="lines"),
    c.Column("Changed", align="right", width="160px"),
    c.Column("", width="56px", skeleton="none"),
]


def _row(line: SegmentLine) -> rx.Component:
    acts = c.menu(
        c.menu_item("See its contacts", icon_name="users", href=f"{routes.CONTACTS}?segment={line.id}"),
        c.if_allowed(
            "segments:write",
            c.menu_item("Delete segment", ask(SegmentQuestions, "delete", line.id, line.name), "trash_2", danger=True),
        ),
        label=f"More for {line.name}",
    )
    return c.table_row(
        c.name_cell(line.name, f"{routes.SEGMENTS}/{line.id}", detail=line.description),
        c.cell(line.changed, align="right", muted=True),
        c.cell(acts, align="right", class_name="b-above"),
        key=as_text(line.id),
    )


def _phone_row(line: SegmentLine) -> rx.Component:
    return c.phone_item(line.name, f"{routes.SEGMENTS}/{line.id}", left=line.description, right=line.changed)


@page(
    routes.SEGMENTS,
    title="Segments",
    on_load=Segments.load,
    may="segments:read",
    icon="layers",
    links=[Link(Area.MAIN, 40)],
    find=palette_sources.find_segments,
)
def segments() -> Any:
    """The table of segments."""
    new = c.primary_button("New segment", "plus", href=routes.segment("new"))
    empty = c.empty_state(
        "layers",
        "Find people by rules",
        "A segment is a question to your contacts. Whoever fits when a campaign starts is in it.",
        c.setup_step("Fields, tags and lists", "Country is Germany, tag is VIP", False),
        c.setup_step("What people did", "Opened a message in the last 30 days", False),
        action=c.if_allowed("segments:write", new),
    )
    table = c.data_table(
        _COLUMNS, Segments.rows, _row, label="Segments", loading=Segments.loading, phone_row=_phone_row
    )
    nothing = is_empty(Segments.rows) & ~Segments.loading
    return rx.fragment(
        c.page_header("Segments", c.if_allowed("segments:write", rx.cond(nothing, rx.fragment(), new))),
        c.page_body(rx.cond(nothing, empty, table)),
        question(
            SegmentQuestions,
            "delete",
            f"Delete the segment {SegmentQuestions.subject}?",
            "Its contacts stay. Drafts that use it as an audience lose it.",
            act="Delete segment",
            danger=True,
        ),
    )
