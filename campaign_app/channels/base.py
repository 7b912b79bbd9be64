"""What the engine knows of a channel: a Sender pulls messages from a Source and tells it each outcome.

The order of calls for one message is always: `take` → `handed_over` → `settled`. `handed_over` comes in the same
event-loop step as the write after which the provider might accept the message, and before that write; a message that
was taken but never handed over is certainly not sent. `settled` is called exactly once for every message taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from campaign_app.models.delivery import Reason


class Verdict(StrEnum):
    """What a provider's answer means for one message."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # try again later; costs an attempt
    PERMANENT = "permanent"  # never again
    UNCERTAIN = "uncertain"  # handed over, and no answer is known
    NOT_TRIED = "not_tried"  # certainly not sent, costs no attempt: outage, drain, account trouble


class Party(StrEnum):
    """Who is at fault for a refusal."""

    NOBODY = ""
    RECIPIENT = "recipient"
    ACCOUNT = "account"  # the sender: log-in, address, domain, network, reputation, quota
    CONTENT = "content"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one message. `response` holds the provider's own words (≤ 500 characters).

    `account_trouble`: the account, not the recipient, is at fault (log-in refused, connection refused, sender refused
    at any command, the final dot too): the circuit breaker counts it. With NOT_TRIED the message is certainly not
    sent, even if it had been handed over. `throttled`: the provider asked to slow down; no attempt of the recipient's
    is used up. `retry_after` in seconds. `party` and `rule` name who is at fault and the row of the table that says so.
    """

    verdict: Verdict
    reason: Reason = Reason.NONE
    response: str = ""
    retry_after: float | None = None
    account_trouble: bool = False
    throttled: bool = False
    party: Party = Party.NOBODY
    rule: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether the address itself does not exist or cannot be written to, now and later."""
        return (
            self.verdict is Verdict.PERMANENT
            and self.party is Party.RECIPIENT
            and self.reason in {Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID}
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, ready to go. `key` is the delivery's id; `content` is complete (for SMTP: RFC 5322, CRLF)."""

    key: int
    sender: str
    recipient: str
    content: bytes


class Source(Protocol):
    """Where a Sender gets its messages; implemented by the engine. All calls are synchronous and quick."""

    def take(self) -> Outgoing | None:
        """The next message whose slot is granted now; None when there is none at this moment."""

    def handed_over(self, key: int) -> None:
        """The provider may accept this message from now on."""

    def settled(self, key: int, result: Result) -> None:
        """The one final outcome of a message that was taken."""


class Sender(Protocol):
    """An account's open connections. It takes from the source whenever a connection is free."""

    @property
    def in_flight(self) -> int:
        """Messages taken and not settled."""

    def wake(self) -> None:
        """The source has messages again (or new slots)."""

    async def drain(self, timeout_s: float) -> None:
        """Take no more, wait for answers; after the timeout settle the rest as UNCERTAIN or NOT_TRIED."""

    async def close(self) -> None:
        """Close every connection politely."""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """A sending account with its secrets opened; lives in memory only and never in a log (repr hides secrets)."""

    id: int
    name: str
    host: str
    port: int
    tls: str
    username: str
    password: str
    from_address: str
    from_name: str
    reply_to: str
    connections: int
    limit_per_minute: int | None
    limit_per_day: int | None
    pipelining: str
    dkim_domain: str
    dkim_selector: str
    dkim_key: str
    auth: str = "auto"
    eight_bit: bool = False  # the server is known to offer 8BITMIME

    def __repr__(self) -> str:
        return f"AccountConfig(id={self.id}, name={self.name!r}, host={self.host!r}, port={self.port})"


@dataclass(frozen=True, slots=True)
class Content:
    """One rendered message. `headers` are extra header lines (List-Unsubscribe …), already safe (no CR or LF)."""

    recipient: str
    recipient_name: str
    subject: str
    html: str
    text: str
    message_id: str
    headers: Mapping[str, str]


class Composer(Protocol):
    """Turns rendered content into bytes; made once per campaign and account."""

    def compose(self, content: Content) -> bytes:
        """The complete message as the channel sends it.

        Raises:
            ValueError: a header value holds CR or LF, or the address cannot be sent to.
        """


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a connection test found: `ok`, the server's own words line by line, its capabilities, seconds taken."""

    ok: bool
    summary: str
    transcript: tuple[str, ...]
    capabilities: Mapping[str, str]
    seconds: float


class ChannelAdapter(Protocol):
    """Everything about one channel; found through `channels.registry.adapter(channel)`."""

    def sender(
        self,
        account: AccountConfig,
        source: Source,
        *,
        on_capabilities: Callable[[Mapping[str, str]], None] | None = None,
    ) -> Sender:
        """A sender bound to the running event loop. Connections open when there is something to send.

        `on_capabilities` hears what the server turned out to offer, and what it offers but breaks on; hand it to
        `channels.service.record_capabilities`.
        """

    def composer(self, account: AccountConfig, *, from_name: str, reply_to: str) -> Composer:
        """A composer for one campaign's messages."""

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        """Connect, greet, log in, leave. Never raises for what the server does."""

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        """Send a single message outside any campaign (test sends)."""
