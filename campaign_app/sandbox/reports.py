"""Reports that receiving servers send back: DSN (RFC 3464) and ARF (RFC 5965), built like real ones."""

from email import policy
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid

from campaign_app.core import clock
from campaign_app.sandbox import mail

HOST = "sandbox.beacon.test"
UNKNOWN = "550 5.1.1 No such user here"


def bounce(raw: bytes, sender: str, recipient: str, words: str = UNKNOWN, status: str = "5.1.1") -> bytes:
    """The DSN for a message that was accepted and could not be delivered. `words`: the last server's."""
    report = _report(
        "delivery-status",
        sender,
        "Undelivered Mail Returned to Sender",
        f"I'm sorry to inform you that your message could not be delivered to {recipient}.\n\n"
        f"<{recipient}>: host {HOST} said: {words}\n",
    )
    part = MIMEBase("message", "delivery-status")
    part.set_payload(
        [
            _fields({"Reporting-MTA": f"dns; {HOST}", "Arrival-Date": _now()}),
            _fields(
                {
                    "Original-Recipient": f"rfc822; {recipient}",
                    "Final-Recipient": f"rfc822; {recipient}",
                    "Action": "failed",
                    "Status": status,
                    "Remote-MTA": f"dns; {HOST}",
                    "Diagnostic-Code": f"smtp; {words}",
                }
            ),
        ]
    )
    report.attach(part)
    report.attach(_original_headers(raw))
    return report.as_bytes(policy=policy.SMTP)


def complaint(raw: bytes, sender: str, recipient: str) -> bytes:
    """The feedback report for a message that its recipient marked as spam."""
    report = _report(
        "feedback-report",
        sender,
        "Abuse report",
        f"This is an email abuse report for a message received by {recipient}.\n",
    )
    feedback = MIMEBase("message", "feedback-report")
    feedback.set_payload(
        [
            _fields(
                {
                    "Feedback-Type": "abuse",
                    "User-Agent": "BeaconSandbox/1",
                    "Version": "1",
                    "Original-Mail-From": f"<{sender}>",
                    "Original-Rcpt-To": f"<{recipient}>",
                    "Arrival-Date": _now(),
                    "Source-IP": "127.0.0.1",
                }
            )
        ]
    )
    report.attach(feedback)
    report.attach(_original_headers(raw))
    return report.as_bytes(policy=policy.SMTP)


def _report(kind: str, to: str, subject: str, words: str) -> MIMEMultipart:
    report = MIMEMultipart("report", report_type=kind)
    report["From"] = f"Mail Delivery System <mailer-daemon@{HOST}>"
    report["To"] = to or f"postmaster@{HOST}"
    report["Subject"] = subject
    report["Date"] = _now()
    report["Message-ID"] = make_msgid(domain=HOST)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(words))
    return report


def _fields(values: dict[str, str]) -> Message:
    part = Message()
    for name, value in values.items():
        part[name] = value
    return part


def _original_headers(raw: bytes) -> MIMEBase:
    part = MIMEBase("text", "rfc822-headers")
    part.set_payload(mail.split(raw)[0].decode("utf-8", "replace").replace("\r\n", "\n") + "\n")
    return part


def _now() -> str:
    return format_datetime(clock.now())
