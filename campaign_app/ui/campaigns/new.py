"""The first question of a new campaign: its name."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaign_builder.state import STEPS
from campaign_app.ui.campaigns.new_state import CampaignNew as State
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
    """A form of one field in the builder's frame."""
    return [
        c.builder_bar(
            "New campaign",
            "",
            c.stepper([c.Step(step.label, "current" if step.key == "setup" else "later") for step in STEPS]),
            phone_step="Step 1 of 5",
            close_href=routes.CAMPAIGNS,
        ),
        rx.el.div(
            rx.form(
                rx.el.div(
                    rx.el.h2("What is it called?"),
                    rx.el.p("The name is for your team; the people who get the message never see it."),
                    class_name="bd-head",
                ),
                rx.cond(
                    State.template_id > 0,
                    c.callout(f"It starts with the template “{State.template_name}”."),
                    rx.fragment(),
                ),
                c.form_field(
                    "Campaign name",
                    c.text_input(
                        "name",
                        placeholder="November restock offer",
                        max_length=255,
                        auto_focus=True,
                        error=State.wrong,
                        size="3",
                    ),
                    name="name",
                    error=State.wrong,
                ),
                id="new-campaign",
                on_submit=State.create,
                class_name="bd-narrow",
            ),
            class_name="bd-body",
        ),
        c.builder_foot(
            c.ghost_button("Close", href=routes.CAMPAIGNS),
            c.primary_button("Create draft", type="submit", form="new-campaign", busy=State.creating),
        ),
    ]
