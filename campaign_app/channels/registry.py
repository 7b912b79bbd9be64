"""The one place that knows which adapter speaks for a provider. A new channel is an adapter and a line here."""

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
    """The adapter of a provider."""
    return _ADAPTERS[provider]


def channel(name: str) -> Channel:
    """A channel by its name; a campaign from before there was a choice has none, and goes by the usual one."""
    return next((each.channel for each in _ADAPTERS.values() if each.channel.name == name), adapters()[0].channel)


def channels() -> Sequence[Channel]:
    """All of them, the usual one first."""
    return tuple({each.channel.name: each.channel for each in _ADAPTERS.values()}.values())


def adapters() -> Sequence[ChannelAdapter]:
    """All of them, the usual one first."""
    return tuple(_ADAPTERS.values())
