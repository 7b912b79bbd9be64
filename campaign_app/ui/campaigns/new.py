"""The first step of a new campaign: its name."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.state import STEPS
from campaign_app.ui.campaigns.new_state import CampaignNew as State
from campaign_app.ui.kit.forms import form_body, form_id
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Command


@page(
    routes.CAMPAIGN_NEW,
    title="New campaign",
    on_load=State.load,
    may="campaigns:write",
    command=Command("New campaign", "plus", "campaigns:write"),
    variant="window",
)
def new_campaign() -> list[rx.Component]:
    """A form with one field in the builder's frame."""
    head = rx.el.div(
        rx.el.h2("What is it called?"),
        rx.el.p("The name is for your team; the people who get the message never see it."),
        class_name="bd-head",
    )
    template = rx.cond(
        State.template_id > 0, c.callout(f"It starts with the template “{State.template_name}”."), rx.fragment()
    )
    return [
        c.builder_bar(
            "New campaign",
            "",
            c.stepper([c.Step(step.label, "current" if step.key == "setup" else "later") for step in STEPS]),
            phone_step="Step 1 of 5",
            close_href=routes.CAMPAIGNS,
        ),
        rx.el.div(
            form_body(State, before=rx.fragment(head, template), class_name="bd-narrow", size="3"),
            class_name="bd-body",
        ),
        c.builder_foot(
            c.ghost_button("Close", href=routes.CAMPAIGNS),
            c.primary_button("Create draft", type="submit", form=form_id(State), busy=State.saving),
        ),
    ]
