"""The adapter for e-mail over SMTP."""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from campaign_app.channels.base import (
    AccountConfig,
    AccountSettings,
    Candidate,
    ConnectionReport,
    Dependence,
    Outgoing,
    Result,
    Sender,
    Source,
    Summary,
    Verdict,
    Weakness,
)
from campaign_app.channels.content import Channel, Shown
from campaign_app.channels.email import message_ids, own_sandbox, queue_ids, sender_authentication
from campaign_app.channels.email.channel import EmailChannel
from campaign_app.channels.email.content import EmailContent
from campaign_app.channels.email_smtp import learnt, settings
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.composer import Mail, MimeComposer
from campaign_app.channels.email_smtp.connection import Connection, Options
from campaign_app.channels.email_smtp.settings import TLS_LABELS, SmtpSettings
from campaign_app.channels.email_smtp.transport import SmtpSender
from campaign_app.channels.email_smtp.trouble import Trouble, timed_out
from campaign_app.models.delivery import Reason
from campaign_app.rendering.finding import Finding


class SmtpAccounts:
    """The `AccountKind` of SMTP accounts."""

    provider = "smtp"
    provider_label = "Mail server (SMTP)"
    settings_model: type[AccountSettings] = SmtpSettings
    secret_names: tuple[str, ...] = settings.SECRETS
    form = settings.FORM
    dependence = Dependence(
        connection=frozenset({"host", "port", "tls", "auth", "username", "password"}),
        server=frozenset({"host", "port", "tls", "pipelining"}),
        rate=frozenset({"host", "port", "username"}),
    )

    def problems(self, candidate: Candidate) -> dict[str, str]:
        return settings.problems(candidate)

    def unused_secrets(self, settings: SmtpSettings) -> frozenset[str]:
        """A password without a user name is not used."""
        return frozenset() if settings.username else frozenset({"password"})

    def summary(self, settings: SmtpSettings) -> Summary:
        is_sandbox = own_sandbox.is_sandbox(settings.host, settings.port)
        return Summary(settings.from_address, settings.from_name, settings.reply_to, settings.host, is_sandbox)

    def facts(self, settings: SmtpSettings, secrets: Collection[str]) -> list[tuple[str, str]]:
        name, address = settings.from_name, settings.from_address
        signed = f"{settings.dkim_domain}, {settings.dkim_selector}" if "dkim_key" in secrets else "No"
        return [
            ("Sender", f"{name} <{address}>" if name else address),
            ("Answers go to", settings.reply_to or address),
            ("Server", f"{settings.host}, port {settings.port}"),
            ("Encryption", TLS_LABELS[settings.tls]),
            ("Signed (DKIM)", signed),
        ]

    def connection(self, account: AccountConfig) -> tuple[Any, ...]:
        """Host, port, encryption and log-in."""
        one = SmtpAccount.of(account)
        return (one.host.lower(), one.port, one.tls, one.auth, one.username, one.password)

    def connection_key(self, account: AccountConfig) -> object:
        """How commands are grouped. Whether 8-bit letters are allowed concerns only the composer."""
        return account.learnt.get("pipelining")

    def learnt(self, capabilities: Mapping[str, Any], settings: SmtpSettings) -> Mapping[str, str]:
        return learnt.read(capabilities, settings.pipelining)

    def keeps(self, capability: str) -> bool:
        """What was learnt about grouping stays until it is learnt again."""
        return capability.startswith(learnt.PREFIX)

    def offers(self, capabilities: Mapping[str, Any]) -> list[str]:
        return learnt.offers(capabilities)

    def weakness(self, capabilities: Mapping[str, Any]) -> Weakness | None:
        """Grouped commands that it handles wrongly."""
        return learnt.weakness(capabilities)


class SmtpAdapter(SmtpAccounts):
    """The `ChannelAdapter` for SMTP accounts."""

    channel: Channel = EmailChannel()
    capabilities = EmailChannel.capabilities

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def sender(
        self,
        account: AccountConfig,
        source: Source,
        *,
        on_capabilities: Callable[[Mapping[str, str]], None] | None = None,
    ) -> Sender:
        return SmtpSender(SmtpAccount.of(account), source, options=self._options, on_capabilities=on_capabilities)

    def composer(self, account: AccountConfig, content: EmailContent) -> MimeComposer:
        """A composer for one campaign's messages. It uses 8-bit letters if the server is known to accept them.

        Raises:
            ValueError: the account's own addresses or its DKIM key cannot be used.
        """
        return MimeComposer(SmtpAccount.of(account), from_name=content.from_name, reply_to=content.reply_to)

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        started = time.monotonic()
        transcript: list[str] = []
        server = SmtpAccount.of(account)
        connection = Connection(server, self._options, transcript=transcript)
        capabilities: Mapping[str, str] = {}
        try:
            async with asyncio.timeout(timeout_s):
                capabilities = (await connection.open()).words
            await connection.quit()
            ok, summary = True, "The server takes mail from this account."
        except Trouble as found:
            ok, summary = False, str(found)
        except TimeoutError:
            ok, summary = False, str(timed_out(server.host, server.port, f"within {timeout_s:g} s"))
        seconds = time.monotonic() - started
        return ConnectionReport(ok, summary, tuple(transcript), dict(capabilities), seconds)

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        source = _Single(message)
        sender = SmtpSender(SmtpAccount.of(account), source, options=self._options)
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

    async def sender_checks(self, settings: SmtpSettings) -> list[Finding]:
        return await sender_authentication.findings(settings.from_address, settings.dkim_selector, settings.dkim_domain)

    def recipient_problem(self, address: str) -> str:
        return settings.address_problem(address)

    def campaign_test(
        self, account: AccountConfig, content: EmailContent, shown: Shown, to: str, mark: str
    ) -> Outgoing:
        """A campaign's message for a colleague, marked as a test.

        Raises:
            ValueError: the address cannot be sent to, or the account's own cannot be used.
        """
        sender = account.settings.from_address
        mail = Mail(
            recipient=to,
            recipient_name="",
            subject=f"[Test] {shown.subject}",
            html=shown.html,
            text=shown.text,
            message_id=f"<test.{mark}@{_domain(sender)}>",
            headers={},
        )
        return Outgoing(0, sender, to, self.composer(account, content).compose_mail(mail))

    def message_id(self, settings: SmtpSettings, delivery_id: int) -> str:
        return message_ids.make(delivery_id, _domain(settings.from_address))

    def provider_id(self, response: str) -> str:
        """The server's queue id."""
        return queue_ids.read(response)

    def account_test(self, account: AccountConfig, to: str) -> Outgoing:
        """A short message that shows that the account works.

        Raises:
            ValueError: the account's own addresses or its key cannot be used.
        """
        own: SmtpSettings = account.settings
        lines = (
            f"This is a test from Beacon through the sending account “{account.name}”.",
            "If you can read it, the account works. Nobody needs to answer.",
        )
        mail = Mail(
            recipient=to,
            recipient_name="",
            subject=f"Test from Beacon: {account.name}",
            html="",
            text="\n\n".join(lines) + "\n",
            message_id=f"test.{secrets.token_hex(12)}@{_domain(own.from_address)}",
            headers={"Auto-Submitted": "auto-generated"},
        )
        composed = MimeComposer(SmtpAccount.of(account)).compose_mail(mail)
        return Outgoing(0, own.from_address, to, composed)


def _domain(address: str) -> str:
    return address.rpartition("@")[2] or "localhost"


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
        """A test message is not recorded."""

    def settled(self, key: int, result: Result) -> None:  # noqa: ARG002  (there is one)
        self.result = result
        self.done.set()
