"""Content of an e-mail campaign."""

from email_validator import EmailNotValidError, validate_email
from pydantic import BaseModel, field_validator

from campaign_app.models.template import Editor


class MessageFields(BaseModel):
    """The parts of a message as they stand in an editor."""

    subject: str = ""
    preheader: str = ""
    editor: Editor = Editor.HTML
    html: str = ""
    text: str = ""


class EmailContent(MessageFields):
    """The message and its sender. An empty sender name or reply address means the account's own."""

    from_name: str = ""
    reply_to: str = ""

    @field_validator("reply_to")
    @classmethod
    def _reply_address(cls, value: str) -> str:
        if not value.strip():
            return ""
        try:
            return validate_email(value.strip(), check_deliverability=False).normalized
        except EmailNotValidError:
            raise ValueError("This is not an e-mail address") from None
