"""The editor of one segment: rules, live count, the first people found."""

from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience.errors import RulesInvalid
from campaign_app.audience.schemas import FieldInfo, SegmentInput, SegmentRow
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.audience import rule_tree
from campaign_app.ui.audience.rule_tree import RuleLine
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.forms_state import Field, Form, FormState, validated


class SegmentEditor(FormState, AppState):
    """One segment; the address "new" creates one. Name and description are a form, the rules are kept here."""

    form: ClassVar[Form] = Form(
        "segment", "segments:write", ((Field("name", "Name"), Field("description", "Description", optional=True)),)
    )
    loading: bool = True
    counting: bool = False
    lines: list[RuleLine] = []
    fields: list[tuple[str, str]] = []
    count_text: str = ""
    count_words: str = "contacts fit now"
    people: list[tuple[str, str]] = []
    rules_revision: int = 0  # inputs keep their typed text; they are created again after rules moved
    _number: int = 0
    _version: int | None = None
    _tree: dict[str, Any] = rule_tree.EMPTY
    _infos: list[FieldInfo] = []
    _mistakes: dict[str, str] = {}

    @rx.event
    async def load(self) -> None:
        await self.require("segments:read")
        if not self._is_filled():
            await self._read()

    @rx.event
    async def load_saved(self) -> None:
        """Replace the editor's content with what somebody else has saved."""
        await self.require("segments:read")
        await self._read()
        self.revision += 1

    async def _read(self) -> None:
        actor = await self.require("segments:read")
        self._mistakes = {}
        self._number = 0 if self.segment_id == "new" else to_id(self.segment_id, "segment")
        async with self.busy():
            async with db.reading() as session:
                self._infos = await segment_service.fields(session, actor)
                found = await segment_service.get(session, actor, self._number) if self._number else None
            self.fields = [(info.field, info.label) for info in self._infos]
            self._fill(**({"name": found.name, "description": found.description} if found else {}))
            self._version = found.version if found else None
            self._tree = rule_tree.outermost(found.rules if found else {})
            self.rules_revision += 1
            await self._count()

    async def _count(self) -> None:
        actor = await self.require("segments:read")
        self._mistakes, self.people, self.count_text = {}, [], text.NONE
        if self._tree["rules"]:
            rules = rule_tree.to_rules(self._tree)
            try:
                async with db.reading() as session:
                    count = await segment_service.count(session, actor, rules)
                    sample = await segment_service.sample(session, actor, rules, limit=8)
                self.count_text = text.number(count)
                self.count_words = "contact fits now" if count == 1 else "contacts fit now"
                self.people = [(one.name, one.address or one.company) for one in sample]
            except RulesInvalid as error:
                self._mistakes = dict(error.fields)
        self.lines = rule_tree.lines(self._tree, self._infos, self._mistakes)

    async def _replace(self, tree: dict[str, Any], *, moved: bool = True) -> None:
        self._tree = tree
        self.rules_revision += moved
        async with self.busy("counting"):
            await self._count()

    @rx.event
    async def add_rule(self, path: str) -> None:
        """A new rule in the group at `path`."""
        await self.require("segments:write")
        await self._replace(rule_tree.add(self._tree, path, {"field": "company", "op": "is", "value": ""}))

    @rx.event
    async def add_group(self, path: str) -> None:
        """A new group in the group at `path`."""
        await self.require("segments:write")
        inner = {"op": "or", "rules": [{"field": "company", "op": "is", "value": ""}]}
        await self._replace(rule_tree.add(self._tree, path, inner))

    @rx.event
    async def remove(self, path: str) -> None:
        """Remove a rule, or a group with its content."""
        await self.require("segments:write")
        if path:
            await self._replace(rule_tree.remove(self._tree, path))

    @rx.event
    async def change(self, path: str, part: str, value: str) -> None:
        """Change a group's kind, or a rule's field, operator or value."""
        await self.require("segments:write")
        if part in {"op", "field", "value"}:
            await self._replace(rule_tree.change(self._tree, path, **{part: value}), moved=False)

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> SegmentRow:
        data = validated(SegmentInput, **given, rules=rule_tree.to_rules(self._tree), version=self._version)
        if self._number:
            return await segment_service.update(session, actor, self._number, data)
        return await segment_service.create(session, actor, data)

    def _refuse(self, error: Invalid) -> None:
        super()._refuse(error)
        if isinstance(error, RulesInvalid):
            self._mistakes = dict(error.fields)
            self.lines = rule_tree.lines(self._tree, self._infos, self._mistakes)

    async def _saved(self, actor: Actor, saved: SegmentRow) -> Any:  # noqa: ARG002
        self._version = saved.version
        told = notify_success(f"Segment {saved.name} saved")
        return [told] if self._number else [told, browser.redirect(routes.segment(saved.id), replace=True)]
