"""The workspace's fields, as the set-up step and the settings show them."""

from typing import Final

import reflex as rx

from campaign_app.ui.kit.forms import Overrides
from campaign_app.ui.kit.forms_state import Field
from campaign_app.ui.kit.vars import choose, is_set
from campaign_app.ui.settings.tabs import zone_choices

_ZONES: Final = "workspace-zones"

PUBLIC_URL: Final = Field(
    "public_url",
    "Public address",
    more={
        "placeholder": "https://mail.your-company.com",
        "max_length": 255,
        "input_mode": "url",
        "auto_complete": "off",
        "spell_check": False,
    },
)
COMPANY: Final = Field(
    "company",
    "Company",
    hint="Stands on the unsubscribe page",
    more={"max_length": 255, "auto_complete": "organization"},
)
POSTAL_ADDRESS: Final = Field(
    "postal_address",
    "Postal address",
    "area",
    "Stands at the foot of every message. The law of most countries asks for it in commercial mail",
    more={"rows": "3", "max_length": 500},
)
TIME_ZONE: Final = Field(
    "time_zone",
    "Time zone",
    hint="For schedules, and for people without a zone of their own",
    more={"list": _ZONES, "auto_complete": "off"},
)


def address_overrides(note: rx.Var[str] | str, fixed: rx.Var[bool] | bool) -> Overrides:
    """The public address is read-only when the environment sets it."""
    hint = choose(is_set(note), note, "Every link begins with it, the unsubscribe link too")
    return {"public_url": {"hint": hint, "read_only": fixed}}


def zones() -> rx.Component:
    """Suggestions for the time zone."""
    return zone_choices(_ZONES)
