"""Every component and every page can be drawn, with plain values and with Vars; the status table is whole."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import reflex as rx
from reflex_base.registry import RegistrationContext

import campaign_app.campaign_app as composition
from campaign_app.core.errors import Forbidden
from campaign_app.models.campaign import CampaignStatus
from campaign_app.models.contact_import import ImportStatus
from campaign_app.models.delivery import DeliveryStatus
from campaign_app.ui import components as c
from campaign_app.ui import pages, routes, theme
from campaign_app.ui.app_state import AppState
from campaign_app.ui.components import charts
from campaign_app.ui.pages import Area
from tests.conftest import MakeActor
from tests.ui.tabs import Tab


@dataclass
class Line:
    id: int
    name: str
    status: str
    sent: int
    chosen: bool


class Sample(AppState):
    rows: list[Line] = []
    status: str = "running"
    text: str = ""
    count: int = 0
    on: bool = False
    views: list[c.View] = []
    days: list[c.TimelineDay] = []
    events: list[c.TimelineEvent] = []
    bars: list[c.Bar] = []
    fig: dict[str, Any] = {}
    options: list[tuple[str, str]] = []

    @rx.event
    def take_text(self, value: str) -> None:
        self.text = value

    @rx.event
    def take_bool(self, value: bool) -> None:
        self.on = value

    @rx.event
    def check(self, row: int, value: bool) -> None:
        self.count = row

    @rx.event
    def act(self) -> None:
        self.count += 1


PARTS = [
    c.ProgressSegment("sent", Sample.count, Sample.text),
    c.ProgressSegment("failed", 3),
    c.ProgressSegment("sending", 0),
    c.ProgressSegment("queued", 9),
]


def _row(line: Any) -> rx.Component:
    return c.table_row(
        c.name_cell(line.name, routes.campaign(line.id), line.status, before=c.avatar("IK")),
        c.cell(c.status_badge(line.status)),
        c.cell(
            c.segmented_progress([c.ProgressSegment("sent", line.sent)], 10), align="right", muted=True, hide="narrow"
        ),
        on_check=lambda on: Sample.check(line.id, on),
        checked=line.chosen,
        check_label=f"Choose {line.name}",
    )


def _table() -> rx.Component:
    return c.data_table(
        [
            c.Column("Name", "name", skeleton="lines"),
            c.Column("Status"),
            c.Column("Sent", align="right", hide="narrow"),
        ],
        Sample.rows,
        _row,
        label="Lines",
        loading=Sample.on,
        sort=Sample.text,
        on_sort=Sample.take_text,
        all_checked="indeterminate",
        on_check_all=Sample.take_bool,
        phone_row=lambda line: c.phone_item(
            line.name, routes.campaign(line.id), status=c.status_badge(line.status), left="4", right="5"
        ),
    )


SAMPLES: dict[str, Callable[[], rx.Component]] = {
    "activity_log": lambda: c.activity_log(Sample.events),
    "upload_box": lambda: c.upload_box("Choose files", "Up to 5 MB", label="Files", to="/files/media", done="done"),
    "accounts_health": c.accounts_health,
    "running_campaigns": c.running_campaigns,
    "anchor": lambda: c.anchor("Campaigns", href=routes.CAMPAIGNS),
    "avatar": lambda: c.avatar(Sample.text, "large", tint=True),
    "bar_list": lambda: c.bar_list(Sample.bars),
    "builder_bar": lambda: c.builder_bar("A", "Saved 08:58", c.tag("x"), phone_step="Step 1 of 5", close_href="/"),
    "builder_foot": lambda: c.builder_foot(c.ghost_button("Back"), c.primary_button("Next"), note=Sample.text),
    "bulk_bar": lambda: c.bulk_bar(
        Sample.text, c.ghost_button("Pause"), on_clear=Sample.act, on_all=Sample.act, all_label=Sample.text
    ),
    "callout": lambda: c.callout(Sample.text, "warning", title="Cause", action=c.small_button("Act")),
    "card": lambda: c.card("x", title="Card", count=Sample.text, meta="m", aside=c.text_link("All", href="/")),
    "card_head": lambda: c.card_head("Card"),
    "cell": lambda: c.cell("x"),
    "channel_badge": lambda: c.channel_badge(Sample.status),
    "channel_icon": lambda: c.channel_icon("email"),
    "checkbox": lambda: c.checkbox("Stay", Sample.on, Sample.take_bool),
    "choice_chip": lambda: rx.fragment(
        c.choice_chip("Status", Sample.text, [("running", "Running")], Sample.take_text),
        c.choice_chip("List", Sample.text, Sample.options, Sample.take_text),
    ),
    "confirm_dialog": lambda: c.confirm_dialog(
        "Cancel it?",
        Sample.text,
        act="Cancel campaign",
        on_confirm=Sample.act,
        danger=True,
        open=Sample.on,
        on_open_change=Sample.take_bool,
        facts=[("People", Sample.text)],
        instead=c.text_link("Pause instead", on_click=Sample.act),
        busy=Sample.on,
    ),
    "counters": lambda: c.counters(PARTS, Sample.take_text, Sample.text),
    "danger_button": lambda: c.danger_button("Delete list", on_click=Sample.act, busy=Sample.on),
    "data_table": _table,
    "dialog": lambda: c.dialog("New list", "x", open=Sample.on, on_open_change=Sample.take_bool, foot=[c.tag("x")]),
    "empty_state": lambda: c.empty_state("send", "None", "Text", c.setup_step("A", "b", Sample.on), links=[c.tag("l")]),
    "facts": lambda: c.facts([("E-mail", Sample.text)]),
    "filter_bar": lambda: c.filter_bar(search=c.search_field(Sample.text, Sample.take_text.debounce(250)), result="4"),
    "filter_chip": lambda: c.filter_chip("Tag", Sample.text, "panel", active=Sample.on, on_clear=Sample.act),
    "finding_group": lambda: c.finding_group("blocking", 1, c.finding_row("blocking", "A", Sample.text)),
    "finding_row": lambda: c.finding_row(Sample.status, "A", "b", c.small_button("Fix")),
    "form_field": lambda: c.form_field("Name", c.text_input("n"), name="n", error=Sample.text, hint="h", counter="4"),
    "ghost_button": lambda: c.ghost_button("Back", href="/"),
    "grid": lambda: c.grid("2-1", "a", "b"),
    "health_dot": lambda: c.health_dot(Sample.status, "Bounces 4.1%"),
    "icon": lambda: c.icon("send"),
    "icon_button": lambda: c.icon_button("x", "Close", on_click=Sample.act),
    "if_allowed": lambda: c.if_allowed("campaigns:start", c.tag("x")),
    "list_item": lambda: c.list_item("x", mark=c.status_icon("failed"), action=c.tag("a"), href="/campaigns"),
    "live_dot": lambda: c.live_dot(),
    "menu": lambda: c.menu(c.menu_item("Duplicate", Sample.act, "copy"), c.menu_line(), label="More"),
    "menu_item": lambda: c.menu_item("Open", href="/campaigns"),
    "menu_line": c.menu_line,
    "name_cell": lambda: c.name_cell("x", on_click=Sample.act),
    "no_match": lambda: c.no_match("No campaigns match", Sample.act),
    "outline_button": lambda: c.outline_button("Pause", icon="pause", on_click=Sample.act, danger=True),
    "page_body": lambda: c.page_body("x"),
    "page_header": lambda: c.page_header(
        Sample.text, c.tag("a"), back=("Campaigns", "/campaigns"), status=Sample.status, meta="m", letters="IK"
    ),
    "pager": lambda: c.pager(
        Sample.text, has_previous=Sample.on, has_next=False, on_previous=Sample.act, on_next=Sample.act
    ),
    "phone_item": lambda: c.phone_item("x", "/campaigns", bar=c.share_bar(Sample.count)),
    "preview_frame": lambda: c.preview_frame(Sample.text, subject="s", sender="a", to="b", busy=Sample.on),
    "primary_button": lambda: c.primary_button("Save", icon="check", busy=Sample.on, disabled=Sample.on),
    "progress_card": lambda: c.progress_card(
        Sample.text, "2 of 4", PARTS, Sample.count, figures=[("Rate", Sample.text)], live=Sample.on, aside=c.tag("a")
    ),
    "row": lambda: c.row("a", "b"),
    "saved_views": lambda: c.saved_views(Sample.views, Sample.text, Sample.take_text, extra=c.tag("x")),
    "search_field": lambda: c.search_field(Sample.text, Sample.take_text),
    "segmented_progress": lambda: c.segmented_progress(PARTS, Sample.count, size="large", live=True),
    "select_input": lambda: c.select_input("s", Sample.options, Sample.text, Sample.take_text, label="To"),
    "setup_step": lambda: c.setup_step("A", "b", True, c.tag("x")),
    "share_bar": lambda: c.share_bar(40),
    "skeleton_card": lambda: c.skeleton_card(),
    "skeleton_lines": lambda: c.skeleton_lines(5),
    "small_button": lambda: c.small_button("Edit", on_click=Sample.act),
    "stack": lambda: c.stack("a"),
    "stat": lambda: c.stat(
        "Sent", Sample.text, "12%", "better", chosen=Sample.on, on_click=Sample.act, loading=Sample.on
    ),
    "stat_strip": lambda: c.stat_strip(c.stat("Sent", "4")),
    "status_badge": lambda: c.status_badge(Sample.status, "Importing"),
    "status_icon": lambda: c.status_icon(Sample.status),
    "status_pill": lambda: c.status_pill("running"),
    "stepper": lambda: c.stepper(
        [c.Step("A", "done", href="/"), c.Step("B", Sample.text, on_click=Sample.act), c.Step("C", "later")]
    ),
    "switch": lambda: c.switch("Count", Sample.on, Sample.take_bool, hint="h"),
    "table_row": lambda: c.table_row(c.cell("x")),
    "tag": lambda: c.tag("VIP"),
    "text_area": lambda: c.text_area("t", value=Sample.text, on_change=Sample.take_text),
    "text_input": lambda: c.text_input("t", value=Sample.text, on_change=Sample.take_text, before="a", after="b"),
    "text_link": lambda: c.text_link("More", on_click=Sample.act),
    "timeline": lambda: c.timeline(Sample.days),
    "tooltip": lambda: c.tooltip(c.tag("x"), "Exact time"),
    "two_lines": lambda: c.two_lines("a", "b"),
}
NOT_DRAWN = {"NONE", "Bar", "Column", "ProgressSegment", "Step", "TimelineDay", "TimelineEvent", "View", "may"}


def _drawn(component: rx.Component) -> str:
    return json.dumps(component.render(), default=str)


def test_every_component_has_a_sample() -> None:
    assert set(SAMPLES) == set(c.__all__) - NOT_DRAWN


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_component_can_be_drawn(name: str) -> None:
    assert _drawn(SAMPLES[name]())


def test_chart_says_its_finding_and_has_a_table() -> None:
    drawn = _drawn(
        charts.chart_card("Sent", Sample.fig, label="Most on Tuesday", legend=[("This", "red")], table=c.tag("t"))
    )
    assert "Most on Tuesday" in drawn
    assert "Show as table" in drawn


@pytest.mark.parametrize("status", [*CampaignStatus, *DeliveryStatus, *ImportStatus])
def test_every_status_of_the_models_has_a_look(status: str) -> None:
    assert theme.STATUS[status].label


def test_status_is_never_colour_alone() -> None:
    for entry in theme.STATUS.values():
        assert entry.icon
        assert entry.label


def test_icon_buttons_have_names() -> None:
    assert "Choose columns" in _drawn(c.icon_button("columns_3", "Choose columns"))


def test_preview_runs_nothing() -> None:
    drawn = _drawn(c.preview_frame(Sample.text))
    assert "sandbox" in drawn
    assert "allow-scripts" not in drawn
    assert "allow-same-origin" not in drawn


def test_progress_bar_reads_its_shares() -> None:
    drawn = _drawn(c.segmented_progress([c.ProgressSegment("sent", 5, "5"), c.ProgressSegment("failed", 3, "3")], 10))
    assert "Sent" in drawn
    assert "Failed" in drawn
    assert '\\"img\\"' in drawn


@cache
def _pages() -> dict[str, tuple[Callable[[], rx.Component], dict[str, Any]]]:
    composition.app._apply_decorated_pages()  # gives the states their `campaign_id` and the like
    return {kw["route"]: (draw, kw) for draw, kw in RegistrationContext.ensure_context().decorated_pages}


@pytest.mark.parametrize("route", sorted(_pages()))
def test_page_can_be_drawn(route: str) -> None:
    draw, registered = _pages()[route]
    drawn = _drawn(draw())
    assert '\\"h1\\"' in drawn, "every page has a title"
    assert '\\"main\\"' in drawn
    assert registered["title"].endswith("Beacon")


def test_navigation_leads_only_to_pages() -> None:
    places = {place.page.route for area in Area for place in pages.places(area)}
    assert places | {routes.PROFILE} <= set(_pages())


def test_every_link_of_the_sidebar_has_an_icon_and_a_place_of_its_own() -> None:
    assert all(place.page.icon for place in pages.navigation())
    for area in Area:
        orders = [place.link.order for place in pages.places(area)]
        assert len(set(orders)) == len(orders), area


def test_the_phone_shows_four_pages_beside_more() -> None:
    assert [place.link.phone for place in pages.navigation() if place.link.phone] == [
        "Home", "Campaigns", "Contacts", "Analytics",
    ]  # fmt: skip


def test_an_address_belongs_to_one_page() -> None:
    with pytest.raises(ValueError, match="Two pages"):
        pages.register(pages.at(routes.CAMPAIGNS))


def test_every_way_back_leads_to_a_page_without_an_id() -> None:
    parents = {page.parent for page in pages.everything() if page.parent}
    assert len(parents) > 3
    assert all("[" not in parent and pages.at(parent).title for parent in parents)


def test_every_page_in_the_shell_asks_who_is_there_first() -> None:
    for route, (_, registered) in _pages().items():
        if route not in (routes.LOGIN, routes.LOGIN_CODE, routes.SETUP, routes.WORKSPACE_SETUP):
            assert registered["on_load"][0] == AppState.enter, route


def test_chart_layout_merges_nested_changes() -> None:
    made = theme.chart_layout(dark=True, height=128, yaxis={"tickformat": ".0%"}, showlegend=True)
    assert made["yaxis"]["tickformat"] == ".0%"
    assert made["yaxis"]["gridcolor"] == theme.DARK.grid
    assert made["height"] == 128
    assert made["showlegend"] is True


@pytest.mark.parametrize(
    ("route", "area"),
    [("/campaigns/[campaign_id]", "/campaigns"), ("/", "/"), ("/settings/users", "/settings"), ("/login", "")],
)
def test_area_marks_the_place_of_a_page(route: str, area: str) -> None:
    assert pages.area_of(route) == area


def test_query_keeps_only_what_is_set() -> None:
    assert routes.with_query("/campaigns", status="running", q="", page=None) == "/campaigns?status=running"


def _first_load(route: str) -> Any:
    """The handler that fills a page."""
    return next(event for event in pages.at(route).on_load if event != AppState.enter)


ASKING = sorted(page.route for page in pages.everything() if page.may and page.on_load)


@pytest.mark.parametrize("route", ASKING)
async def test_a_page_asks_for_the_permission_that_it_declares(
    route: str, sqlite_database: str, redis_url: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = replace(await make_actor(), permissions=frozenset())
    ids = {part[1:-1]: 1 for part in route.split("/") if part.startswith("[")}
    with pytest.raises(Forbidden):
        await Tab(stranger, monkeypatch).go(re.sub(r"\[.*?\]", "1", route), **ids).do(_first_load(route))
