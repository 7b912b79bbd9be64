"""E-mail over SMTP as a channel."""

import asyncio
import time
from collections.abc import Callable, Mapping

from campaign_app.channels.base import AccountConfig, ConnectionReport, Outgoing, Result, Sender, Source, Verdict
from campaign_app.channels.email_smtp.composer import MimeComposer
from campaign_app.channels.email_smtp.connection import Connection, Options
from campaign_app.channels.email_smtp.transport import SmtpSender
from campaign_app.channels.email_smtp.trouble import Trouble, timed_out
from campaign_app.models.delivery import Reason


class SmtpAdapter:
    """The `ChannelAdapter` for SMTP accounts."""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def sender(
        self,
        account: AccountConfig,
        source: Source,
        *,
        on_capabilities: Callable[[Mapping[str, str]], None] | None = None,
    ) -> Sender:
        """A sender bound to the running event loop."""
        return SmtpSender(account, source, options=self._options, on_capabilities=on_capabilities)

    def composer(self, account: AccountConfig, *, from_name: str, reply_to: str) -> MimeComposer:
        """A composer for one campaign's messages; letters beyond ASCII go as 8 bit if the server is known to take it.

        Raises:
            ValueError: the account's own addresses or its DKIM key cannot be used.
        """
        return MimeComposer(account, from_name=from_name, reply_to=reply_to)

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        """Connect, greet, log in, leave. Never raises for what the server does."""
        started = time.monotonic()
        transcript: list[str] = []
        connection = Connection(account, self._options, transcript=transcript)
        capabilities: Mapping[str, str] = {}
        try:
            async with asyncio.timeout(timeout_s):
                capabilities = (await connection.open()).words
            await connection.quit()
            ok, summary = True, "The server takes mail from this account."
        except Trouble as found:
            ok, summary = False, str(found)
        except TimeoutError:
            ok, summary = False, str(timed_out(account.host, account.port, f"within {timeout_s:g} s"))
        seconds = time.monotonic() - started
        return ConnectionReport(ok, summary, tuple(transcript), dict(capabilities), seconds)

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        """Send a single message outside any campaign (test sends)."""
        source = _Single(message)
        sender = SmtpSender(account, source, options=self._options)
        sender.wake()
        try:
            async with asyncio.timeout(timeout_s):
                await source.done.wait()
        except TimeoutError:
            await sender.drain(0)
        finally:
            await sender.close()
        no_answer = Result(
            Verdict.NOT_TRIED, Reason.ACCOUNT, f"No answer within {timeout_s:g} s.", account_trouble=True
        )
        if source.result is None or (source.result.verdict is Verdict.NOT_TRIED and not source.result.account_trouble):
            return no_answer
        return source.result


class _Single:
    """A source of one message."""

    def __init__(self, message: Outgoing) -> None:
        self._message: Outgoing | None = message
        self.result: Result | None = None
        self.done = asyncio.Event()

    def take(self) -> Outgoing | None:
        message, self._message = self._message, None
        return message

    def handed_over(self, key: int) -> None:
        """Nothing is kept of a test message."""

    def settled(self, key: int, result: Result) -> None:  # noqa: ARG002  (there is one)
        self.result = result
        self.done.set()
