"""The one place that knows which adapter speaks for a channel."""

from collections.abc import Mapping
from typing import Final

from campaign_app.channels.base import ChannelAdapter
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.models.account import Channel

_ADAPTERS: Final[Mapping[Channel, ChannelAdapter]] = {Channel.EMAIL: SmtpAdapter()}


def adapter(channel: Channel) -> ChannelAdapter:
    """The adapter of a channel."""
    return _ADAPTERS[channel]
