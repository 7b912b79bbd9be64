"""Connects the sandbox's parts: answers the SMTP sessions and holds what the pages show."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from campaign_app.channels.email.mail_replies.classifier import Stage
from campaign_app.sandbox import mail, twins
from campaign_app.sandbox.behaviour import Behaviour, plan
from campaign_app.sandbox.faults import SLOW_DOWN, Bucket, Ending, Faults, special
from campaign_app.sandbox.message_store import MessageStore
from campaign_app.sandbox.simulated_recipients import SimulatedRecipients
from campaign_app.sandbox.smtp import Offer, Session
from campaign_app.sandbox.witness import Witness

M = TypeVar("M", bound=BaseModel)
GREYLIST_MEMORY = 20_000
QUIET_S = 1.0
MOST_CUT_OFF = 100_000


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the sandbox listens."""

    host: str
    smtp: int
    http: int


class MailServer:
    """Implements smtp.SmtpHandler."""

    def __init__(self, folder: Path, public_url: str, offer: Offer, *, keep: int = 2_000, seed: int = 1) -> None:
        self.folder = folder
        self.faults = _load(folder / "faults.json", Faults)
        self.people = _load(folder / "people.json", Behaviour)
        self.offer = offer
        self.witness = Witness(folder / "accepted.log")
        self.store = MessageStore(folder / "messages.bin", keep)
        self.simulated = SimulatedRecipients(public_url)
        self.counts: Counter[str] = Counter()
        self.cut_off: deque[str] = deque(maxlen=MOST_CUT_OFF)
        self.ports = Ports("127.0.0.1", 0, 0)
        self._sessions: set[Session] = set()
        self._waiting: list[Callable[[], None]] = []
        self._chance = random.Random(seed)
        self._attempts: Counter[str] = Counter()
        self._bucket = Bucket()

    # -- smtp.SmtpHandler

    def said(self, stage: Stage, sender: str = "", recipients: Sequence[str] = ()) -> bytes | None:
        """A real server's words at this step, which the recipient's address or the fault `reply` asks for; or None."""
        recipient = recipients[0] if len(recipients) == 1 else ""
        if not (self.faults.reply or recipient.startswith(twins.REPLY)):
            return None  # as for nearly every message
        answer = twins.to_one(stage, sender, recipient)
        if answer is None and self.faults.reply:
            answer = twins.to_all(stage, self.faults.reply, sender, recipient)
            if answer and self._chance.random() >= self.faults.reply_share:
                answer = None
        if answer:
            self.counts[f"refused {answer[:3].decode()}"] += 1
        return answer

    def judge_recipient(self, address: str) -> bytes | None:
        """The refusal of a recipient, or None."""
        kind = special(address)
        attempt = self._attempt(address) if kind == "busy" else 1
        answer = self.faults.recipient_answer(address, kind, attempt, self._chance)
        if answer is None and self.faults.per_second:
            passes = self._bucket.takes_one(self.faults.per_second, time.monotonic())
            answer = None if passes else SLOW_DOWN
        if answer:
            self.counts[f"refused {answer[:3].decode()}"] += 1
        return answer

    def _attempt(self, address: str) -> int:
        if len(self._attempts) > GREYLIST_MEMORY:
            self._attempts.clear()
        self._attempts[address] += 1
        return self._attempts[address]

    def judge_message(self, recipients: list[str]) -> tuple[Ending, float]:
        """The result of the final dot and how long its answer is delayed, in seconds."""
        kind = special(recipients[0]) if len(recipients) == 1 else ""
        ending = self.faults.ending(kind, self._chance)
        if ending is not Ending.ACCEPT:
            self.counts[ending.value] += 1
        if ending in {Ending.DROP_BEFORE, Ending.DROP_AFTER}:
            self.cut_off.extend(recipients)
        return ending, self.faults.delay_s(kind)

    def accept(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Log and keep the message, and plan the recipients' actions."""
        message_id = mail.message_id(raw)
        for recipient in recipients:
            self.witness.add(recipient, message_id, len(raw))
            planned = plan(self.people, recipient, message_id)
            if planned:
                self.simulated.plan(raw, sender, recipient, planned)
        self.store.add(sender, tuple(recipients), raw)
        self.counts["accepted"] += len(recipients)

    def flush(self) -> None:
        """Everything accepted is on record."""
        self.witness.flush()

    def opened(self, session: Session) -> None:
        """A connection was opened."""
        self._sessions.add(session)
        self.counts["connections"] += 1

    def closed(self, session: Session) -> None:
        """A connection was closed."""
        self._sessions.discard(session)

    # -- control

    @property
    def open_connections(self) -> int:
        """How many senders are connected."""
        return len(self._sessions)

    def on_release(self, answer: Callable[[], None]) -> None:
        """Answer when `hold` is switched off."""
        self._waiting.append(answer)

    def set_faults(self, faults: Faults) -> None:
        """Change the faults, also for connections that are open. Kept for the next start."""
        self.faults = faults
        if not faults.hold:
            waiting, self._waiting = self._waiting, []
            for answer in waiting:
                answer()
        (self.folder / "faults.json").write_text(faults.model_dump_json())

    def set_people(self, people: Behaviour) -> None:
        """Change what recipients do with messages that arrive from now on. Kept for the next start."""
        self.people = people
        (self.folder / "people.json").write_text(people.model_dump_json())

    def drop_connections(self) -> int:
        """Close every open connection; how many there were."""
        sessions = list(self._sessions)
        for session in sessions:
            session.abort()
        return len(sessions)

    def reset(self) -> None:
        """Empty log and inbox; faults and recipients back to none."""
        self.witness.reset()
        self.store.reset()
        self.counts.clear()
        self.cut_off.clear()
        self._attempts.clear()
        self.set_faults(Faults())
        self.set_people(Behaviour())

    async def keep_saved(self) -> None:
        """Write the inbox to disk whenever no mail came for a second, until cancelled."""
        while True:
            await asyncio.sleep(QUIET_S)
            if time.time() - self.store.quiet_since > QUIET_S:
                self.store.save()

    def close(self) -> None:
        """Write everything to disk."""
        self.store.save()
        self.witness.close()


def _load(path: Path, kind: type[M]) -> M:
    try:
        return kind.model_validate_json(path.read_text())
    except (FileNotFoundError, ValueError):
        return kind()
