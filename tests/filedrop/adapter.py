"""A channel that writes one file per message. It has handles and a text: no subject, no links, no servers."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from campaign_app.channels.base import (
    AccountConfig,
    AccountSettings,
    Candidate,
    ConnectionReport,
    Dependence,
    Envelope,
    Outgoing,
    Result,
    Source,
    Summary,
    Verdict,
    Weakness,
)
from campaign_app.channels.content import AddressKind, Capabilities, Channel, Inspected, Shown
from campaign_app.channels.fields import Field, Form, Group
from campaign_app.channels.reports import Fact, Report
from campaign_app.models.delivery import EventKind, Reason
from campaign_app.rendering import budget, isolated
from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.filters import is_empty
from campaign_app.rendering.finding import Finding, fine, warning
from campaign_app.rendering.jobs import know
from campaign_app.rendering.link_values import NONE, LinkValues, PersonalLinks
from campaign_app.rendering.template_environment import PLAIN
from tests.filedrop import jobs

know(jobs.__name__)
HANDLE = re.compile(r"[a-z][a-z0-9-]{2,30}")


class FileContent(BaseModel):
    body: str = ""


class FileDropSettings(AccountSettings):
    folder: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Read:
    """What `jobs.read` found."""

    body: str
    variables: tuple[str, ...]
    required: tuple[str, ...]
    links: tuple[str, ...] = ()


class FileMessage:
    """A text, compiled."""

    links: tuple[str, ...] = ()
    personal = PersonalLinks({})

    def __init__(self, read: Read) -> None:
        self._part = CompiledTemplate(PLAIN, read.body, "text")
        self._required = read.required
        self.reads = self._part.reads

    def missing(self, context: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(name for name in self._required if is_empty(context.get(name)))

    def link_values(self, context: Mapping[str, Any]) -> LinkValues:
        return NONE

    def render(self, context: Mapping[str, Any]) -> str:
        token = budget.begin()
        try:
            return self._part.render(context)
        finally:
            budget.end(token)


class FileChannel:
    name = "filedrop"
    label = "File drop"
    icon = "folder"
    message_word = "a file"
    address = AddressKind("handle", "handle", like="___%")
    capabilities = Capabilities(confirms_read=True, hears_replies=True)
    content_model: type[BaseModel] = FileContent
    content_form = Form((Group("Message", ((Field("body", "Text"),),)),))

    templates: Sequence[Mapping[str, Any]] = ()

    def read_report(self, raw: bytes) -> Report | None:
        """A line `READ anna-17.txt`."""
        word, _, name = raw.decode().strip().partition(" ")
        number = name.rpartition("-")[2].removesuffix(".txt")
        if word not in {"READ", "REPLY"} or not number.isdigit():
            return None
        return Report((Fact(EventKind(word.lower())),), delivery_id=int(number))

    def lacks(self, content: FileContent) -> str:
        return "" if content.body.strip() else "message"

    async def prepare(self, who: str, content: FileContent, **_: Any) -> Read:
        found = await isolated.run(who, 2.0, jobs.read, content.body)
        return Read(found["body"], tuple(found["variables"]), tuple(found["required"]))

    def compile(self, prepared: Read) -> FileMessage:
        return FileMessage(prepared)

    async def preview(
        self, who: str, content: FileContent, person: Mapping[str, Any], around: Mapping[str, str], *, marked: bool
    ) -> Shown:
        read = await isolated.run(who, 2.0, jobs.read, content.body)
        (text,) = await isolated.run(who, 2.0, jobs.show, content.body, [{**person, **around}])
        missing = tuple(name for name in read["required"] if is_empty(person.get(name)))
        return Shown(html=f"<pre>{escape(text)}</pre>", text=text, missing=missing, variables=tuple(read["variables"]))

    async def inspect(
        self,
        who: str,
        content: FileContent,
        sample: Sequence[Mapping[str, Any]],
        around: Mapping[str, str],
        attributes: Sequence[str],
    ) -> Inspected:
        read = await isolated.run(who, 2.0, jobs.read, content.body)
        is_long = len(content.body) > 500
        found = warning("The text is long", "", "content", "length") if is_long else fine("The text is short", "length")
        return Inspected((found,), (), frozenset(read["variables"]), frozenset(read["required"]))


class FileComposer:
    def __init__(self, signature: str) -> None:
        self._signature = signature

    def compose(self, envelope: Envelope, rendered: str) -> bytes:
        return f"{envelope.name} ({envelope.recipient}):\n{rendered}\n{self._signature}\n{envelope.token}\n".encode()


class FileSender:
    """Writes in the event loop's thread: a file of the machine's own is quick enough for a test."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._folder, self._source = folder, source
        self._woken = asyncio.Event()
        self._stopping = False
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.in_flight = 0

    def wake(self) -> None:
        self._woken.set()

    async def _run(self) -> None:
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            while not self._stopping and (message := self._source.take()) is not None:
                self.in_flight += 1
                await asyncio.sleep(0)
                result = write(self._folder, message, lambda: self._source.handed_over(message.key))
                self.in_flight -= 1
                self._source.settled(message.key, result)

    async def drain(self, timeout_s: float) -> None:
        self._stopping = True
        self._woken.set()
        await asyncio.wait([self._task], timeout=max(timeout_s, 0.1))

    async def close(self) -> None:
        await self.drain(0)


def write(folder: Path, message: Outgoing, handed_over: Any = lambda: None) -> Result:
    """One file; a handle "busy-…" finds its folder locked the first time."""
    if not HANDLE.fullmatch(message.recipient):
        return Result(Verdict.PERMANENT, Reason.ADDRESS_INVALID, "not a handle")
    if not folder.is_dir():
        return Result(Verdict.NOT_TRIED, Reason.ACCOUNT, f"{folder} is not there", account_trouble=True)
    handed_over()
    locked = folder / f".locked-{message.recipient}"
    if message.recipient.startswith("busy-") and not locked.exists():
        locked.touch()
        return Result(Verdict.RETURNED, response="the folder is locked")
    name = f"{message.recipient}-{message.key}.txt"
    (folder / name).write_bytes(message.content)
    return Result(Verdict.ACCEPTED, response=f"written to {name}", provider_id=name)


def _is_there(account: AccountConfig) -> bool:
    return Path(account.settings.folder).is_dir()


class FileDropAdapter:
    provider = "filedrop"
    provider_label = "Folder of this machine"
    settings_model: type[AccountSettings] = FileDropSettings
    secret_names: tuple[str, ...] = ()
    form = Form((Group("Folder", ((Field("folder", "Folder"), Field("signature", "Signature", optional=True)),)),))
    dependence = Dependence(frozenset({"folder"}), frozenset(), frozenset())
    channel: Channel = FileChannel()
    capabilities = FileChannel.capabilities

    def problems(self, candidate: Candidate) -> dict[str, str]:
        return {} if Path(candidate.settings.folder).is_absolute() else {"folder": "Give the whole path."}

    def unused_secrets(self, settings: FileDropSettings) -> frozenset[str]:
        return frozenset()

    def summary(self, settings: FileDropSettings) -> Summary:
        return Summary(Path(settings.folder).name, server=settings.folder)

    def facts(self, settings: FileDropSettings, secrets: Collection[str]) -> list[tuple[str, str]]:
        return [("Folder", settings.folder)]

    def connection(self, account: AccountConfig) -> tuple[Any, ...]:
        return (account.settings.folder,)

    def connection_key(self, account: AccountConfig) -> object:
        return None

    def learnt(self, capabilities: Mapping[str, Any], settings: FileDropSettings) -> Mapping[str, str]:
        return {}

    def keeps(self, capability: str) -> bool:
        return False

    def offers(self, capabilities: Mapping[str, Any]) -> list[str]:
        return []

    def weakness(self, capabilities: Mapping[str, Any]) -> Weakness | None:
        return None

    def sender(self, account: AccountConfig, source: Source, **_: Any) -> FileSender:
        return FileSender(Path(account.settings.folder), source)

    def composer(self, account: AccountConfig, content: FileContent) -> FileComposer:
        return FileComposer(account.settings.signature)

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        ok = _is_there(account)
        return ConnectionReport(ok, "The folder is there." if ok else "There is no such folder.", (), {}, 0.0)

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        return write(Path(account.settings.folder), message)

    async def sender_checks(self, settings: FileDropSettings) -> list[Finding]:
        return [fine("The folder needs no proof of its sender", "folder")]

    def recipient_problem(self, address: str) -> str:
        return "" if HANDLE.fullmatch(address) else "This is not a handle."

    def campaign_test(self, account: AccountConfig, content: FileContent, shown: Shown, to: str, mark: str) -> Outgoing:
        return Outgoing(0, "", to, f"[Test] {shown.text}".encode())

    def message_id(self, settings: FileDropSettings, delivery_id: int) -> str:
        return ""

    def provider_id(self, response: str) -> str:
        return ""

    def account_test(self, account: AccountConfig, to: str) -> Outgoing:
        return Outgoing(0, "", to, b"This is a test.")
