"""The parts of an account's page that only one provider has. A module here with the provider's name supplies them.

`cards()` and `dialogs()` are components, `ON_LOAD` are event handlers. A provider without a module has only the form.
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import reflex as rx

from campaign_app.channels import registry
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.kit.vars import by_case


def _found() -> list[tuple[str, ModuleType]]:
    names = [(adapter.provider, f"{__name__}.{adapter.provider}") for adapter in registry.adapters()]
    return [(provider, import_module(name)) for provider, name in names if find_spec(name) is not None]


def cards() -> rx.Component:
    """Shown beside the form of a saved account."""
    return by_case(AccountPage.provider, *((name, module.cards()) for name, module in _found()), rx.fragment())


def dialogs() -> rx.Component:
    """All dialogs; each opens by its own state."""
    return rx.fragment(*(module.dialogs() for _, module in _found()))


def on_load() -> list[Any]:
    """Events for when the page opens."""
    return [event for _, module in _found() for event in module.ON_LOAD]
