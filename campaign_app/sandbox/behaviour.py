"""Simulated recipients: which of them open, click, unsubscribe, complain or bounce, decided by their address."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, Field, field_validator

from campaign_app.sandbox import returned
from campaign_app.sandbox.faults import special


class Action(StrEnum):
    """What a recipient does with a message."""

    OPEN = "open"
    MACHINE_OPEN = "machine_open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    COMPLAIN = "complain"
    BOUNCE = "bounce"


class Behaviour(BaseModel):
    """Shares between 0 and 1 of all recipients; whoever clicks or unsubscribes has opened. Delays in seconds.

    `machine_open`: images fetched at once by the mailbox provider, as privacy proxies do.
    `page_share`: how many of those who unsubscribe use the page instead of one click. `bounce_form`: what comes back
    from those who bounce (`report-qmail`, `returned-route`; empty: a plain DSN, the mailbox does not exist).
    """

    open: float = Field(default=0.0, ge=0, le=1)
    click: float = Field(default=0.0, ge=0, le=1)
    unsubscribe: float = Field(default=0.0, ge=0, le=1)
    complain: float = Field(default=0.0, ge=0, le=1)
    bounce: float = Field(default=0.0, ge=0, le=1)
    bounce_form: str = Field(default="", max_length=100)
    machine_open: float = Field(default=0.0, ge=0, le=1)
    page_share: float = Field(default=0.5, ge=0, le=1)
    shortest_delay_s: float = Field(default=1.0, ge=0, le=3_600)
    longest_delay_s: float = Field(default=60.0, ge=0, le=86_400)

    @field_validator("bounce_form")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name and not returned.is_form(name):
            raise ValueError("there is no such form")
        return name

    @property
    def anybody(self) -> bool:
        """Whether any share is set."""
        return any((self.open, self.click, self.unsubscribe, self.complain, self.bounce, self.machine_open))


ALIVE = Behaviour(open=0.42, click=0.11, unsubscribe=0.006, complain=0.001, bounce=0.02, machine_open=0.15)


@dataclass(frozen=True, slots=True)
class Planned:
    """An action and its delay in seconds after the message arrived. `form`: the form of the report, for a bounce."""

    act: Action
    after_s: float
    form: str = ""


def plan(people: Behaviour, recipient: str, message_id: str) -> list[Planned]:
    """The actions of this recipient on this message; always the same."""
    kind, form = special(recipient), returned.asked(recipient)
    if not people.anybody and not form and kind not in {"bounce", "complain", "open", "click", "unsubscribe"}:
        return []
    interest, fate, way, machine, pace = _throws(recipient, message_id)
    delay = people.shortest_delay_s + pace * max(0.0, people.longest_delay_s - people.shortest_delay_s)
    if form or kind == "bounce" or fate < people.bounce:
        return [Planned(Action.BOUNCE, delay, form or people.bounce_form)]
    actions = [Planned(Action.MACHINE_OPEN, people.shortest_delay_s)] if machine < people.machine_open else []
    leaves = kind == "unsubscribe" or interest < people.unsubscribe
    clicks = kind == "click" or interest < people.click
    opens = kind == "open" or interest < people.open
    if opens or clicks or leaves:
        actions.append(Planned(Action.OPEN, delay))
    if clicks:
        actions.append(Planned(Action.CLICK, delay * 1.2))
    if leaves:
        by_page = kind != "unsubscribe" and way < people.page_share
        actions.append(Planned(Action.UNSUBSCRIBE_PAGE if by_page else Action.UNSUBSCRIBE, delay * 1.4))
    if kind == "complain" or fate > 1 - people.complain:
        actions.append(Planned(Action.COMPLAIN, delay * 1.5))
    return actions


def _throws(recipient: str, message_id: str) -> list[float]:
    """Five numbers in [0, 1) that depend only on the message and its recipient."""
    digest = hashlib.blake2b(f"{recipient}\n{message_id}".encode(), digest_size=20).digest()
    return [int.from_bytes(digest[n : n + 4]) / 2**32 for n in range(0, 20, 4)]
