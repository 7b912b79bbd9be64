"""The workspace's fields, as the set-up step and the settings show them."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.settings.tabs import zone_choices

ZONES = "workspace-zones"
_PLACEHOLDER = "https://mail.your-company.com"


def public_url(value: Any, error: Any, note: Any, fixed: Any, size: str = "2") -> rx.Component:
    """Where recipients reach this installation; only to be read when the environment says it."""
    return c.form_field(
        "Public address",
        c.text_input(
            "public_url",
            size=size,
            default_value=value,
            error=error,
            read_only=fixed,
            placeholder=_PLACEHOLDER,
            max_length=255,
            input_mode="url",
            auto_complete="off",
            spell_check=False,
        ),
        name="public_url",
        error=error,
        hint=rx.cond(note != "", note, "Every link begins with it, the unsubscribe link too"),
    )


def company(value: Any, error: Any, size: str = "2") -> rx.Component:
    """Who sends."""
    return c.form_field(
        "Company",
        c.text_input(
            "company", size=size, default_value=value, error=error, max_length=255, auto_complete="organization"
        ),
        name="company",
        error=error,
        hint="Stands on the unsubscribe page",
    )


def postal_address(value: Any, error: Any, size: str = "2") -> rx.Component:
    """Where the sender sits."""
    return c.form_field(
        "Postal address",
        c.text_area("postal_address", size=size, default_value=value, error=error, rows="3", max_length=500),
        name="postal_address",
        error=error,
        hint="Stands at the foot of every message. The law of most countries asks for it in commercial mail",
    )


def time_zone(value: Any, error: Any, size: str = "2") -> rx.Component:
    """Where days begin for everybody without a zone of their own."""
    return rx.fragment(
        c.form_field(
            "Time zone",
            c.text_input("time_zone", size=size, default_value=value, error=error, list=ZONES, auto_complete="off"),
            name="time_zone",
            error=error,
            hint="For schedules, and for people without a zone of their own",
        ),
        zone_choices(ZONES),
    )
