"""What can be wrong with a campaign or its message, in words for the person who writes it."""

from campaign_app.core.errors import Conflict, Invalid, NotFound


class RenderError(Invalid):
    """A message that cannot be made: `part` is subject, preheader, html, text or link; `line` counts from 1."""

    code = "render_error"

    def __init__(self, message: str, *, part: str = "html", line: int | None = None) -> None:
        where = {"html": "message", "text": "plain text", "link": "link"}.get(part, part)
        at = f", line {line}" if line else ""
        super().__init__(f"{message} (in the {where}{at})", {part: message}, title="The message cannot be made")
        self.part = part
        self.line = line
        self.plain = message


class TemplateInvalid(RenderError):
    """The template itself is wrong, whoever it is rendered for."""

    code = "template_invalid"


class TooSlow(RenderError):
    """Making the message takes more time than a message may take."""

    code = "template_too_slow"


class CampaignNotFound(NotFound):
    """No such campaign, or it was deleted."""

    def __init__(self) -> None:
        super().__init__(
            "This campaign does not exist any more. Someone may have deleted it.", title="No such campaign"
        )


class SavedByAnother(Conflict):
    """Someone else saved in between; `version` is the one now stored."""

    code = "saved_by_another"

    def __init__(self, what: str, who: str, when: str, version: int) -> None:
        super().__init__(
            f"{who} saved this {what} {when}, after you opened it. What you wrote is still here and nothing was "
            "overwritten. Load the saved version and put your change in again, or copy your text first.",
            title=f"{who} saved in between",
        )
        self.who = who
        self.version = version
