"""The usual Celery set-up: one job per mail, an ORM row per mail, one SMTP session per mail. Runs in its own venv.

`send` does what the product does for each recipient: the row is claimed before the message goes out and written after
the answer (who runs it again after a crash must not send twice), links are signed, the message can be unsubscribed
from. `send_lean` does the least: render, send, one write afterwards; a crash loses or doubles what was under way.
"""

import hashlib
import hmac
import os
import smtplib
import sys
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from email.message import EmailMessage

import mail
from celery import Celery
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy import create_engine, event, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = Celery("sender", broker=os.environ["CELERY_BROKER"])
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 8
DATABASE = os.environ["CELERY_DATABASE"]
SQLITE = DATABASE.startswith("sqlite")
engine = create_engine(DATABASE, connect_args={"timeout": 30} if SQLITE else {})
environment = SandboxedEnvironment(autoescape=True)
subject, html = environment.from_string(mail.SUBJECT), environment.from_string(mail.HTML)
tracked = environment.from_string(mail.TRACKED)
BASE = "https://mail.example.com"
KEY = b"the key that signs links"


@event.listens_for(engine, "connect")
def prepare(connection: object, _record: object) -> None:
    """SQLite as the product uses it."""
    if SQLITE:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")


class Base(DeclarativeBase):
    """Tables of the reference."""


class Row(Base):
    """One mail and what became of it."""

    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="pending")
    response: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime | None]


def link(kind: str, number: int) -> str:
    """A signed address."""
    tag = hmac.new(KEY, f"{kind} {number}".encode(), hashlib.sha256).digest()[:12]
    return f"{BASE}/{kind}/{number}-{urlsafe_b64encode(tag).decode()}"


def deliver(message: EmailMessage) -> str:
    """One SMTP session; what the server refused."""
    with smtplib.SMTP("127.0.0.1", int(os.environ["SINK_PORT"])) as server:
        return str(server.send_message(message))


def build(number: int, person: dict[str, str], body: str) -> EmailMessage:
    """The message."""
    message = EmailMessage()
    message["Subject"] = subject.render(person)
    message["From"] = "anna@example.com"
    message["To"] = person["email"]
    message["Message-ID"] = f"<{number}@example.com>"
    message.set_content("Text")
    message.add_alternative(body, subtype="html")
    return message


@app.task
def send(number: int) -> None:
    """Claim, render with signed links, send, store."""
    with Session(engine) as session:
        claim = update(Row).where(Row.id == number, Row.status == "pending").values(status="sending")
        if session.execute(claim).rowcount != 1:
            return
        session.commit()
        row = session.get_one(Row, number)
        person = mail.recipient(number)
        links = {f"link_{n}": link(f"c{n}", number) for n in range(mail.LINK_COUNT)}
        unsubscribe = link("u", number)
        around = {"open_url": link("o", number), "unsubscribe_url": unsubscribe}
        message = build(number, person, tracked.render({**person, **links, **around}))
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        row.response = deliver(message)
        row.status, row.sent_at = "sent", datetime.now(UTC)
        session.commit()


@app.task
def send_lean(number: int) -> None:
    """Render, send, store."""
    with Session(engine) as session:
        row = session.get_one(Row, number)
        person = mail.recipient(number)
        deliver(build(number, person, html.render(person)))
        row.status = "sent"
        session.commit()


def fill(task: str, first: int, count: int) -> None:
    """The launch: a row and a job for each mail; prints the instant at which it begins."""
    if first == 1:
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
    print(time.time(), flush=True)
    numbers = range(first, first + count)
    with Session(engine) as session:
        session.add_all([Row(id=n) for n in numbers])
        session.commit()
    job = app.tasks[f"celery_sender.{task}"]
    for n in numbers:
        job.delay(n)


if __name__ == "__main__":  # with the module's own name: tasks are called by it
    import celery_sender

    celery_sender.fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
