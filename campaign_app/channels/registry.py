"""The only place that maps providers to adapters. A new channel is an adapter and a line here."""

from collections.abc import Sequence
from typing import Final

from campaign_app.channels.base import ChannelAdapter
from campaign_app.channels.content import Channel
from campaign_app.channels.email_smtp.adapter import SmtpAdapter

_ADAPTERS: Final[dict[str, ChannelAdapter]] = {
    each.provider: each
    for each in (
        SmtpAdapter(),
    )
}  # fmt: skip


def adapter(provider: str) -> ChannelAdapter:
    return _ADAPTERS[provider]


def channel(name: str) -> Channel:
    """A channel by its name. A campaign made before there was a choice has none and uses the default."""
    return next((each.channel for each in _ADAPTERS.values() if each.channel.name == name), adapters()[0].channel)


def channels() -> Sequence[Channel]:
    """All channels, the default first."""
    return tuple({each.channel.name: each.channel for each in _ADAPTERS.values()}.values())


def adapters() -> Sequence[ChannelAdapter]:
    """All adapters, the default first."""
    return tuple(_ADAPTERS.values())
