"""What a dialogue works on, and for whom."""

from typing import Protocol

from campaign_app.channels.base import Outgoing, Result


class Item:
    """A message on its way. `moves` counts how often it changed connection before it was handed over."""

    __slots__ = ("handed", "message", "moves", "refusal")

    def __init__(self, message: Outgoing) -> None:
        self.message = message
        self.moves = 0
        self.handed = False
        self.refusal: Result | None = None


class Owner(Protocol):
    """Who gives messages to a dialogue and hears of them (the sender; a script in tests)."""

    def next_item(self) -> Item | None:
        """The next message to send, if there is one now."""

    def handed_over(self, key: int) -> None:
        """Called before the write that holds the final dot."""

    def settle(self, item: Item, result: Result) -> None:
        """The outcome of an item."""

    def give_back(self, item: Item, why: str, *, may_move: bool) -> None:
        """An item that was not handed over and cannot go on here; `may_move`: another connection may take it."""
