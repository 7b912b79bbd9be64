"""The builder: its own full window with five steps."""

from typing import cast

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.audience import audience_step
from campaign_app.ui.campaign_builder.audience_state import BuilderAudience
from campaign_app.ui.campaign_builder.contents import content_step
from campaign_app.ui.campaign_builder.review import review_step
from campaign_app.ui.campaign_builder.review_state import BuilderReview
from campaign_app.ui.campaign_builder.schedule import schedule_step
from campaign_app.ui.campaign_builder.setup import setup_step
from campaign_app.ui.campaign_builder.state import KEYS, STEPS, Builder
from campaign_app.ui.campaign_builder.test_send_state import SendTestForm
from campaign_app.ui.kit.dialogs import form_dialog, open_form
from campaign_app.ui.kit.vars import any_of, choose, is_set, not_, same
from campaign_app.ui.layout import page


@page(routes.CAMPAIGN_EDIT, title="Campaign builder", on_load=Builder.load, may="campaigns:write", variant="window")
def builder() -> list[rx.Component]:
    """Bar, step, foot."""
    address = Builder.address
    screens = {
        "setup": setup_step,
        "audience": audience_step,
        "content": content_step,
        "schedule": schedule_step,
        "review": review_step,
    }
    return [
        c.builder_bar(
            Builder.name,
            choose(is_set(Builder.conflict), "Not saved", Builder.saved),
            c.stepper([_step(number, f"{address}?step={step.key}") for number, step in enumerate(STEPS)]),
            phone_step=_phone_step(),
            close_href=routes.CAMPAIGNS,
            action=c.outline_button("Send a test", "send", open_form(SendTestForm)),
        ),
        _conflict(),
        rx.el.div(
            rx.match(Builder.opened, *((key, make()) for key, make in screens.items()), _loading()),
            class_name="bd-body",
        ),
        _foot(f"{address}?step="),
        _test_dialog(),
    ]


def _phone_step() -> rx.Var[str]:
    words = ((key, f"Step {number} of {len(KEYS)}") for number, key in enumerate(KEYS, 1))
    return cast("rx.Var[str]", rx.match(Builder.step, *words, ""))


def _step(number: int, href: str) -> c.Step:
    step = STEPS[number]
    reached = choose(Builder.reached > number, "done", "later")
    return c.Step(step.label, choose(same(Builder.step, step.key), "current", reached), href=href)


def _loading() -> rx.Component:
    return rx.el.div(c.skeleton_card(5), class_name="bd-narrow", aria_busy="true")


def _conflict() -> rx.Component:
    acts = rx.el.div(
        c.small_button("Load the saved version", on_click=Builder.load_theirs),
        c.small_button("Keep mine as a copy", on_click=Builder.keep_as_copy, busy=Builder.copying),
        class_name="b-row b-wrap",
    )
    box = c.callout(Builder.conflict, "error", title=Builder.conflict_title, action=acts)
    return rx.cond(Builder.conflict != "", rx.el.div(box, class_name="bd-conflict"), rx.fragment())


def _foot(address: str) -> rx.Component:
    backs = [(key, c.ghost_button("Back", href=f"{address}{KEYS[n]}")) for n, key in enumerate(KEYS[1:])]
    nexts = [(KEYS[n], _next(STEPS[n + 1].next_label)) for n in range(len(KEYS) - 1)]
    reach = choose(same(Builder.opened, "audience"), f"{BuilderAudience.reachable_text} recipients", "")
    return c.builder_foot(
        rx.match(Builder.step, *backs, c.ghost_button("Close", href=routes.CAMPAIGNS)),
        rx.match(Builder.step, *nexts, _launch()),
        rx.cond(Builder.step == "review", _reason(), reach),
    )


def _next(label: str) -> rx.Component:
    return c.primary_button(
        rx.el.span(label, c.icon("chevron_right"), class_name="b-row"),
        on_click=Builder.advance,
        disabled=not_(Builder.ready),
    )


def _launch() -> rx.Component:
    button = c.primary_button(
        BuilderReview.act,
        on_click=BuilderReview.ask_launch(True),
        disabled=any_of(not_(BuilderReview.can_launch), BuilderReview.checking),
        aria_describedby="launch-reason",
    )
    keep = c.primary_button("Back to the campaign", href=Builder.page_address)
    return rx.cond(BuilderReview.scheduled, keep, button)


def _reason() -> rx.Component:
    words = rx.el.span(c.icon("octagon_alert", stroke_width=2), BuilderReview.reason, class_name="bd-reason")
    return rx.el.span(rx.cond(BuilderReview.reason != "", words, rx.fragment()), id="launch-reason")


def _test_dialog() -> rx.Component:
    return form_dialog(
        SendTestForm,
        "Send a test",
        act="Send a test",
        cancel="Keep editing",
        text="One message as it is now, marked [Test]. It counts in no figures.",
    )
