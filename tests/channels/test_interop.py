"""The transport against servers that others wrote: Postfix's smtp-sink with its faults, and aiosmtpd."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from bench.references import tools
from campaign_app.channels.base import Verdict
from campaign_app.models.delivery import Reason
from tests import servers
from tests.channels.certificates import Authority
from tests.channels.helpers import Checked, message, send_all

A, T, P, N, U = Verdict.ACCEPTED, Verdict.TEMPORARY, Verdict.PERMANENT, Verdict.NOT_TRIED, Verdict.UNCERTAIN
Sink = Callable[..., AbstractContextManager[tuple[int, Path]]]


def messages(count: int) -> Checked:
    return Checked(*(message(key) for key in range(count)))


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """Start smtp-sink with options: (port, the folder where it leaves what it took)."""
    try:
        program, environment = tools.smtp_source()
    except tools.Missing as missing:
        pytest.skip(f"Postfix's smtp-sink: {missing}")
    binary = Path(program).with_name("smtp-sink")
    if not binary.exists():
        pytest.skip(f"smtp-source is at {program}, and smtp-sink is not beside it")
    folders: list[str] = []

    @contextmanager
    def started(*options: str) -> Iterator[tuple[int, Path]]:
        folders.append(tempfile.mkdtemp(prefix="sink"))
        folder = Path(folders[-1])
        user: list[str] = []
        if os.geteuid() == 0:  # it refuses to run as root
            folder.chmod(0o777)
            user = ["-u", "nobody"]
        port = servers.free_port()
        command = [str(binary), *user, *options, "-d", f"{folder}/m.", f"127.0.0.1:{port}", "100"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        try:
            servers.wait_for_port(port)
            yield port, folder
        finally:
            process.kill()
            process.communicate(timeout=10)

    yield started
    for folder in folders:
        shutil.rmtree(folder)


def taken(folder: Path) -> Counter[str]:
    """Recipient → how many messages the sink wrote down."""
    files = [path.read_text() for path in folder.iterdir()]
    return Counter(found for text in files for found in re.findall(r"^X-Rcpt-Args: <([^>]*)>", text, re.MULTILINE))


@pytest.mark.parametrize("pipelining", ["auto", "envelope", "off"])
@pytest.mark.parametrize("options", [(), ("-p",), ("-e",), ("-8",), ("-h", "other.example", "-a")])
async def test_smtp_sink_takes_each_once(sink: Sink, options: tuple[str, ...], pipelining: str) -> None:
    learned: list[dict[str, str]] = []
    with sink(*options) as (port, folder):
        source = await send_all(port, messages(80), connections=3, pipelining=pipelining, found=learned)
        assert set(source.verdicts().values()) == {A}
        assert taken(folder) == {f"p{key}@example.org": 1 for key in range(80)}
        assert all("\n.dot\n" in path.read_text() for path in folder.iterdir()), "dots arrive as they were"
    if learned:
        assert ("PIPELINING" in learned[-1]) == (options not in (("-p",), ("-e",)))
    assert not any("pipelining_broken" in found for found in learned)


@pytest.mark.parametrize("pipelining", ["auto", "off"])
@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        (("-f", "connect"), N), (("-f", "ehlo,helo"), N), (("-f", "mail"), N), (("-f", "rcpt"), P),
        (("-f", "data"), P), (("-f", "."), P),
        (("-r", "connect"), N), (("-r", "ehlo"), N), (("-r", "mail"), T), (("-r", "rcpt"), T), (("-r", "data"), T),
        (("-r", "."), T),
        (("-q", "connect"), N), (("-q", "ehlo"), N), (("-q", "mail"), N), (("-q", "rcpt"), N), (("-q", "data"), N),
        (("-q", "."), U),
        (("-Q", "connect"), N), (("-Q", "ehlo"), N), (("-Q", "mail"), N), (("-Q", "rcpt"), T), (("-Q", "data"), T),
        (("-Q", "."), T),
    ],
)  # fmt: skip
async def test_smtp_sinks_faults(sink: Sink, options: tuple[str, str], verdict: Verdict, pipelining: str) -> None:
    with sink(*options) as (port, _):
        source = await send_all(port, messages(1), pipelining=pipelining)
    result = source.results[0]
    assert result.verdict is verdict
    assert result.account_trouble == (verdict in (N, U))
    assert result.response
    if options[0] in ("-f", "-r", "-Q"):
        code = {"-f": "50", "-r": "450", "-Q": "421"}[options[0]]
        assert code in result.response, "the server's words"


async def test_smtp_sink_says_goodbye_after_so_many_messages(sink: Sink) -> None:
    with sink("-M", "5") as (port, folder):
        source = await send_all(port, messages(9), connections=2)
        assert max(taken(folder).values()) == 1
    verdicts = Counter(source.verdicts().values())
    assert set(verdicts) <= {A, U, N}
    assert verdicts[A] >= 4


class Box:
    """aiosmtpd's handler: notes what it takes, refuses two people."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}

    async def handle_RCPT(self, server, session, envelope, address: str, options) -> str:
        if address.startswith("p3@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        if envelope.rcpt_tos == ["p4@example.org"]:
            return "451 4.3.0 later"
        assert envelope.rcpt_tos[0] not in self.taken
        self.taken[envelope.rcpt_tos[0]] = envelope.original_content
        return "250 2.0.0 taken"


@asynccontextmanager
async def aiosmtpd(box: Box, **options) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="aio", **options), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def check(box: Box, source: Checked) -> None:
    assert set(box.taken) == {f"p{key}@example.org" for key in range(30) if key not in (3, 4)}
    assert source.results[3].reason is Reason.UNKNOWN_ADDRESS
    assert source.results[4].verdict is T
    assert Counter(source.verdicts().values()) == {A: 28, P: 1, T: 1}
    assert box.taken["p7@example.org"].endswith(b"Hello\r\n.dot\r\n")


@pytest.mark.parametrize("pipelining", ["auto", "envelope", "off"])
async def test_aiosmtpd(pipelining: str) -> None:
    box = Box()
    async with aiosmtpd(box) as port:
        source = await send_all(port, messages(30), connections=2, pipelining=pipelining)
    check(box, source)


@pytest.mark.parametrize("auth", ["auto", "plain", "login"])
async def test_aiosmtpd_with_tls_and_log_in(auth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))

    def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"jo", "pässword".encode()), handled=False)

    box = Box()
    options = {
        "tls_context": authority.context("good"), "require_starttls": True,
        "auth_required": True, "authenticator": authenticate,
    }  # fmt: skip
    async with aiosmtpd(box, **options) as port:
        source = await send_all(port, messages(30), tls="starttls", username="jo", password="pässword", auth=auth)
        check(box, source)
        refused = await send_all(port, messages(1), tls="starttls", username="jo", password="wrong", auth=auth)
        assert refused.results[0].verdict is N
        assert "535" in refused.results[0].response
        open_door = await send_all(port, messages(1), username="jo", password="pässword", auth=auth)
        assert open_door.results[0].verdict is N, "no password without TLS where the server wants it"
