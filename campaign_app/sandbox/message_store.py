"""The last messages in full, for the inbox page. Everything else is in the witness log only."""

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaign_app.sandbox import mail


@dataclass(slots=True)
class Stored:
    """One accepted message. `at` is in seconds since 1970."""

    id: int
    at: float
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    _head: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return self._headings()[0]

    @property
    def author(self) -> str:
        """The decoded From."""
        return self._headings()[1]

    def _headings(self) -> tuple[str, str]:
        if self._head is None:
            parsed = mail.parse(mail.split(self.raw)[0] + b"\r\n\r\n")
            self._head = (str(parsed["subject"] or ""), str(parsed["from"] or ""))
        return self._head


class MessageStore:
    """A ring buffer of messages, limited in number and bytes, written to disk when no mail arrives and at the end."""

    def __init__(self, path: Path, keep: int = 2_000, keep_bytes: int = 96 * 1024 * 1024) -> None:
        self._path = path
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._messages: deque[Stored] = deque()
        self._bytes = 0
        self._next = 1
        self._saved = 0
        self._load()

    def add(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> Stored:
        """Keep a message; the oldest leave when it is full."""
        message = Stored(self._next, time.time(), sender, recipients, raw)
        self._append(message)
        return message

    def _append(self, message: Stored) -> None:
        self._next = message.id + 1
        self._messages.append(message)
        self._bytes += len(message.raw)
        while len(self._messages) > self._keep or (self._bytes > self._keep_bytes and len(self._messages) > 1):
            self._bytes -= len(self._messages.popleft().raw)

    def get(self, message_id: int) -> Stored | None:
        """A message that is still kept."""
        if not self._messages or not 0 <= message_id - self._messages[0].id < len(self._messages):
            return None
        return self._messages[message_id - self._messages[0].id]  # ids follow each other without gaps

    def find(self, search: str = "", limit: int = 50, before: int | None = None) -> list[Stored]:
        """The newest messages whose recipient, sender or subject holds `search`, older than id `before`."""
        found: list[Stored] = []
        for message in self._matching(search.strip().lower(), before):
            found.append(message)
            if len(found) == limit:
                break
        return found

    def _matching(self, search: str, before: int | None) -> Iterator[Stored]:
        for message in reversed(self._messages):
            if before is not None and message.id >= before:
                continue
            if not search or search in " ".join((*message.recipients, message.author, message.subject)).lower():
                yield message

    def __len__(self) -> int:
        return len(self._messages)

    def reset(self) -> None:
        """Forget every message."""
        self._messages.clear()
        self._bytes = 0
        self.save()

    def save(self) -> None:
        """Write the ring to disk if it changed since the last time."""
        if self._saved == self._next and self._path.exists() and self._messages:
            return
        draft = self._path.with_suffix(".draft")
        with draft.open("wb") as file:
            for m in self._messages:
                head = {"id": m.id, "at": m.at, "sender": m.sender, "to": m.recipients, "size": len(m.raw)}
                file.write(json.dumps(head).encode() + b"\n" + m.raw)
        draft.replace(self._path)
        self._saved = self._next

    @property
    def quiet_since(self) -> float:
        """When the last message came, in seconds since 1970."""
        return self._messages[-1].at if self._messages else 0.0

    def _load(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while line := file.readline():
                head = json.loads(line)
                raw = file.read(head["size"])
                self._append(Stored(head["id"], head["at"], head["sender"], tuple(head["to"]), raw))
        self._saved = self._next
