"""Errors of a message, with messages for the person who writes it."""

from campaign_app.core.errors import Invalid


class RenderError(Invalid):
    """A message cannot be rendered. `part`: subject, preheader, html, text or link. `line`: counted from 1."""

    code = "render_error"

    def __init__(self, message: str, *, part: str = "html", line: int | None = None) -> None:
        where = {"html": "message", "text": "plain text", "link": "link"}.get(part, part)
        at = f", line {line}" if line else ""
        super().__init__(f"{message} (in the {where}{at})", {part: message}, title="The message cannot be made")
        self.part = part
        self.line = line
        self.plain = message


class TemplateInvalid(RenderError):
    """The template itself is wrong, for any recipient."""

    code = "template_invalid"


class TooSlow(RenderError):
    """Rendering the message takes too long."""

    code = "template_too_slow"
