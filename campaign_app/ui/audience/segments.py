"""All segments."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import palette_sources, routes
from campaign_app.ui.audience.segments_state import SegmentLine, SegmentQuestions, Segments
from campaign_app.ui.kit.dialogs import ask, question
from campaign_app.ui.kit.lists import Table, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _menu(line: SegmentLine) -> rx.Component:
    return c.menu(
        c.menu_item("See its contacts", icon_name="users", href=f"{routes.CONTACTS}?segment={line.id}"),
        c.if_allowed(
            "segments:write",
            c.menu_item("Delete segment", ask(SegmentQuestions, "delete", line.id, line.name), "trash_2", danger=True),
        ),
        label=f"More for {line.name}",
    )


def _name(line: SegmentLine) -> rx.Component:
    return c.name_cell(line.name, routes.segment(line.id), detail=line.description)


_TABLE = Table(
    "Segments",
    [
        c.Column("Segment", skeleton="lines", cell=_name),
        c.Column("Changed", align="right", width="160px", muted=True, cell=lambda line: line.changed),
        c.Column("", align="right", width="56px", skeleton="none", class_name="b-above", cell=_menu),
    ],
    phone_row=lambda line: c.phone_item(line.name, routes.segment(line.id), left=line.description, right=line.changed),
)


@page(
    routes.SEGMENTS,
    title="Segments",
    on_load=Segments.load,
    may="segments:read",
    icon="layers",
    links=[Link(Area.MAIN, 40)],
    find=palette_sources.find_segments,
)
def segments() -> rx.Component:
    new = c.if_allowed("segments:write", c.primary_button("New segment", "plus", href=routes.segment("new")))
    empty = c.empty_state(
        "layers",
        "Find people by rules",
        "A segment is a question to your contacts. Whoever fits when a campaign starts is in it.",
        c.setup_step("Fields, tags and lists", "Country is Germany, tag is VIP", False),
        c.setup_step("What people did", "Opened a message in the last 30 days", False),
        action=new,
    )
    return rx.fragment(
        list_page(Segments, _TABLE, actions=[new], empty=empty),
        question(
            SegmentQuestions,
            "delete",
            f"Delete the segment {SegmentQuestions.subject}?",
            "Its contacts stay. Drafts that use it as an audience lose it.",
            act="Delete segment",
            danger=True,
        ),
    )
