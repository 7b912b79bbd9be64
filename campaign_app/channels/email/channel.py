"""E-mail as a channel, whatever provider carries it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from campaign_app.channels.content import AddressKind, Capabilities, Inspected, Message, Prepared, Shown
from campaign_app.channels.email import rendering, reports
from campaign_app.channels.email.built_in import BUILT_IN
from campaign_app.channels.email.content import EmailContent, MessageFields
from campaign_app.channels.fields import Form
from campaign_app.channels.reports import Report
from campaign_app.rendering import templating


class EmailChannel:
    """The `Channel` of e-mail."""

    name = "email"
    label = "E-mail"
    icon = "mail"
    message_word = "an e-mail"
    address = AddressKind("email", "e-mail address", like="%_@_%", has_domain=True)
    capabilities = Capabilities(
        has_subject=True,
        has_links=True,
        tracks_opens=True,
        hears_replies=True,
        hears_returns=True,
        needs_postal_address=True,
    )
    content_model: type[BaseModel] = EmailContent
    content_form = Form(())  # the builder has its own editors for it
    templates: Sequence[Mapping[str, Any]] = BUILT_IN

    def read_report(self, raw: bytes) -> Report | None:
        """Bounces, complaints and replies arrive as mail."""
        return reports.read(raw)

    def lacks(self, content: EmailContent) -> str:
        if not (content.html.strip() or content.text.strip()):
            return "message"
        return "" if content.subject.strip() else "subject"

    async def prepare(
        self, who: str, content: EmailContent, *, links: Sequence[str] | None, track_clicks: bool, track_opens: bool
    ) -> Prepared:
        options: dict[str, Any] = {"track_clicks": track_clicks, "track_opens": track_opens}
        if links is not None:
            options["links"] = list(links)
        return await rendering.prepare(who, _fields(content), **options)

    def compile(self, prepared: templating.Prepared) -> Message:
        return templating.assemble(prepared)

    async def preview(
        self, who: str, content: MessageFields, person: Mapping[str, Any], around: Mapping[str, str], *, marked: bool
    ) -> Shown:
        return await rendering.preview(who, _fields(content), person, around, marked=marked)

    async def inspect(
        self,
        who: str,
        content: EmailContent,
        sample: Sequence[Mapping[str, Any]],
        around: Mapping[str, str],
        attributes: Sequence[str],
    ) -> Inspected:
        return await rendering.inspect(who, _fields(content), sample, around, attributes)


def _fields(content: MessageFields) -> dict[str, Any]:
    return {name: getattr(content, name) for name in MessageFields.model_fields}
