"""The messages a dialogue sends, and their owner."""

from typing import Protocol

from campaign_app.channels.base import Outgoing, Result
from campaign_app.channels.email_smtp.grouping import Mode


class Item:
    """A message in transit. `moves` counts how often it changed connection before it was handed over.

    `named`: the server got the sender and was sent the recipient. `doubt`: it was refused inside a group by a server
    not yet proven to support groups (the grouping, the server's text); it is sent again alone. `step`: the number of
    push-backs when it was taken.
    """

    __slots__ = ("doubt", "handed", "message", "moves", "named", "refusal", "step")

    def __init__(self, message: Outgoing, step: int = 0) -> None:
        self.message = message
        self.step = step
        self.moves = 0
        self.handed = False
        self.named = False
        self.doubt: tuple[Mode, str] | None = None
        self.refusal: Result | None = None


class Owner(Protocol):
    """Gives messages to a dialogue and gets their outcomes (the sender; a script in tests)."""

    def next_item(self) -> Item | None:
        """The next message to send, if there is one now."""

    def handed_over(self, key: int) -> None:
        """Called before the write that holds the final dot."""

    def settle(self, item: Item, result: Result) -> None:
        """The outcome of an item."""

    def give_back(self, item: Item, why: str, *, may_move: bool) -> None:
        """Return an item that cannot be handed over here. `may_move`: another connection may take it."""
