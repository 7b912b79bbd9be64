"""The server goes while a large body is on its way over a real socket: what it cannot have taken was not sent."""

import asyncio

import pytest

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp import transport
from campaign_app.channels.email_smtp.transport import SmtpSender
from campaign_app.models.delivery import Reason
from tests.channels.helpers import FAST, Checked, account, message
from tests.channels.loops import event_loop_policy  # noqa: F401  (a fixture)

BODY = b"Subject: big\r\n\r\n" + b"line of text\r\n" * 1_000_000


class Reader:
    """Answers every command; in the first body it reads a part and then does as told."""

    def __init__(self, last_words: bytes) -> None:
        self.last_words = last_words
        self.bodies = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 x\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    writer.write(b"250-x\r\n250 PIPELINING\r\n")
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    self.bodies += 1
                    if self.bodies == 1:
                        await reader.readexactly(300_000)
                        writer.write(self.last_words)
                        await writer.drain()
                        return
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(b"250 2.0.0 taken\r\n")
                else:
                    writer.write(b"250 ok\r\n")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.mark.parametrize("pipelining", ["auto", "off"])
@pytest.mark.parametrize(
    ("last_words", "verdict", "reason"),
    [
        (b"", Verdict.NOT_TRIED, Reason.CONNECTION_LOST),
        (b"421 4.3.2 closing\r\n", Verdict.TEMPORARY, Reason.TEMPORARY),
        (b"552 5.3.4 too big\r\n", Verdict.PERMANENT, Reason.MESSAGE_TOO_LARGE),
    ],
)
async def test_gone_in_the_middle_of_the_body(
    pipelining: str, last_words: bytes, verdict: Verdict, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "backoff", lambda failures: 0.01)
    server = Reader(last_words)
    listener = await asyncio.start_server(server, "127.0.0.1", 0, limit=2**25)
    source = Checked(message(0, BODY), message(1))
    sender = SmtpSender(account(listener.sockets[0].getsockname()[1], pipelining=pipelining), source, options=FAST)
    sender.wake()
    async with asyncio.timeout(20):
        await source.done.wait()
        await sender.close()
    listener.close()
    first = source.results[0]
    # Words that arrive with the reset may be lost with it: then the connection just ended.
    lost = (Verdict.NOT_TRIED, Reason.CONNECTION_LOST)
    assert (first.verdict, first.reason) in ((verdict, reason), lost)
    assert source.results[1].verdict is Verdict.ACCEPTED, "the others go on"
