"""The message for one chosen recipient, and the variables with that person's values."""

from dataclasses import dataclass, fields
from typing import Any

import reflex as rx

from campaign_app.audience import service as audience
from campaign_app.campaigns import contents, previews
from campaign_app.campaigns.schemas import Preview
from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.rendering.templating import context_for
from campaign_app.ui.app_state import initials
from campaign_app.ui.campaign_builder.content_state import BuilderContent
from campaign_app.ui.campaign_builder.state import OPENERS
from campaign_app.ui.components.editors import VariableChoice
from campaign_app.ui.components.editors.variables import choices, labels, with_values

SUBJECT_LIMIT, PREHEADER_LIMIT = 60, 90


@dataclass
class Person:
    """A contact to preview with."""

    id: int
    name: str
    letters: str
    company: str


class BuilderPreview(BuilderContent):
    """Rendered 300 ms after the last key, by the same code that sends."""

    people: list[Person] = []
    person: int = 0
    person_name: str = ""
    person_letters: str = ""
    person_company: str = ""
    person_search: str = ""
    person_open: bool = False
    variables: list[VariableChoice] = []
    width: str = "desktop"
    tab: str = "message"
    rendered_subject: str = ""
    rendered_html: str = ""
    rendered_text: str = ""
    missing: list[str] = []
    problem: str = ""
    sender: str = ""
    sender_letters: str = ""
    rendering: bool = False
    subject_count: str = ""
    subject_over: bool = False
    preheader_count: str = ""
    preheader_over: bool = False
    at: str = ""
    _values: dict[str, Any] = {}
    _labels: dict[str, str] = {}
    _custom: dict[str, str] = {}

    @rx.event
    async def open_preview(self) -> None:
        """Find people of the audience, take the first, render."""
        actor = await self.require("campaigns:write")
        await self._find_people("")
        async with db.reading() as session:
            self._custom = {row.key: row.label for row in await audience.attributes(session, actor)}
            found = await accounts.list_accounts(session, actor)
        account = next((row for row in found if row.id == self._mine["account_id"]), None)
        self.sender = self._mine["from_name"] or (account.sender_name or account.address if account else "No sender")
        self.sender_letters = initials(self.sender)
        self._labels = labels(self._custom)
        if not any(person.id == self.person for person in self.people):
            self.person = self.people[0].id if self.people else 0
        await self._show_person(actor)
        self.opened = "content"
        await self._render(actor)

    @rx.event
    async def refresh(self) -> Any:
        """Render the current text."""
        actor = await self.require("campaigns:write")
        self.rendering = True
        yield
        await self._render(actor)

    @rx.event
    async def find_person(self, search: str) -> None:
        """Search the audience by name or address."""
        await self.require("campaigns:write")
        self.person_search = search
        await self._find_people(search)

    @rx.event
    async def show_people(self, is_open: bool) -> None:
        """Open the list of people to choose from."""
        await self.require("campaigns:write")
        self.person_open = is_open
        if not is_open and self.person_search:
            self.person_search = ""
            await self._find_people("")

    @rx.event
    async def choose_person(self, person: int) -> None:
        """Preview for this person."""
        actor = await self.require("campaigns:write")
        self.person, self.person_open = person, False
        await self._show_person(actor)
        await self._render(actor)

    @rx.event
    async def step_person(self, by: int) -> None:
        """The next (1) or previous (-1) person of the list."""
        actor = await self.require("campaigns:write")
        ids = [person.id for person in self.people]
        if ids:
            position = ids.index(self.person) if self.person in ids else 0
            self.person = ids[(position + (1 if by > 0 else -1)) % len(ids)]
            await self._show_person(actor)
            await self._render(actor)

    @rx.event
    async def show_width(self, width: str | list[str]) -> None:
        """Desktop, phone, or the plain-text version."""
        await self.require("campaigns:write")
        self.tab = "text" if width == "text" else "message"
        self.width = "phone" if width == "phone" else "desktop"

    async def _find_people(self, search: str) -> None:
        async with db.reading() as session:
            rows = await audience.sample_contacts(
                session, self._mine["audience"] or {}, search, 20, registry.channel(self.channel).address.name
            )
        self.people = [
            Person(row.id, row.name or row.address, initials(row.name or row.address), row.company) for row in rows
        ]

    async def _show_person(self, actor: Actor) -> None:
        self._values = {}
        self.person_name, self.person_letters, self.person_company = "Nobody yet", "–", ""
        if self.person:
            async with db.reading() as session:
                contact = await audience.get_contact(session, actor, self.person)
            self._values = context_for({field.name: getattr(contact, field.name) for field in fields(contact)})
            self.person_name, self.person_company = contact.name, contact.company
            self.person_letters = initials(contact.name)
        self.variables = choices(self._custom, self._values)

    async def _render(self, actor: Actor) -> None:
        self._count()
        self.at = self._clock(clock.now())
        channel = registry.channel(self.channel)
        content = contents.of_values(channel, self._mine)
        try:
            async with db.reading() as session:
                shown = await previews.preview(
                    session, actor, self._id, self.person or None, content=content, channel=channel
                )
        finally:
            self.rendering = False
        self.problem = _problem(shown)
        if shown.problem:
            return
        self.rendered_subject, self.rendered_html, self.rendered_text = shown.subject, shown.html, shown.text
        self.missing = [self._labels.get(name, name) for name in (*shown.missing, *shown.unknown)]

    def _count(self) -> None:
        subject, preheader = (self._length(self.subject), self._length(self.preheader))
        self.subject_count, self.subject_over = f"{subject} of {SUBJECT_LIMIT}", subject > SUBJECT_LIMIT
        self.preheader_count = f"{preheader} of {PREHEADER_LIMIT}"
        self.preheader_over = preheader > PREHEADER_LIMIT

    def _length(self, source: str) -> int:
        return len(with_values(source, self._values).strip())


def _problem(shown: Preview) -> str:
    place = {"html": "message", "text": "plain text"}.get(shown.problem_part, shown.problem_part)
    line = f", line {shown.problem_line}" if shown.problem_line else ""
    return f"{shown.problem} (in the {place}{line})." if shown.problem else ""


OPENERS["preview"] = BuilderPreview.open_preview
