"""Common providers' servers, so that nobody has to look them up. Pure."""

from dataclasses import dataclass

from campaign_app.models.account import Tls


@dataclass(frozen=True, slots=True)
class Preset:
    """Where a provider takes mail. `hint`: what it wants as user name and password."""

    label: str
    host: str
    hint: str
    port: int = 587
    tls: Tls = Tls.STARTTLS


PRESETS: dict[str, Preset] = {
    "ses": Preset(
        "Amazon SES",
        "email-smtp.eu-central-1.amazonaws.com",
        "Put your region into the host. User name and password are the SMTP credentials made in the SES console.",
    ),
    "brevo": Preset("Brevo", "smtp-relay.brevo.com", "The user name is your log-in, the password an SMTP key."),
    "gmail": Preset(
        "Google Workspace",
        "smtp.gmail.com",
        "The user name is the full address, the password an app password. Google allows about 2,000 messages a day.",
    ),
    "mailgun": Preset(
        "Mailgun",
        "smtp.mailgun.org",
        "European accounts use smtp.eu.mailgun.org. The user name is postmaster@ and your sending domain.",
    ),
    "mailjet": Preset("Mailjet", "in-v3.mailjet.com", "The user name is the API key, the password the secret key."),
    "mandrill": Preset("Mandrill", "smtp.mandrillapp.com", "Any user name; the password is an API key."),
    "microsoft": Preset(
        "Microsoft 365",
        "smtp.office365.com",
        "The user name is the full address. Microsoft allows 30 messages a minute and 10,000 recipients a day.",
    ),
    "postmark": Preset("Postmark", "smtp.postmarkapp.com", "User name and password are both the server's API token."),
    "sendgrid": Preset("SendGrid", "smtp.sendgrid.net", "The user name is the word apikey, the password an API key."),
}
