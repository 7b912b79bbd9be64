"""An SMTP account's page has a card for its DKIM key."""

import reflex as rx

from campaign_app.ui.accounts.providers.dkim_card import dkim_card, dkim_dialogs
from campaign_app.ui.accounts.providers.dkim_state import AccountDkim

ON_LOAD = [AccountDkim.load]


def cards() -> rx.Component:
    return dkim_card()


def dialogs() -> rx.Component:
    return dkim_dialogs()
