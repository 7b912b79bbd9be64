"""Adding addresses to the suppression list and removing one."""

from typing import Any, ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.audience.schemas import AddResult
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState, notify_error, notify_success
from campaign_app.ui.audience.suppressions_state import Suppressions
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog

_HINT = "E-mail addresses or phone numbers, one a line or separated by commas"


class SuppressionForm(FormDialog, AppState):
    """Addresses that no campaign may write to. The dialog stays open when the text contains no address."""

    form: ClassVar[Form] = Form(
        "suppress",
        "suppressions:write",
        (Field("addresses", "Addresses", "area", _HINT, more={"rows": "6"}), Field("note", "Note", optional=True)),
    )

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> AddResult:
        result = await suppression.add_text(session, actor, given["addresses"], note=given["note"])
        if not (result.added or result.already):
            words = _not_added(result.invalid) if result.invalid else "Enter at least one address."
            raise Invalid(words, {"addresses": words})
        return result

    async def _saved(self, actor: Actor, saved: AddResult) -> Any:  # noqa: ARG002
        await (await self.get_state(Suppressions))._read_first()
        known = f"{text.number(saved.already)} were there already." if saved.already else ""
        told = [notify_success(f"{text.plural(saved.added, 'address', 'addresses')} added", known)]
        if saved.invalid:
            told.append(
                notify_error(
                    f"{text.plural(len(saved.invalid), 'entry', 'entries')} not added", _not_added(saved.invalid)
                )
            )
        return told


def _not_added(invalid: list[str]) -> str:
    shown = ", ".join(invalid[:5])
    return f"Not an e-mail address or a phone number: {shown}. Correct and add them again."


class SuppressionQuestions(Questions, AppState):
    """Removes an address from the list; `key` is the address."""

    async def _remove(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await suppression.remove(session, actor, self.key)
        await (await self.get_state(Suppressions))._read_first()
        return notify_success(f"{self.key} can be written to again")

    questions: ClassVar = {"remove": Question("suppressions:write", _remove)}
