"""aiosmtplib as it is meant to be used: one connection kept open, one mail after the other, rendered and built."""

import argparse
import asyncio
import time
from email.message import EmailMessage

import aiosmtplib
from jinja2.sandbox import SandboxedEnvironment

from bench.references import mail


async def run(port: int, count: int, connections: int) -> float:
    """Send `count` mails over `connections` connections; seconds from the first MAIL to the last answer."""
    environment = SandboxedEnvironment(autoescape=True)
    subject, html = environment.from_string(mail.SUBJECT), environment.from_string(mail.HTML)
    numbers = iter(range(1, count + 1))
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(connections)]
    await asyncio.gather(*(client.connect() for client in clients))

    async def work(client: aiosmtplib.SMTP) -> None:
        for number in numbers:
            person = mail.recipient(number)
            message = EmailMessage()
            message["Subject"], message["From"], message["To"] = (
                subject.render(person),
                "a@example.com",
                person["email"],
            )
            message.set_content("Text")
            message.add_alternative(html.render(person), subtype="html")
            await client.send_message(message)

    started = time.perf_counter()
    await asyncio.gather(*(work(client) for client in clients))
    seconds = time.perf_counter() - started
    await asyncio.gather(*(client.quit() for client in clients))
    return seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--connections", type=int, default=10)
    arguments = parser.parse_args()
    print(asyncio.run(run(arguments.port, arguments.count, arguments.connections)))
