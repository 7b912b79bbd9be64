"""What fails before the first mail: the account is at fault, nobody pays, and what waits goes out when it works."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp import transport
from campaign_app.channels.email_smtp.transport import SmtpSender
from campaign_app.models.delivery import Reason
from tests.channels.certificates import Authority
from tests.channels.helpers import FAST, Checked, account, message
from tests.channels.loops import event_loop_policy  # noqa: F401  (a fixture)
from tests.channels.model_server import Behaviour, Fault, Witness, running

SECRET = "s3cret pässword"
STEPS = ["greeting", "ehlo", "starttls", "auth"]
FAULTS = {
    "421": Fault(b"421 4.3.2 closing\r\n", then="drop"),
    "451": Fault(b"451 4.3.0 not now\r\n"),
    "554": Fault(b"554 5.3.0 never\r\n"),
    "drop": Fault(then="drop"),
    "reset": Fault(then="reset"),
    "silence": Fault(then="mute"),
    "junk": Fault(b"\x00\x01junk\r\n"),
    "too early": Fault(b"250 one\r\n250 two\r\n"),
    "another code": Fault(b"354 go\r\n"),
    "answers ahead": Fault(b"220 hello\r\n250 ahead\r\n"),
}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.bundle))
    return made


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off is measured elsewhere."""
    monkeypatch.setattr(transport, "backoff", lambda failures: 0.01)
    monkeypatch.setattr(transport, "_AUTH_BACKOFF_S", 0.01)


def server(plan: Callable[[str, int], Fault | None]) -> Behaviour:
    return Behaviour(plan, capabilities=(b"STARTTLS", b"PIPELINING"), mechanisms=("PLAIN",), users={"jo": SECRET})


async def send(port: int, source: Checked) -> None:
    config = account(port, tls="starttls", username="jo", password=SECRET, connections=3)
    sender = SmtpSender(config, source, options=replace(FAST, greeting=0.8))
    sender.wake()
    async with asyncio.timeout(10):
        await source.done.wait()
    await sender.close()
    assert sender.in_flight == 0


def nobody_twice(witness: Witness, source: Checked) -> None:
    assert set(witness.accepted.values()) <= {1}
    for key, verdict in source.verdicts().items():
        assert (f"p{key}@example.org" in witness.accepted) == (verdict is Verdict.ACCEPTED)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", list(FAULTS))
async def test_the_account_is_charged_and_the_others_go_on(authority: Authority, step: str, fault: str) -> None:
    def plan(found: str, number: int) -> Fault | None:
        return FAULTS[fault] if (found, number) == (step, 0) else None

    source = Checked(*(message(key) for key in range(5)))
    async with running(server(plan), starttls=authority.context("good")) as (port, witness):
        await send(port, source)
    nobody_twice(witness, source)
    first = source.results[0]
    assert (first.verdict, first.reason, first.account_trouble) == (Verdict.NOT_TRIED, Reason.ACCOUNT, True)
    assert first.response
    assert first.retry_after
    assert {result.verdict for key, result in source.results.items() if key} == {Verdict.ACCEPTED}
    assert SECRET not in first.response
    if fault in ("421", "451", "554"):
        assert FAULTS[fault].reply.decode().strip() in first.response, "the server's words"


@pytest.mark.parametrize(
    ("step", "fault", "says"),
    [
        ("ehlo", "421", "takes no connection at the moment"),
        ("ehlo", "451", "takes no connection at the moment"),
        ("ehlo", "554", "refuses connections from this machine"),
        ("greeting", "too early", "does not answer like a mail server"),
        ("greeting", "answers ahead", "does not answer like a mail server"),
        ("ehlo", "another code", "does not answer like a mail server"),
        ("auth", "too early", "refuses the log-in"),
        ("auth", "421", "does not accept a log-in at the moment"),
        ("auth", "drop", "closed the connection while logging in"),
        ("auth", "silence", "did not answer in time while logging in"),
        ("starttls", "drop", "closed the connection while starting encryption"),
        ("starttls", "554", "refuses to encrypt"),
    ],
)
async def test_in_words(authority: Authority, step: str, fault: str, says: str) -> None:
    def plan(found: str, number: int) -> Fault | None:
        return FAULTS[fault] if found == step else None

    source = Checked(message(0))
    async with running(server(plan), starttls=authority.context("good")) as (port, _):
        await send(port, source)
    assert says in source.results[0].response


async def test_what_a_server_quotes_of_the_password_is_hidden(authority: Authority) -> None:
    plain = base64.b64encode(f"\0jo\0{SECRET}".encode()).decode()
    said = f"535 5.7.8 “{SECRET}” ({plain}) is wrong\r\n".encode()
    source = Checked(message(0))
    plan = lambda step, number: Fault(said) if step == "auth" else None  # noqa: E731
    async with running(server(plan), starttls=authority.context("good")) as (port, _):
        await send(port, source)
    assert "535 5.7.8" in source.results[0].response
    assert SECRET not in source.results[0].response
    assert plain not in source.results[0].response


@pytest.mark.parametrize("wave", [b"250 x\r\n" * 10_000, b"x" * 65_536, b"220-x\r\n" * 10_000])
@pytest.mark.parametrize("when", ["greeting", "rcpt", "dot"])
async def test_a_server_that_never_stops_talking(when: str, wave: bytes) -> None:
    """It is cut off at once: what it can push is bounded by the sockets' buffers, not by our memory."""
    pushed = 0
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pushed
        try:
            if when != "greeting":
                for answer in (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
                    writer.write(answer)
                    data = await reader.readuntil(b"\r\n")
                    if data.startswith(b"RCPT") and when == "rcpt":
                        break
            while pushed < 200_000_000:
                writer.write(wave)
                await writer.drain()
                pushed += len(wave)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            over.set()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    source = Checked(message(0))
    sender = SmtpSender(account(listener.sockets[0].getsockname()[1], pipelining="off"), source, options=FAST)
    sender.wake()
    async with asyncio.timeout(10):
        await source.done.wait()
        await sender.close()
        await over.wait()
    listener.close()
    assert pushed < 20_000_000
    assert source.results[0].verdict is not Verdict.ACCEPTED or when == "dot"
