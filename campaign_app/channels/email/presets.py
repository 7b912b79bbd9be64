"""Server settings of common providers. Pure."""

from campaign_app.channels.fields import Preset


def _at(label: str, host: str, hint: str) -> Preset:
    return Preset(label, hint, {"host": host, "port": "587", "tls": "starttls"})


PRESETS: dict[str, Preset] = {
    "ses": _at(
        "Amazon SES",
        "email-smtp.eu-central-1.amazonaws.com",
        "Put your region into the host. User name and password are the SMTP credentials made in the SES console.",
    ),
    "brevo": _at("Brevo", "smtp-relay.brevo.com", "The user name is your log-in, the password an SMTP key."),
    "gmail": _at(
        "Google Workspace",
        "smtp.gmail.com",
        "The user name is the full address, the password an app password. Google allows about 2,000 messages a day.",
    ),
    "mailgun": _at(
        "Mailgun",
        "smtp.mailgun.org",
        "European accounts use smtp.eu.mailgun.org. The user name is postmaster@ and your sending domain.",
    ),
    "mailjet": _at("Mailjet", "in-v3.mailjet.com", "The user name is the API key, the password the secret key."),
    "mandrill": _at("Mandrill", "smtp.mandrillapp.com", "Any user name; the password is an API key."),
    "microsoft": _at(
        "Microsoft 365",
        "smtp.office365.com",
        "The user name is the full address. Microsoft allows 30 messages a minute and 10,000 recipients a day.",
    ),
    "postmark": _at("Postmark", "smtp.postmarkapp.com", "User name and password are both the server's API token."),
    "sendgrid": _at("SendGrid", "smtp.sendgrid.net", "The user name is the word apikey, the password an API key."),
}
