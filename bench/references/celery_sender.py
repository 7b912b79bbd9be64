"""The usual Celery set-up: one job per mail, an ORM row per mail, one SMTP session per mail. Runs in its own venv."""

import os
import smtplib
from email.message import EmailMessage

import mail
from celery import Celery
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = Celery("sender", broker=os.environ["CELERY_BROKER"])
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 8
engine = create_engine(os.environ["CELERY_DATABASE"], connect_args={"timeout": 30})
environment = SandboxedEnvironment(autoescape=True)
subject, html = environment.from_string(mail.SUBJECT), environment.from_string(mail.HTML)


class Base(DeclarativeBase):
    """Tables of the reference."""


class Row(Base):
    """One mail and its status."""

    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="pending")


@app.task
def send(number: int) -> None:
    """Load, render, send, store."""
    with Session(engine) as session:
        row = session.get_one(Row, number)
        person = mail.recipient(number)
        message = EmailMessage()
        message["Subject"] = subject.render(person)
        message["From"] = "anna@example.com"
        message["To"] = person["email"]
        message.set_content("Text")
        message.add_alternative(html.render(person), subtype="html")
        with smtplib.SMTP("127.0.0.1", int(os.environ["SINK_PORT"])) as server:
            server.send_message(message)
        row.status = "sent"
        session.commit()


def fill(count: int) -> None:
    """A row and a job for each mail."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Row(id=n) for n in range(1, count + 1)])
        session.commit()
    for n in range(1, count + 1):
        send.delay(n)
