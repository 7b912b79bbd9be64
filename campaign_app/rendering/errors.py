"""What can be wrong with a message, in words for the person who writes it."""

from campaign_app.core.errors import Invalid


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
