"""The operations page: workers, leases, running campaigns, accounts with problems, queues and stores."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.vars import as_text, has_items, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.operations.operations_state import OperationsPage as S
from campaign_app.ui.operations.presenters import CampaignLine, LeaseLine, NoteLine, WorkerLine
from campaign_app.ui.pages import Area, Link

_WORKERS = [
    c.Column("Worker", skeleton="lines"),
    c.Column("State", width="120px"),
    c.Column("Runs since", width="130px", hide="narrow"),
    c.Column("Last heartbeat", width="130px"),
    c.Column("Per minute", align="right", width="110px"),
    c.Column("In flight", align="right", width="90px"),
    c.Column("Campaigns", align="right", width="100px", hide="narrow"),
    c.Column("Leases", align="right", width="80px"),
]
_LEASES = [
    c.Column("Campaign", skeleton="lines"),
    c.Column("No outcome yet", align="right", width="130px"),
    c.Column("Held by", skeleton="lines"),
    c.Column("Claimed", width="120px", hide="narrow"),
    c.Column("Last heartbeat", width="130px"),
    c.Column("Expires", width="170px"),
]
_CAMPAIGNS = [
    c.Column("Campaign"),
    c.Column("Jobs", width="200px"),
    c.Column("Open", align="right", width="70px"),
    c.Column("Held", align="right", width="70px"),
    c.Column("Done", align="right", width="70px"),
    c.Column("Next one opens", width="130px", hide="narrow"),
]


def _none(words: str) -> rx.Component:
    return rx.el.p(words, class_name="b-muted b-dense b-none-yet")


def _note(line: NoteLine) -> rx.Component:
    return c.list_item(c.two_lines(line.title, line.detail), mark=c.status_icon(line.mark, 16))


def _worker(line: WorkerLine) -> rx.Component:
    return c.table_row(
        c.name_cell(line.name, detail=line.place),
        c.cell(c.status_badge(line.state)),
        c.cell(line.since, title=line.since_exact, muted=True, hide="narrow"),
        c.cell(line.heard, muted=True),
        c.cell(line.rate, align="right"),
        c.cell(line.in_flight, align="right"),
        c.cell(line.campaigns, align="right", hide="narrow"),
        c.cell(line.leases, align="right"),
        key=line.name,
    )


def _phone_worker(line: WorkerLine) -> rx.Component:
    return c.phone_item(
        line.name,
        status=c.status_badge(line.state),
        bar=rx.el.span(f"{line.place}, since {line.since}", class_name="b-dense b-muted b-ell"),
        left=f"{line.rate} per minute, {line.in_flight} in flight",
        right=line.heard,
    )


def _workers() -> rx.Component:
    table = c.data_table(
        _WORKERS, S.seen.workers, _worker, label="Workers", loading=S.loading, bleed=False, phone_row=_phone_worker
    )
    nothing = is_empty(S.seen.workers) & is_empty(S.seen.worker_notes) & ~S.loading
    return c.card(
        rx.foreach(S.seen.worker_notes, _note),
        rx.cond(has_items(S.seen.workers) | S.loading, table, rx.fragment()),
        rx.cond(nothing, _none("No worker was heard of in the last hour."), rx.fragment()),
        title="Workers",
        pad=False,
    )


def _lease(line: LeaseLine) -> rx.Component:
    expires = rx.cond(line.state == "expired", c.status_badge("expired", line.expires), rx.el.span(line.expires))
    return c.table_row(
        c.name_cell(line.campaign, line.href, detail=line.people),
        c.cell(line.left, align="right"),
        c.name_cell(line.owner, detail=line.host),
        c.cell(line.claimed, title=line.claimed_exact, muted=True, hide="narrow"),
        c.cell(line.heard, title=line.heard_exact, muted=True),
        c.cell(expires),
        key=as_text(line.id),
    )


def _phone_lease(line: LeaseLine) -> rx.Component:
    return c.phone_item(
        line.campaign,
        line.href,
        status=c.status_badge(line.state),
        bar=rx.el.span(
            rx.el.span(line.owner, class_name="b-dense b-ell"),
            rx.el.span("Claimed: ", line.claimed, class_name="b-dense b-muted b-nowrap"),
            class_name="b-between",
        ),
        left=f"{line.left} left",
        right=f"Heartbeat: {line.heard}",
    )


def _leases() -> rx.Component:
    table = c.data_table(
        _LEASES, S.seen.leases, _lease, label="Leases held", loading=S.loading, bleed=False, phone_row=_phone_lease
    )
    none = _none("Nobody holds a lease: nothing is being sent now.")
    return c.card(
        rx.foreach(S.seen.lease_notes, _note),
        rx.cond(has_items(S.seen.leases) | S.loading, table, none),
        title="Leases held",
        meta=S.seen.leases_shown,
        pad=False,
    )


def _campaign(line: CampaignLine) -> rx.Component:
    return c.table_row(
        c.name_cell(line.name, line.href),
        c.cell(line.jobs, muted=True),
        c.cell(line.open, align="right"),
        c.cell(line.held, align="right"),
        c.cell(line.done, align="right"),
        c.cell(line.opens, muted=True, hide="narrow"),
        key=as_text(line.id),
    )


def _phone_campaign(line: CampaignLine) -> rx.Component:
    return c.phone_item(
        line.name, line.href, left=f"{line.open} open, {line.held} held, {line.done} done", right=line.jobs
    )


def _campaigns() -> rx.Component:
    table = c.data_table(
        _CAMPAIGNS,
        S.seen.campaigns,
        _campaign,
        label="Leases of running campaigns",
        loading=S.loading,
        bleed=False,
        two_lines=False,
        phone_row=_phone_campaign,
    )
    return c.card(
        rx.cond(has_items(S.seen.campaigns) | S.loading, table, _none("No campaign is running.")),
        title="Running campaigns",
        meta=S.seen.campaigns_shown,
        pad=False,
    )


def _account(line: NoteLine) -> rx.Component:
    return c.list_item(
        c.two_lines(line.title, line.detail),
        mark=c.status_icon(line.mark, 16),
        action=c.text_link("Open", href=line.href, aria_label=f"Open the account: {line.title}"),
    )


def _accounts() -> rx.Component:
    none = _none("Every account works, and every server takes what it offers.")
    return c.card(
        rx.cond(
            S.loading,
            rx.el.div(c.skeleton_lines(2), class_name="b-none-yet"),
            rx.cond(has_items(S.seen.accounts), rx.foreach(S.seen.accounts, _account), none),
        ),
        title="Accounts in trouble",
        pad=False,
    )


def _stores() -> rx.Component:
    rows = c.facts(
        [
            ("Database", S.seen.database),
            ("Redis", S.seen.redis),
            ("Sending jobs", S.seen.send_queue),
            ("Other jobs", S.seen.work_queue),
            ("Processes that hung", S.seen.hung),
        ]
    )
    return c.card(
        rx.cond(S.loading, c.skeleton_lines(5), rows),
        rx.foreach(S.seen.redis_notes, _note),
        title="Queues and stores",
    )


def _callouts() -> rx.Component:
    silent = "What stands here is as it was before, and goes on by itself. Workers keep outcomes in their journals."
    without_redis = (
        "Sending stops until it is back, then it goes on by itself. Workers are known by their leases only, jobs not "
        "at all."
    )
    return rx.fragment(
        rx.cond(
            S.silent_since != "",
            c.callout(silent, "error", title=f"The database does not answer since {S.silent_since}"),
            rx.fragment(),
        ),
        rx.cond(S.seen.no_redis, c.callout(without_redis, "error", title="Redis does not answer"), rx.fragment()),
        rx.cond(
            S.seen.no_worker,
            c.callout(
                "Nothing is sent and no file is imported until one starts: ./campaign worker",
                "error",
                title="No worker is running",
            ),
            rx.fragment(),
        ),
    )


def _figures() -> rx.Component:
    seen = S.seen
    return c.stat_strip(
        c.stat("Workers", seen.alive, seen.late, "same", loading=S.loading),
        c.stat("Leases held", seen.held, seen.expired, "same", loading=S.loading),
        c.stat("Messages per minute", seen.rate, seen.in_flight, "same", loading=S.loading),
        c.stat("Jobs waiting", seen.waiting, seen.running, "same", loading=S.loading),
    )


def _refusal() -> rx.Component:
    return c.empty_state(
        "activity",
        "Not part of your role",
        "This page shows workers, leases and queues of the whole installation. An admin of this workspace sees it.",
    )


@page(
    routes.OPERATIONS,
    title="Operations",
    on_load=S.load,
    may="workspace:read",
    icon="activity",
    links=[Link(Area.WORKSPACE, 20)],
)
def operations() -> Any:
    """Problems first, then who holds which leases."""
    full = rx.fragment(
        _callouts(),
        _figures(),
        _workers(),
        _leases(),
        c.grid("2-1", c.stack(_campaigns(), _accounts()), _stores()),
    )
    live = rx.cond(S.silent_since == "", c.live_dot(), rx.fragment())
    refused = (AppState.person_name != "") & ~c.may("workspace:read")
    return c.page_body(
        c.page_header("Operations", meta=rx.cond(refused, rx.fragment(), live)),
        rx.cond(refused, _refusal(), full),
    )
