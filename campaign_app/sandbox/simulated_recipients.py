"""Carries out the actions of simulated recipients through the links of the mail and through reports, nowhere else."""

import asyncio
import hashlib
import heapq
import hmac
import itertools
import time
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from campaign_app.core.crypto import derive
from campaign_app.kit.html_tokens import Document
from campaign_app.sandbox import mail, reports, returned
from campaign_app.sandbox.behaviour import Action, Planned

AT_ONCE = 8
MOST_WAITING = 200_000
PERSON = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
)
MACHINE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@dataclass(frozen=True, slots=True)
class Visit:
    """One action on one message: the addresses to visit, or the report to post."""

    act: Action
    urls: tuple[str, ...] = ()
    report: bytes = b""


class NotOurs(ValueError):
    """A mail's link leads outside of this installation and is not visited."""


class SimulatedRecipients:
    """Runs planned actions. Visits only addresses under `public_url`."""

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url.rstrip("/")
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.dropped = 0
        self.last_error = ""
        self._heap: list[tuple[float, int, Visit]] = []
        self._number = itertools.count()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=15, trust_env=False)

    @property
    def waiting(self) -> int:
        """Actions that are due later or running."""
        return len(self._heap) + len(self._running)

    def plan(self, raw: bytes, sender: str, recipient: str, planned: list[Planned]) -> None:
        """Schedule a recipient's actions on a received message."""
        if not planned:
            return
        outline = mail.outline(raw) if any(p.act not in {Action.BOUNCE, Action.COMPLAIN} for p in planned) else None
        for each in planned:
            if len(self._heap) >= MOST_WAITING:
                self.dropped += 1
            elif visit := self.visit(each, raw, sender, recipient, outline):
                heapq.heappush(self._heap, (time.monotonic() + each.after_s, next(self._number), visit))
        self._wake.set()

    def visit(
        self, planned: Planned, raw: bytes, sender: str, recipient: str, outline: mail.Outline | None = None
    ) -> Visit | None:
        """The visit for an action on this message; None when the message offers nothing for it."""
        act = planned.act
        if act is Action.BOUNCE:
            return Visit(act, report=returned.make(planned.form, raw, sender, recipient))
        if act is Action.COMPLAIN:
            return Visit(act, report=reports.complaint(raw, sender, recipient))
        found = outline or mail.outline(raw)
        if act in {Action.OPEN, Action.MACHINE_OPEN}:
            urls = tuple(url for url in found.images if self._ours(url))
        elif act is Action.CLICK:
            urls = self._click(found, recipient)
        else:
            urls = (found.unsubscribe,) if self._ours(found.unsubscribe) else ()
        return Visit(act, urls) if urls else None

    def _click(self, found: mail.Outline, recipient: str) -> tuple[str, ...]:
        """One of the tracked links, chosen by the address; never an unsubscribe link."""
        links = [u for u in found.links if self._ours(u) and urlsplit(u).path.startswith("/t/")]
        return (links[hash_of(recipient) % len(links)],) if links else ()

    def _ours(self, url: str) -> bool:
        return url.startswith(self.public_url + "/")

    async def run(self) -> None:
        """Carry out actions when they are due, until cancelled."""
        try:
            while True:
                await self._wait()
                while self._heap and self._heap[0][0] <= time.monotonic():
                    await self._slots.acquire()
                    task = asyncio.create_task(self._carry_out(heapq.heappop(self._heap)[2]))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
        finally:
            await self._client.aclose()

    async def _wait(self) -> None:
        self._wake.clear()
        timeout = max(0.0, self._heap[0][0] - time.monotonic()) if self._heap else None
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return

    async def _carry_out(self, visit: Visit) -> None:
        try:
            await self.do(visit)
        except (httpx.HTTPError, NotOurs) as error:
            self.failed[visit.act] += 1
            self.last_error = f"{visit.act}: {error or type(error).__name__}"
        else:
            self.done[visit.act] += 1
        finally:
            self._slots.release()

    async def do(self, visit: Visit) -> None:
        """Carry out one visit now.

        Raises:
            httpx.HTTPError: the application did not answer, or with an error.
        """
        if visit.report:
            await self._post_report(visit.report)
        for url in visit.urls:
            if not self._ours(url):
                raise NotOurs(url)
            await self._visit(visit.act, url)

    async def _visit(self, act: Action, url: str) -> None:
        headers = {"User-Agent": MACHINE if act is Action.MACHINE_OPEN else PERSON}
        if act is Action.UNSUBSCRIBE:
            answer = await self._client.post(url, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        elif act is Action.UNSUBSCRIBE_PAGE:
            page = await self._client.get(url, headers=headers)
            answer = await self._submit(page, headers)
        else:
            answer = await self._client.get(url, headers=headers)
        if answer.status_code >= 400:
            answer.raise_for_status()

    async def _submit(self, page: httpx.Response, headers: dict[str, str]) -> httpx.Response:
        action, fields = _form(page.text)
        target = urljoin(str(page.url), action)
        if page.status_code >= 400 or not self._ours(target):
            page.raise_for_status()
            raise NotOurs(target)
        origin = {"Origin": self.public_url, "Referer": str(page.url)}
        return await self._client.post(target, data=fields, headers={**headers, **origin})

    async def _post_report(self, report: bytes) -> None:
        signature = hmac.digest(derive("hooks mail"), report, hashlib.sha256).hex()
        answer = await self._client.post(
            f"{self.public_url}/hooks/mail",
            content=report,
            headers={"Content-Type": "message/rfc822", "X-Beacon-Signature": signature},
        )
        answer.raise_for_status()


def _form(html: str) -> tuple[str, dict[str, str]]:
    """Where the first form of a page posts, and the fields it sends when its button is pressed."""
    page = Document(html, template=False)
    form = next(page.starts("form"), None)
    fields = {
        name: page.value(token.attribute("value"))
        for token in page.starts("input")
        if (name := page.value(token.attribute("name")))
        and (page.value(token.attribute("type")) or "text") in {"hidden", "text", "email"}
    }
    return page.value(form.attribute("action")) if form else "", fields


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
