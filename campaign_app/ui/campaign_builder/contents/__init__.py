"""The content step by channel. A module here with the channel's name has `content_step()`, the channel's own editor.

A channel without a module gets a form of its declared fields.
"""

from importlib import import_module
from importlib.util import find_spec

import reflex as rx

from campaign_app.channels import registry
from campaign_app.ui.campaign_builder.fields import fields_step
from campaign_app.ui.campaign_builder.state import Builder


def content_step() -> rx.Component:
    """The editor of the campaign's channel."""
    cases = []
    for channel in registry.channels():
        name = f"{__name__}.{channel.name}"
        own = import_module(name).content_step() if find_spec(name) is not None else fields_step(channel)
        cases.append((channel.name, own))
    return rx.fragment(rx.match(Builder.channel, *cases, rx.fragment()))
